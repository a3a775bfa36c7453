"""What the generated classes have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from bootrig.emulator.definition.definition import BlockNode, Chardev, Device, Netdev, QomObject


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedProperties:
    """Properties as fields; those that are None are left to QEMU.

    Attributes:
        QEMU_NAMES: QEMU's names of the fields whose names Python could not take.
    """

    QEMU_NAMES: ClassVar[Mapping[str, str]] = {}

    def properties(self) -> dict[str, Any]:
        """Return the properties that are set, under QEMU's names."""
        names = {field.name: self.QEMU_NAMES.get(field.name, field.name) for field in fields(self)}
        values = {qemu_name: getattr(self, name) for name, qemu_name in names.items() if name != "id"}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedDevice(TypedProperties):
    """A device of one type."""

    DRIVER: ClassVar[str]
    id: str = ""

    def item(self) -> Device:
        """Return it as an item of a machine definition."""
        return Device(self.DRIVER, self.id, self.properties())


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedNetdev(TypedProperties):
    """A network backend of one type."""

    TYPE: ClassVar[str]
    id: str

    def item(self) -> Netdev:
        """Return it as an item of a machine definition."""
        return Netdev(self.TYPE, self.id, self.properties())


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedChardev(TypedProperties):
    """A character backend of one type."""

    TYPE: ClassVar[str]
    id: str

    def item(self) -> Chardev:
        """Return it as an item of a machine definition."""
        return Chardev(self.id, self.TYPE, self.properties())


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedBlockNode(TypedProperties):
    """A block node of one driver."""

    DRIVER: ClassVar[str]
    node_name: str

    def item(self) -> BlockNode:
        """Return it as an item of a machine definition."""
        others = {name: value for name, value in self.properties().items() if name != "node_name"}
        return BlockNode(self.DRIVER, self.node_name, others)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedObject(TypedProperties):
    """An object of one type."""

    QOM_TYPE: ClassVar[str]
    id: str

    def item(self) -> QomObject:
        """Return it as an item of a machine definition."""
        return QomObject(self.QOM_TYPE, self.id, self.properties())
