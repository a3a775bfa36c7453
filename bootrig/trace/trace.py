"""Traces: all that one boot showed, as a value that is written to a file and read back (`bootrig-trace/2`)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct

from bootrig.trace.events import Event
from bootrig.trace.names import CellKey, parse_cell_name
from firmware.probe.probe import ProbeReport

TRACE_FILE = "trace.json"


class ClockKind(StrEnum):
    """How the guest's clock runs: on instructions, or on the wall clock under TCG or KVM."""

    VIRTUAL = "virtual"
    REAL = "real"
    KVM = "kvm"


class Clock(Struct, frozen=True):
    """The guest's clock: how it runs; in virtual time an instruction takes 2**`shift` ns (None otherwise)."""

    kind: ClockKind
    shift: int | None = None

    @property
    def is_virtual(self) -> bool:
        """Whether it counts instructions."""
        return self.kind is ClockKind.VIRTUAL

    @property
    def accelerator(self) -> str:
        """What executes the guest's instructions: `kvm` where the clock is KVM's, else `tcg`."""
        return "kvm" if self.kind is ClockKind.KVM else "tcg"

    @property
    def attempt(self) -> str:
        """The name of an attempt with this clock: `shift7`, `real`, `kvm`."""
        return f"shift{self.shift}" if self.is_virtual else str(self.kind)


class OutcomeStatus(StrEnum):
    """How a boot ended."""

    PASSED = "passed"
    FAILED = "failed"


class Disturbance(Struct, frozen=True):
    """A packet that was sent again, or answered late: a sign of the host's slowness.

    Its number in the capture, and what it was: `tftp-data`, `dhcp-discover`, `tcp`.
    """

    frame: int
    what: str


class Outcome(Struct, frozen=True):
    """How a boot ended, and how far it came.

    Attributes:
        status: passed, where every expected milestone was reached in time.
        milestone: the last expected milestone that was reached, empty for none.
        reason: one sentence, for people.
        disturbed: what was sent again or answered late.
        last_unanswered: the last question that nobody answered.
        on_the_way: commands that failed on the way.
    """

    status: OutcomeStatus
    milestone: str
    reason: str
    disturbed: tuple[Disturbance, ...] = ()
    last_unanswered: str | None = None
    on_the_way: tuple[str, ...] = ()


NOT_JUDGED = Outcome(OutcomeStatus.FAILED, "", "nobody has judged it yet")


class Expectation(Struct, frozen=True, kw_only=True):
    """What the scenario expects of a boot; what is empty is not expected.

    Attributes:
        report: kind of the probe that has to report.
        by: who has to have loaded it.
        over: by which protocol it has to have come.
        milestones: milestones that have to be reached, in this order, before the report.
        sums: sums of the probes that were offered, one of which the report has to show.
        allow: what does not make the boot count as disturbed.
    """

    report: str = ""
    by: str = ""
    over: str = ""
    milestones: tuple[str, ...] = ()
    sums: tuple[int, ...] = ()
    allow: tuple[str, ...] = ()


class MissingRom(Struct, frozen=True):
    """A ROM file that a NIC model asks for and that the ROM set does not have, so that QEMU refuses to start."""

    nic_model: str
    file: str


class RomEvidence(Struct, frozen=True):
    """Which ROM the guest had: properties of the running device (`romsize` is the length of the ROM BAR), its file.

    Lengths are bytes. `proof` is what the guest showed of this ROM: banner, feature line, user class. `mac` is the
    device's, empty in traces that do not say. `own_name` is what the ROM set itself calls the file, empty where it has
    no other name.
    """

    romfile: str
    rombar: int
    rom_bar_length: int
    file_length: int
    sha256: str
    proof: tuple[str, ...] = ()
    mac: str = ""
    own_name: str = ""


class PlatformFirmwareEvidence(Struct, frozen=True, kw_only=True):
    """Which platform firmware the guest had: its name, its file's name, the file's digest.

    The name is that in the cell's name; where a side sets it, it has the file's path: `ovmf@/path/of/OVMF_CODE.fd`.

    `version` is what it calls itself on the console, empty where it does not say.
    """

    name: str
    file: str = ""
    sha256: str = ""
    version: str = ""


class EmulatorEvidence(Struct, frozen=True, kw_only=True):
    """Which QEMU ran the guest, by its name or path, and how; `sha256` is the executable's digest."""

    name: str = "host"
    version: str = ""
    sha256: str = ""
    accelerator: str = ""
    command: tuple[str, ...] = ()


class Evidence(Struct, frozen=True):
    """What showed a milestone: a packet by its number in the capture, or words on the console (`frame` is None)."""

    frame: int | None = None
    text: str = ""


class Milestone(Struct, frozen=True):
    """Something that a boot reached.

    Attributes:
        name: `rom-banner`, `dhcp-discover`, `dhcp-ack`, `tftp-request`, `tftp-complete`, `http-request`,
            `nbp-entered`, `disk-booted`, or a name that the scenario gives.
        guest_s: the guest's clock, seconds since power-on; None where only the console told.
        wall_s: seconds of wall time since the guest was started; None where only the capture told.
        evidence: what showed it.
        by: who loaded a program that was entered, empty where nobody can tell.
        over: by which protocol it came, empty where nobody can tell.
    """

    name: str
    guest_s: float | None
    wall_s: float | None
    evidence: Evidence = Evidence()
    by: str = ""
    over: str = ""


class ConsoleLine(Struct, frozen=True):
    """One line of the console: what was written, joined where the screen wrapped it at column 80.

    It has no escape sequences and no trailing blanks. `guest_s` is the guest's clock as last read when the line was
    begun, None where it was not read; `wiped` is whether the guest wiped the line out again.
    """

    text: str
    guest_s: float | None = None
    wiped: bool = False


class ScreenPicture(Struct, frozen=True):
    """A picture of the guest's screen: a PNG file in the attempt's directory, and the milestone at which it was taken.

    That of the last one is `end`. A screen that has not changed is the same file.
    """

    file: str
    milestone: str


class ReadBack(Struct, frozen=True):
    """A statement of a service's table, as the packets show it: what was seen, and in which frame."""

    statement: str
    seen: str
    frame: int | None = None


class ServiceEvidence(Struct, frozen=True, kw_only=True):
    """A service of the guest's network: `dhcp`, or the name that its table gives, and the table's name, `kind`.

    Attributes:
        server: the program: `dnsmasq`, `tftpy`.
        version: its version, empty where it does not say.
        read_back: what proves the statements of its table.
        alive: whether it answered after a failed boot; None where it was not asked.
    """

    name: str
    kind: str
    server: str
    version: str = ""
    read_back: tuple[ReadBack, ...] = ()
    alive: bool | None = None


class FaultHit(Struct, frozen=True):
    """A fault of the cable, by its number in the scenario, and the frame that it hit."""

    fault: int
    frame: int


class PrefixUse(Struct, frozen=True):
    """The frozen beginning that a boot was cloned from: its key, and the guest's clock when it was frozen."""

    key: str
    frozen_guest_s: float


class Trace(Struct, frozen=True, kw_only=True):
    """All that one boot showed.

    Attributes:
        side: label of the side: `baseline`, `candidate`.
        attempt: name of the attempt: `shift7`, `shift7.2`, `real`.
        first_clock: the clock that the cell is tried with first; None where it was tried once only.
        expected: what the scenario expects, so that the outcome can be found again.
        ended_by: why watching the guest ended; empty where everything expected had come.
        missing_roms: what the guest asks for and the ROM set does not have: such a guest never started.
        added: what the rig put into the world beside what the files say.
        confinement: what holds the guest.
        lacking: what of the confinement the machine does not allow.
        truncated: which limit cut what.
        prefix: what the boot was cloned from; None for a cold boot.
        milestones: in the order in which they were reached.
        wire: in the order of the capture.
        pictures: of the screen, where the scenario asks for them.
        reports: what probes reported.
        faults: which fault hit which frame.
        qmp_events: QMP events as QEMU sent them.
        usage: `wall_s`, `qemu_wall_s`, `rig_s` (wall time in which no QEMU ran), `guest_s`, `rig_memory_bytes`.
        directory: the attempt's directory, relative to the run's.
        cached: when it was booted, ISO 8601 in UTC, where it came from the cache; empty for a boot of this run.
        recorded: the name of the recording that it is of, and its day: `NAME of 2026-11-27`; empty for one of a run.
    """

    format: Literal["bootrig-trace/2"] = "bootrig-trace/2"
    cell: str
    side: str = ""
    rom_set: str
    attempt: str = ""
    clock: Clock
    first_clock: Clock | None = None
    expected: Expectation = Expectation()
    ended_by: str = ""
    outcome: Outcome = NOT_JUDGED
    rom: RomEvidence
    platform_firmware: PlatformFirmwareEvidence | None = None
    emulator: EmulatorEvidence = EmulatorEvidence()
    missing_roms: tuple[MissingRom, ...] = ()
    added: tuple[str, ...] = ()
    confinement: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    truncated: tuple[str, ...] = ()
    prefix: PrefixUse | None = None
    milestones: tuple[Milestone, ...] = ()
    wire: tuple[Event, ...] = ()
    console: tuple[ConsoleLine, ...] = ()
    pictures: tuple[ScreenPicture, ...] = ()
    reports: tuple[ProbeReport, ...] = ()
    services: tuple[ServiceEvidence, ...] = ()
    faults: tuple[FaultHit, ...] = ()
    qmp_events: tuple[Mapping[str, Any], ...] = ()
    usage: Mapping[str, float] = {}
    directory: str = ""
    cached: str = ""
    recorded: str = ""

    @property
    def key(self) -> CellKey:
        """The cell."""
        return parse_cell_name(self.cell)

    def __repr__(self) -> str:
        return f"<{self.rom_set} {self.cell} {self.attempt}: {self.outcome.status}, {self.outcome.reason}>"

    @property
    def passed(self) -> bool:
        """Whether the boot did what the scenario expects."""
        return self.outcome.status is OutcomeStatus.PASSED

    def find_milestone(self, name: str) -> Milestone | None:
        """Return the first milestone called `name`."""
        return next((milestone for milestone in self.milestones if milestone.name == name), None)
