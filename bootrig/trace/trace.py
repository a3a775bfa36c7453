"""Traces: all that a cell saw, as a value that is written to a file and read back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from bootrig.errors import InputError
from bootrig.workdir import write_atomically

FORMAT = "bootrig-trace/1"


class TraceError(InputError):
    """A file is not a trace, or of a format that this version does not know."""


class TimeMode(StrEnum):
    """How the guest's clock runs: on instructions or on the wall clock."""

    VIRTUAL = "virtual"
    REAL = "real"


class OutcomeStatus(StrEnum):
    """How a boot ended."""

    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, order=True)
class CellKey:
    """What is tried, apart from the ROM set: cells of a baseline and a candidate meet by this key.

    Attributes:
        scenario: the scenario's name, with its variant in brackets where it has any: `nbp-sizes[16k]`.
        nic_model: the QOM type of the NIC.
        machine: the name of the guest's definition: `pc`, `q35`.
        platform_firmware: `seabios`, `ovmf` or the name of a recipe.
        emulator: the name of the emulator's recipe, `host` by default.
    """

    scenario: str
    nic_model: str
    machine: str
    platform_firmware: str
    emulator: str = "host"

    @property
    def label(self) -> str:
        """The key as one word that serves as a directory name."""
        return "+".join((self.scenario, self.nic_model, self.machine, self.platform_firmware, self.emulator))


@dataclass(frozen=True, slots=True)
class RomEvidence:
    """Which ROM the guest had, as the running device tells it.

    Attributes:
        romfile: the device's `romfile` property.
        rombar: its `rombar` property.
        rom_bar_length: its `romsize` property, bytes of the ROM BAR.
        file_length: length of the ROM's file in bytes.
        sha256: digest of the ROM's file.
        proof: what the guest showed of this ROM: banner, feature line, user class.
    """

    romfile: str
    rombar: int
    rom_bar_length: int
    file_length: int
    sha256: str
    proof: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something that a boot reached.

    Attributes:
        name: `rom-banner`, `dhcp-discover`, `dhcp-ack`, `tftp-request`, `tftp-complete`, `http-request`,
            `nbp-entered`, `disk-booted`, or a name that the scenario gives.
        guest_s: the guest's clock, seconds since power-on; None where only the console told.
        wall_s: seconds of wall time since the guest was started; None where only the capture told.
        evidence: the words or the packet that showed it.
    """

    name: str
    guest_s: float | None
    wall_s: float | None
    evidence: str


@dataclass(frozen=True, slots=True)
class WireEvent:
    """One decoded thing on the wire.

    Attributes:
        kind: `dhcp`, `tftp-request`, `tftp-options`, `tftp-transfer`, `tftp-error`, `http-request`, `http-response`,
            `dns`, `arp`, `router-solicitation`, `router-advertisement`, `other`.
        guest_s: the guest's clock, seconds since power-on.
        from_guest: whether the guest sent it.
        facts: what was decoded, JSON values by name.
    """

    kind: str
    guest_s: float
    from_guest: bool
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a boot ended, and how far it came.

    Attributes:
        status: passed, where every expected milestone was reached in time.
        milestone: the last expected milestone that was reached, empty for none.
        reason: one sentence, for people.
        retransmissions: packets that a peer had to send again.
    """

    status: OutcomeStatus
    milestone: str
    reason: str
    retransmissions: int = 0


@dataclass(frozen=True, slots=True)
class Trace:
    """All that one cell saw.

    Attributes:
        key: what was tried.
        rom_set: name of the ROM set.
        time_mode: how the guest's clock ran.
        outcome: how it ended.
        rom: which ROM the guest had.
        milestones: in the order in which they were reached.
        wire: in the order of the capture.
        console: all characters of the console, escape sequences removed.
        qmp_events: QMP events as QEMU sent them.
        emulator: `version`, `accelerator`, `command` and whatever else describes QEMU.
        usage: `wall_s`, `qemu_wall_s`, `rig_s` (wall time in which no QEMU ran), `guest_s`, `rig_memory_bytes`.
        directory: the cell's run directory, relative to the run's.
    """

    key: CellKey
    rom_set: str
    time_mode: TimeMode
    outcome: Outcome
    rom: RomEvidence
    milestones: tuple[Milestone, ...]
    wire: tuple[WireEvent, ...]
    console: str
    qmp_events: tuple[Mapping[str, Any], ...] = ()
    emulator: Mapping[str, Any] = field(default_factory=dict)
    usage: Mapping[str, float] = field(default_factory=dict)
    directory: str = ""

    def find_milestone(self, name: str) -> Milestone | None:
        """Return the first milestone called `name`."""
        return next((milestone for milestone in self.milestones if milestone.name == name), None)


def encode_trace(trace: Trace) -> bytes:
    """Return `trace` as JSON."""
    return (json.dumps({"format": FORMAT, **asdict(trace)}, indent=1) + "\n").encode()


def parse_trace(content: bytes, origin: str = "trace") -> Trace:
    """Return the trace that `content` holds.

    Raises:
        TraceError: it is not a trace of a known format.
    """
    try:
        document = json.loads(content)
        if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
            raise TraceError(f"{origin}: not a trace of the format {FORMAT}")
        outcome = document.pop("outcome")
        rom = document.pop("rom")
        return Trace(
            key=CellKey(**document.pop("key")),
            time_mode=TimeMode(document.pop("time_mode")),
            outcome=Outcome(**{**outcome, "status": OutcomeStatus(outcome["status"])}),
            rom=RomEvidence(**{**rom, "proof": tuple(rom["proof"])}),
            milestones=tuple(Milestone(**milestone) for milestone in document.pop("milestones")),
            wire=tuple(WireEvent(**event) for event in document.pop("wire")),
            qmp_events=tuple(document.pop("qmp_events")),
            **document,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise TraceError(f"{origin}: not a trace: {error}") from error


def load_trace(path: Path) -> Trace:
    """Return the trace in the file `path`.

    Raises:
        TraceError: it cannot be read or is not a trace.
    """
    try:
        return parse_trace(path.read_bytes(), str(path))
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror}") from error


def write_trace(trace: Trace, path: Path) -> None:
    """Write `trace` to the file `path`, all or nothing."""
    write_atomically(path, encode_trace(trace))
