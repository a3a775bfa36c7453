"""The parts of a guest: devices, backends and objects, each as the QMP command that adds it expects it.

A part holds the command's arguments in their JSON form, so that one value serves the command line, QMP and the check
against QEMU's introspection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
JsonObject: TypeAlias = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a guest.

    Attributes:
        table: name of the array in definition files that holds parts of this kind, and of QEMU's option for them.
        command: the QMP command that adds such a part.
        type_key: the command's argument that names the type.
        id_key: the command's argument that names the part.
        type: QEMU's name of its type; of a device the QOM type, for a NIC the NIC model.
        id: its name; only a device may be without one.
        properties: its other arguments; of a character backend its `data`.
    """

    table: ClassVar[str]
    command: ClassVar[str]
    type_key: ClassVar[str]
    id_key: ClassVar[str] = "id"

    type: str
    id: str = ""
    properties: JsonObject = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, JsonValue]:
        """The arguments of the QMP command."""
        named: dict[str, JsonValue] = {self.id_key: self.id} if self.id else {}
        return {self.type_key: self.type, **named, **self.properties}


class BlockNode(Part):
    """A block node."""

    __slots__ = ()
    table, command, type_key, id_key = "blockdev", "blockdev-add", "driver", "node-name"


class Chardev(Part):
    """A character backend, whose type and properties QMP wants in a table of their own."""

    __slots__ = ()
    table, command, type_key = "chardev", "chardev-add", "backend"

    @property
    def arguments(self) -> dict[str, JsonValue]:
        """The arguments of the QMP command."""
        return {"id": self.id, "backend": {"type": self.type, "data": dict(self.properties)}}


class Netdev(Part):
    """A network backend."""

    __slots__ = ()
    table, command, type_key = "netdev", "netdev_add", "type"


class QomObject(Part):
    """An object."""

    __slots__ = ()
    table, command, type_key = "object", "object-add", "qom-type"


class Device(Part):
    """A device."""

    __slots__ = ()
    table, command, type_key = "device", "device_add", "driver"


# In the order in which they are made: what is used before its users.
KINDS: tuple[type[Part], ...] = (BlockNode, Chardev, Netdev, QomObject, Device)


def make_nic(nic_model: str, netdev: str, *, id: str = "nic0", **properties: JsonValue) -> Device:
    """Return a NIC of `nic_model` on the backend `netdev`."""
    return Device(nic_model, id, {"netdev": netdev, **properties})


def make_tap_netdev(file_descriptor: int, *, id: str = "net0") -> Netdev:
    """Return a backend over an open tap device, which was opened without virtio headers: they corrupt captures."""
    return Netdev("tap", id, {"fd": str(file_descriptor)})


def make_user_netdev(*, id: str = "net0", **properties: JsonValue) -> Netdev:
    """Return QEMU's built-in network."""
    return Netdev("user", id, properties)


def make_capture(file: Path, sent: Path, *, netdev: str = "net0", id: str = "dump0") -> tuple[QomObject, QomObject]:
    """Return captures with the stamps of the guest's clock: of all frames into `file`, of those it sent into `sent`.

    To a backend `rx` is what it receives: what the guest sends.
    """
    whole: dict[str, JsonValue] = {"netdev": netdev, "file": str(file), "maxlen": 65536}
    return (
        QomObject("filter-dump", id, whole),
        QomObject("filter-dump", f"{id}-sent", {**whole, "file": str(sent), "queue": "rx"}),
    )


def make_disk(
    file: Path, *, id: str = "disk0", driver: str = "ide-hd", **properties: JsonValue
) -> tuple[BlockNode, BlockNode, Device]:
    """Return a disk of the raw file `file`, as block nodes and the device on them. The guest may write to it."""
    node = BlockNode("file", f"{id}-file", {"filename": str(file)})
    raw = BlockNode("raw", f"{id}-raw", {"file": f"{id}-file"})
    return node, raw, Device(driver, id, {"drive": f"{id}-raw", **properties})
