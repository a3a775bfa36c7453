"""Scenarios: what is tried in a boot, apart from the NIC model, the machine and the ROM set, as frozen values.

A scenario is three values: the services of its LAN, the guests that it is tried on, and what is expected of them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bootrig.network.services.files import ServedFile
from bootrig.network.services.registry import find_services
from bootrig.trace.names import matches_pattern
from bootrig.trace.trace import Expectation, OutcomeStatus, Trace

# What says nothing about the boot itself.
UNDIGESTED = frozenset({"summary", "why", "suites", "known"})


@dataclass(frozen=True, slots=True)
class GuestChoice:
    """The guests that a scenario is tried on: those of the default matrix, by the names of their definitions.

    `optional_machines` run when somebody asks for them; a `disk` has a probe as its boot sector, a `screen` is a VGA
    device, of which pictures are taken.
    """

    machines: tuple[str, ...]
    optional_machines: tuple[str, ...]
    platform_firmware: tuple[str, ...]
    nic_models: tuple[str, ...]
    disk: bool
    screen: bool


@dataclass(frozen=True, slots=True)
class ConsoleStep:
    """One exchange at the console.

    Attributes:
        expect: regular expression that has to appear; `@nonce@` stands for the boot's nonce.
        send: characters that are typed then; empty for none.
        milestone: the milestone that is reached with `expect`; empty for none.
        repeat_s: seconds after which `send` is typed again until `expect` of the next step appears; 0 for never.
    """

    expect: str
    send: str
    milestone: str
    repeat_s: float


@dataclass(frozen=True, slots=True)
class ConsoleMark:
    """A milestone that the console shows, by a regular expression; `@nonce@` stands for the boot's nonce."""

    milestone: str
    pattern: str


@dataclass(frozen=True, slots=True)
class KnownOutcome:
    """How boots are known to end with some ROM sets (patterns of the shell) instead, and why.

    `milestone` is the last one that is reached; empty for any.
    """

    roms: tuple[str, ...]
    outcome: OutcomeStatus
    milestone: str
    because: str

    def fits(self, trace: Trace) -> bool:
        """Whether a boot is one of those, and ended so."""
        ended = trace.outcome.status is self.outcome and self.milestone in ("", trace.outcome.milestone)
        return ended and any(matches_pattern(trace.rom_set, pattern) for pattern in self.roms)


class ScenarioExpectation(Expectation, frozen=True, kw_only=True):
    """What is expected of a boot, beside what its trace has to show.

    Attributes:
        ends: texts after which nothing more can come.
        console: milestones that the console shows.
        steps: the dialogue at the console.
        known: what ROM sets are known to do instead.
    """

    ends: tuple[str, ...]
    console: tuple[ConsoleMark, ...]
    steps: tuple[ConsoleStep, ...]
    known: tuple[KnownOutcome, ...]

    def iter_patterns(self) -> Iterator[tuple[str, str]]:
        """Yield every regular expression, with its place in the file."""
        for index, mark in enumerate(self.console):
            yield f"console[{index}].pattern", mark.pattern
        for index, step in enumerate(self.steps):
            yield f"step[{index}].expect", step.expect


@dataclass(frozen=True, slots=True)
class ScenarioClock:
    """How the guest's clock runs: in virtual time an instruction takes 2**`shift` ns, under OVMF 2**`ovmf_shift` ns.

    A scenario that is `only_real` makes no sense in virtual time: whoever types does not keep up with a guest that
    never waits.
    """

    shift: int
    ovmf_shift: int
    only_real: bool

    def find_shift(self, family: str) -> int:
        """Return the shift under a family of platform firmware, `seabios` or `ovmf`."""
        return self.ovmf_shift if family == "ovmf" else self.shift


@dataclass(frozen=True, slots=True)
class ScenarioDeadline:
    """When a boot has failed: seconds of guest time, for a guest whose instructions take no time, and of wall time."""

    guest_s: float
    wall_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is tried in a boot.

    Attributes:
        name: the file's stem, with the variant in brackets.
        summary: one sentence.
        why: where it is from, empty for nothing.
        kind: what drives the guest: the name of a module in `kinds`.
        suites: the suites that it is in, each with the guests on which it is tried there.
        clock: how the guest's clock runs.
        deadline: when a boot has failed.
        services: the configuration of each service that is started, by the name of its table.
        guest: the guests that it is tried on.
        expectation: what is expected of them.
        document: the file's tables, with the variant laid over them.
    """

    name: str
    summary: str
    why: str
    kind: str
    suites: Mapping[str, tuple[str, ...]]
    clock: ScenarioClock
    deadline: ScenarioDeadline
    services: Mapping[str, Any]
    guest: GuestChoice
    expectation: ScenarioExpectation
    document: Mapping[str, Any] = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of what the scenario says about the boot, whatever it says for people or of suites."""
        told = {key: value for key, value in self.document.items() if key not in UNDIGESTED}
        canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()

    def expect(self, sums: Iterable[int]) -> Expectation:
        """Return what the trace of a boot has to show; `sums` are those of the probes that are offered."""
        shown = {name: getattr(self.expectation, name) for name in Expectation.__struct_fields__}
        return Expectation(**{**shown, "sums": tuple(sorted(sums))})

    def iter_files(self) -> Iterator[ServedFile]:
        """Yield every file that a service serves."""
        services = find_services()
        for name, configuration in self.services.items():
            yield from services[name].files(configuration)

    def iter_host_files(self) -> Iterator[Path]:
        """Yield every file of this machine that is served."""
        for served in self.iter_files():
            if served.kind == "path":
                yield served.content.path

    def iter_grub_images(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield name and modules of every GRUB image that is served."""
        for served in self.iter_files():
            if served.kind == "grub":
                yield served.name, served.content
