"""Machine definitions: what a guest is made of, as values.

Two ids are reserved for the rig. The chardev `console` is connected to the rig's console when a guest starts; a
definition may connect a device to it, and where it does not, the guest gets an `isa-serial`. The chardev `qmp` is the
monitor.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from bootrig.emulator.definition.parts import KINDS, JsonObject, Part

P = TypeVar("P", bound=Part)

CONSOLE_CHARDEV = "console"
MONITOR_CHARDEV = "qmp"
FIXED_DATE = "2011-03-15T11:28:27"
# Neither zero nor symmetric, so that a ROM that turns it around is seen.
FIXED_UUID = "6d1f0a52-93c4-4b1e-8a07-b005c0ffee12"
# The icount shift. A larger one is faster, but makes servers look slow to the guest: at 7, while a ROM waits, about 20
# seconds pass on its clock in one second of wall time, so that an answer that takes 10 ms looks like 0.2 s. The
# shortest timeout of a ROM, for its first TFTP request, is 0.25 s.
VIRTUAL_TIME_SHIFT = 7


class AcceleratorKind(StrEnum):
    """QEMU's name of an accelerator."""

    TCG = "tcg"
    KVM = "kvm"


class RecordReplay(StrEnum):
    """Whether everything that enters the guest is recorded to a file or replayed from it."""

    RECORD = "record"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class InstructionCounting:
    """The guest's clock runs on instructions: virtual time.

    Attributes:
        shift: one instruction takes 2^shift nanoseconds.
        sleep: whether an idle guest waits for the wall clock; off, it jumps to its next timer.
        record_replay: record or replay; needs `sleep`.
        record_file: the file of the recording.
    """

    shift: int
    sleep: bool = False
    record_replay: RecordReplay | None = None
    record_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Accelerator:
    """How the guest's instructions are executed, and what its clock runs on.

    Options are further properties of the accelerator, `{"thread": "single"}`. Without instruction counting, which only
    TCG has, the guest's clock is the wall clock.
    """

    kind: AcceleratorKind = AcceleratorKind.TCG
    options: JsonObject = field(default_factory=dict)
    instruction_counting: InstructionCounting | None = None


@dataclass(frozen=True, slots=True)
class RealTimeClock:
    """The guest's real-time clock.

    It shows `base` at power-on, a date and time in UTC, and then follows the guest's own time (`vm`), the host's date
    (`host`) or the host's monotonic clock (`rt`).
    """

    base: str = FIXED_DATE
    clock: str = "vm"


@dataclass(frozen=True, slots=True)
class Processor:
    """The guest's processors: QEMU's name of their model, empty for the machine's default, and its properties."""

    model: str = ""
    count: int = 1
    properties: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NicSlot:
    """Where the NIC goes that a cell adds, and its properties as `device_add` takes them; its model is the cell's.

    Without a bootindex it has no place in the boot order.
    """

    bootindex: int | None = 1
    properties: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DiskSlot:
    """Where the disk goes that a scenario asks for: the device's QOM type, and properties as `device_add` takes them.

    Without a bootindex it has no place in the boot order.
    """

    driver: str = "ide-hd"
    bootindex: int | None = 2
    properties: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MachineDefinition:
    """The definition of a guest.

    The machine type is `pc`, `q35` or a versioned type; its options are the machine's properties, `{"graphics":
    False}`. The parts are ordered by kind, and the chardevs are without the rig's own. The data directories are
    searched for ROMs before the emulator's own. QEMU makes the guest's random numbers from the seed; without one they
    differ from process to process. The slots say where a cell's NIC and a scenario's disk go; the summary is for
    people.
    """

    machine_type: str = "pc"
    machine_options: JsonObject = field(default_factory=dict)
    memory_mib: int = 256
    processor: Processor = field(default_factory=Processor)
    platform_firmware: str = "seabios"
    accelerator: Accelerator = field(default_factory=Accelerator)
    real_time_clock: RealTimeClock = field(default_factory=RealTimeClock)
    parts: tuple[Part, ...] = ()
    data_directories: tuple[Path, ...] = ()
    uuid: str = FIXED_UUID
    random_seed: int | None = None
    nic: NicSlot = field(default_factory=NicSlot)
    disk: DiskSlot = field(default_factory=DiskSlot)
    summary: str = ""

    def __post_init__(self) -> None:
        ordered = sorted(self.parts, key=lambda part: KINDS.index(type(part)))
        object.__setattr__(self, "parts", tuple(ordered))

    def adding(self, *parts: Part) -> "MachineDefinition":
        """Return this definition with `parts` added, each after those of its kind."""
        return replace(self, parts=(*self.parts, *parts))

    def of_kind(self, kind: type[P]) -> tuple[P, ...]:
        """Return the parts of one kind, in their order."""
        return tuple(part for part in self.parts if isinstance(part, kind))

    def iter_places(self) -> Iterator[tuple[str, Part]]:
        """Yield every part with its place in a definition file, `device[0]`."""
        for kind in KINDS:
            for index, part in enumerate(self.of_kind(kind)):
                yield f"{kind.table}[{index}]", part


def make_virtual_clock(shift: int = VIRTUAL_TIME_SHIFT) -> Accelerator:
    """Return the accelerator that runs a guest in virtual time."""
    return Accelerator(AcceleratorKind.TCG, instruction_counting=InstructionCounting(shift))
