"""Machine definitions: what a guest is made of, as values.

The tables of a definition hold what QEMU's own commands take (`device_add`, `netdev_add`, `chardev-add`,
`blockdev-add`, `object-add`), in their JSON form, so that one value serves the command line, QMP and the check
against QEMU's introspection.

Two ids belong to the rig. The chardev `console` is bound to the rig's console when a guest starts; a definition may
connect a device to it, and where it does not, the guest gets an `isa-serial`. The chardev `qmp` is the monitor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from bootrig.emulator.json_values import JsonObject, JsonValue

CONSOLE_CHARDEV = "console"
MONITOR_CHARDEV = "qmp"
FIXED_DATE = "2011-03-15T11:28:27"

# The icount shift by platform firmware. A larger shift is faster, but lets a server's moment look long to the guest: at
# 7 a ROM that waits lets about 20 seconds of its clock pass in one of wall time, so an answer that takes 10 ms has
# taken 0.2 s. The shortest timeout of a ROM, for its first TFTP request, is 0.25 s.
VIRTUAL_TIME_SHIFT: Mapping[str, int] = {"seabios": 7, "ovmf": 7}


class AcceleratorKind(StrEnum):
    """QEMU's name of an accelerator."""

    TCG = "tcg"
    KVM = "kvm"


class RecordReplay(StrEnum):
    """Whether all that enters the guest is recorded to a file or replayed from it."""

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

    Attributes:
        kind: TCG or KVM.
        options: further properties of the accelerator, `{"thread": "single"}`.
        instruction_counting: virtual time; None where the guest's clock is the wall clock. TCG only.
    """

    kind: AcceleratorKind = AcceleratorKind.TCG
    options: JsonObject = field(default_factory=dict)
    instruction_counting: InstructionCounting | None = None


@dataclass(frozen=True, slots=True)
class RealTimeClock:
    """The guest's real-time clock.

    Attributes:
        base: date and time at power-on, UTC, `2011-03-15T11:28:27`; or `utc` for the host's.
        clock: `vm` (the guest's own time), `host` or `rt`.
    """

    base: str = FIXED_DATE
    clock: str = "vm"


@dataclass(frozen=True, slots=True)
class Processor:
    """The guest's processors.

    Attributes:
        model: QEMU's name of the CPU model; empty for the machine's default.
        count: how many.
        properties: properties of the CPU model.
    """

    model: str = ""
    count: int = 1
    properties: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Device:
    """A device, as `device_add` takes it.

    Attributes:
        driver: its QOM type, for a NIC the NIC model.
        id: its name under `/machine/peripheral`; may be empty.
        properties: its other properties.
    """

    driver: str
    id: str = ""
    properties: JsonObject = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, JsonValue]:
        """What `device_add` takes."""
        named: dict[str, JsonValue] = {"id": self.id} if self.id else {}
        return {"driver": self.driver, **named, **self.properties}


@dataclass(frozen=True, slots=True)
class Netdev:
    """A network backend, as `netdev_add` takes it."""

    type: str
    id: str
    properties: JsonObject = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, JsonValue]:
        """What `netdev_add` takes."""
        return {"type": self.type, "id": self.id, **self.properties}


@dataclass(frozen=True, slots=True)
class Chardev:
    """A character backend, as `chardev-add` takes it: `backend` is `{"type": ..., "data": {...}}`."""

    id: str
    type: str
    data: JsonObject = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, JsonValue]:
        """What `chardev-add` takes."""
        return {"id": self.id, "backend": {"type": self.type, "data": dict(self.data)}}


@dataclass(frozen=True, slots=True)
class BlockNode:
    """A block node, as `blockdev-add` takes it."""

    driver: str
    node_name: str
    properties: JsonObject = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, JsonValue]:
        """What `blockdev-add` takes."""
        return {"driver": self.driver, "node-name": self.node_name, **self.properties}


@dataclass(frozen=True, slots=True)
class QomObject:
    """An object, as `object-add` takes it."""

    qom_type: str
    id: str
    properties: JsonObject = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, JsonValue]:
        """What `object-add` takes."""
        return {"qom-type": self.qom_type, "id": self.id, **self.properties}


@dataclass(frozen=True, slots=True)
class MachineDefinition:
    """A guest.

    Attributes:
        machine_type: `pc`, `q35`, or a versioned type.
        machine_options: properties of the machine, `{"graphics": False}`.
        memory_mib: RAM in MiB.
        processor: CPU model and count.
        platform_firmware: name of the platform firmware, `seabios` or `ovmf`.
        accelerator: how instructions are executed, and what the clock runs on.
        real_time_clock: the guest's date.
        devices: devices in the order in which they are created.
        netdevs: network backends.
        chardevs: character backends, apart from the rig's own.
        block_nodes: block nodes, each after those that it names.
        objects: objects.
        data_directories: searched for ROMs before the emulator's own.
    """

    machine_type: str = "pc"
    machine_options: JsonObject = field(default_factory=dict)
    memory_mib: int = 256
    processor: Processor = field(default_factory=Processor)
    platform_firmware: str = "seabios"
    accelerator: Accelerator = field(default_factory=Accelerator)
    real_time_clock: RealTimeClock = field(default_factory=RealTimeClock)
    devices: tuple[Device, ...] = ()
    netdevs: tuple[Netdev, ...] = ()
    chardevs: tuple[Chardev, ...] = ()
    block_nodes: tuple[BlockNode, ...] = ()
    objects: tuple[QomObject, ...] = ()
    data_directories: tuple[Path, ...] = ()

    def adding(self, *items: Device | Netdev | Chardev | BlockNode | QomObject) -> "MachineDefinition":
        """Return this definition with `items` added, each at the end of its list."""
        return replace(
            self,
            devices=(*self.devices, *(item for item in items if isinstance(item, Device))),
            netdevs=(*self.netdevs, *(item for item in items if isinstance(item, Netdev))),
            chardevs=(*self.chardevs, *(item for item in items if isinstance(item, Chardev))),
            block_nodes=(*self.block_nodes, *(item for item in items if isinstance(item, BlockNode))),
            objects=(*self.objects, *(item for item in items if isinstance(item, QomObject))),
        )

    def find_device(self, device_id: str) -> Device | None:
        """Return the device whose id is `device_id`."""
        return next((device for device in self.devices if device.id == device_id), None)


def virtual_time(platform_firmware: str) -> Accelerator:
    """Return the accelerator that runs a guest with `platform_firmware` in virtual time."""
    shift = VIRTUAL_TIME_SHIFT.get(platform_firmware, VIRTUAL_TIME_SHIFT["ovmf"])
    return Accelerator(AcceleratorKind.TCG, instruction_counting=InstructionCounting(shift))


def nic(nic_model: str, netdev: str, *, id: str = "nic0", **properties: JsonValue) -> Device:
    """Return a NIC of `nic_model` on the backend `netdev`."""
    return Device(nic_model, id, {"netdev": netdev, **properties})


def tap_netdev(file_descriptor: int, *, id: str = "net0") -> Netdev:
    """Return a backend over an open tap device, which was opened without virtio headers: they corrupt captures."""
    return Netdev("tap", id, {"fd": str(file_descriptor)})


def user_netdev(*, id: str = "net0", **properties: JsonValue) -> Netdev:
    """Return QEMU's built-in network."""
    return Netdev("user", id, properties)


def filter_dump(file: Path, *, netdev: str = "net0", id: str = "dump0") -> QomObject:
    """Return a capture of all packets of `netdev` into `file`, stamped with the guest's clock."""
    return QomObject("filter-dump", id, {"netdev": netdev, "file": str(file), "maxlen": 65536})


def disk(
    file: Path,
    *,
    id: str = "disk0",
    driver: str = "ide-hd",
    **properties: JsonValue,
) -> tuple[BlockNode, BlockNode, Device]:
    """Return a disk of the raw file `file`, as block nodes and the device on them. The guest may write to it."""
    node = BlockNode("file", f"{id}-file", {"filename": str(file)})
    raw = BlockNode("raw", f"{id}-raw", {"file": f"{id}-file"})
    return node, raw, Device(driver, id, {"drive": f"{id}-raw", **properties})
