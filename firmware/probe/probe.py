"""What a probe is: its builds, and what it prints."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Record = Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a probe printed.

    Attributes:
        kind: what the probe says it is: `nbp`, `disk`, `efi`.
        nonce: the run's nonce.
        records: what it measured, in the order in which it printed it.
    """

    kind: str
    nonce: str
    records: tuple[Record, ...]

    def find_number(self, name: str) -> int | None:
        """Return the number `name` of the first record that has it, None where none has."""
        found = (record.get(name) for record in self.records)
        return next((value for value in found if isinstance(value, int)), None)


@dataclass(frozen=True, slots=True)
class ProbeBuild:
    """One program of a probe, for one platform.

    Attributes:
        name: what the rig calls the program; no two probes share one.
        source: its source for GNU as, in the probe's folder.
        bits: 32 or 64, the assembler's mode.
        emulation: the linker's emulation.
        address: where the program is linked to run.
    """

    name: str
    source: str
    bits: int
    emulation: str
    address: int


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe.

    Attributes:
        package: its folder, as a package.
        builds: its programs.
        milestones: the kinds of its reports, each with the milestone that such a report is.
        pattern: a whole report with the end of its line, groups `kind` and `nonce` among others.
        parse_records: returns the records of a match.
    """

    package: str
    builds: tuple[ProbeBuild, ...]
    milestones: Mapping[str, str]
    pattern: re.Pattern[str]
    parse_records: Callable[[re.Match[str]], tuple[Record, ...]]
