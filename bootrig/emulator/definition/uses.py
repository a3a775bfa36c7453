"""What uses what in a machine definition: names that do not exist, backends that are unused or used too often."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bootrig.document.toml import suggest
from bootrig.emulator.definition.definition import CONSOLE_CHARDEV, MONITOR_CHARDEV, MachineDefinition
from bootrig.emulator.definition.parts import KINDS, BlockNode, Chardev, Device, JsonObject, Netdev, QomObject
from bootrig.emulator.definition.values import Fault
from bootrig.emulator.schema.introspection import QomType
from bootrig.emulator.schema.shapes import Alternate, Array, Catalog, Object

# What QEMU says about properties that name a backend (hw/core/qdev-properties-system.c, since 2.x).
KIND_BY_DESCRIPTION = {
    "ID of a netdev": "netdev",
    "ID of a chardev": "chardev",
    "Node name or ID of a block device": "blockdev",
}
# Members that name a backend in QAPI's types, where they are plain strings.
KIND_BY_MEMBER = {
    "netdev": "netdev",
    "chardev": "chardev",
    "indev": "chardev",
    "outdev": "chardev",
    "notify_dev": "chardev",
    "primary_in": "chardev",
    "secondary_in": "chardev",
}
# What a segment of the rig's LAN is called.
SEGMENT = re.compile(r"lan\d+")
# Kinds that at most one device can use.
EXCLUSIVE = ("netdev", "blockdev")


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in a definition that refers to something else in it: a `netdev`, `chardev`, `blockdev`, `object` or `bus`.

    The place is its key path.
    """

    kind: str
    name: str
    place: str
    by_device: bool = False


def check_references(definition: MachineDefinition, catalog: Catalog) -> Iterator[Fault]:
    """Yield every reference to what does not exist, and every backend without a user or with too many."""
    known = {kind.table: [part.id for part in definition.of_kind(kind) if part.id] for kind in KINDS}
    known["bus"] = known["device"]
    known["object"] = [*known["object"], *known["device"]]
    known["chardev"] = [CONSOLE_CHARDEV, MONITOR_CHARDEV, *known["chardev"]]
    used: dict[tuple[str, str], Reference] = {}
    for reference in iter_references(definition, catalog):
        names = known[reference.kind]
        owner = used.get((reference.kind, reference.name))
        if reference.kind == "bus":
            if reference.name not in names and "." not in reference.name:
                yield Fault(reference.place, f'no device has a bus "{reference.name}"{suggest(reference.name, names)}')
        elif reference.name not in names and reference.kind == "netdev" and SEGMENT.fullmatch(reference.name):
            found = f'a further NIC cannot be on the rig\'s LAN "{reference.name}" yet'
            yield Fault(reference.place, f"{found}; expected the id of a [[netdev]] of this file")
        elif reference.name not in names:
            yield Fault(
                reference.place, f'there is no {reference.kind} "{reference.name}"{suggest(reference.name, names)}'
            )
        elif owner and owner.by_device and reference.by_device and reference.kind in EXCLUSIVE:
            yield Fault(reference.place, f'{reference.kind} "{reference.name}" is in use by {owner.place}')
        if owner is None or reference.by_device:
            used[reference.kind, reference.name] = reference
    yield from _check_unused(definition, used)


def _check_unused(definition: MachineDefinition, used: Mapping[tuple[str, str], Reference]) -> Iterator[Fault]:
    for place, part in definition.iter_places():
        if not isinstance(part, Netdev | Chardev | BlockNode):
            continue
        reference = used.get((part.table, part.id))
        # A filter only listens to a netdev; that is not a use, except for a port of a hub, which may lead nowhere.
        filtered = isinstance(part, Netdev) and part.type != "hubport"
        if reference is None or (filtered and reference.place.startswith("object")):
            user = "drive" if isinstance(part, BlockNode) else part.table
            expected = f'expected a device with {user} = "{part.id}"'
            yield Fault(f"{place}.{part.id_key}", f'nothing uses {part.table} "{part.id}"; {expected}')


def iter_references(definition: MachineDefinition, catalog: Catalog) -> Iterator[Reference]:
    """Yield every name that refers to something else."""
    machine = catalog.introspection.machines.get(definition.machine_type, {})
    yield from _qom_references(definition.machine_options, machine, "machine.options")
    for place, part in definition.iter_places():
        match part:
            case Device():
                bus = part.properties.get("bus")
                if isinstance(bus, str):
                    yield Reference("bus", bus, f"{place}.bus", by_device=True)
                found = catalog.introspection.devices.get(part.type, {})
                yield from _qom_references(part.properties, found, place)
            case BlockNode():
                yield from _block_references(part.arguments, catalog.arguments_of(part.command), catalog, place)
            case Netdev() | QomObject():
                yield from _named_references(part.properties, place)


def _named_references(properties: JsonObject, place: str) -> Iterator[Reference]:
    for name, value in properties.items():
        if name in KIND_BY_MEMBER and isinstance(value, str):
            yield Reference(KIND_BY_MEMBER[name], value, f"{place}.{name}")


def _qom_references(values: JsonObject, found: QomType, place: str) -> Iterator[Reference]:
    for name, value in values.items():
        if name not in found or not isinstance(value, str) or not value:
            continue
        for beginning, kind in KIND_BY_DESCRIPTION.items():
            if found[name].description.startswith(beginning):
                yield Reference(kind, value, f"{place}.{name}", by_device=True)
        # The link to a bus is given by `bus`; a value that begins with a slash is a path in QOM's tree.
        if found[name].type.startswith("qom:link<") and not value.startswith("/"):
            yield Reference("object", value, f"{place}.{name}", by_device=True)


def _block_references(value: Any, shape: Object, catalog: Catalog, place: str) -> Iterator[Reference]:
    """Yield the nodes that a block node names: strings in places where a table of options is possible as well."""
    if not isinstance(value, Mapping):
        return
    while shape.tag:
        variant = catalog.variant(shape, str(value.get(shape.tag)))
        if variant is None:
            return
        shape = variant
    for name, content in value.items():
        member = shape.members.get(name)
        if member is not None:
            yield from _member_references(content, member.type, catalog, f"{place}.{name}")


def _member_references(content: Any, type_name: str, catalog: Catalog, place: str) -> Iterator[Reference]:
    """Yield the nodes that a member of a block node's options names."""
    member_shape = catalog.resolve(type_name)
    if isinstance(member_shape, Array) and isinstance(content, Sequence) and not isinstance(content, str):
        for index, element in enumerate(content):
            yield from _member_references(element, member_shape.element, catalog, f"{place}[{index}]")
    elif isinstance(member_shape, Object):
        yield from _block_references(content, member_shape, catalog, place)
    elif isinstance(member_shape, Alternate):
        tables = [found for option in member_shape.options if isinstance(found := catalog.resolve(option), Object)]
        if tables and isinstance(content, str):
            yield Reference("blockdev", content, place)
        elif tables:
            yield from _block_references(content, tables[0], catalog, place)
