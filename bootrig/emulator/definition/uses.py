"""Who uses what in a machine definition: names that do not exist, backends that nobody or too many use."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bootrig.document.toml import suggest
from bootrig.emulator.definition.definition import CONSOLE_CHARDEV, MONITOR_CHARDEV, MachineDefinition
from bootrig.emulator.definition.values import Fault
from bootrig.emulator.json_values import JsonObject
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
# Exactly one device can have it.
EXCLUSIVE = ("netdev", "blockdev")


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in a definition that stands for something else in it.

    Attributes:
        kind: what it names: `netdev`, `chardev`, `blockdev`, `object`, `bus`.
        name: the name.
        place: the key path where it stands.
        by_device: whether a device names it.
    """

    kind: str
    name: str
    place: str
    by_device: bool = False


def check_references(definition: MachineDefinition, catalog: Catalog) -> Iterator[Fault]:
    """Yield every reference to what does not exist, and every backend that nobody or more than one device uses."""
    known: dict[str, Sequence[str]] = {
        "netdev": [netdev.id for netdev in definition.netdevs],
        "chardev": [CONSOLE_CHARDEV, MONITOR_CHARDEV, *(chardev.id for chardev in definition.chardevs)],
        "blockdev": [node.node_name for node in definition.block_nodes],
        "object": [*(item.id for item in definition.objects), *(d.id for d in definition.devices if d.id)],
        "bus": [device.id for device in definition.devices if device.id],
    }
    used: dict[tuple[str, str], Reference] = {}
    for reference in iter_references(definition, catalog):
        names = known[reference.kind]
        owner = used.get((reference.kind, reference.name))
        if reference.kind == "bus":
            if reference.name not in names and "." not in reference.name:
                yield Fault(reference.place, f'no device has a bus "{reference.name}"{suggest(reference.name, names)}')
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
    """Yield every backend that nobody uses."""
    for index, netdev in enumerate(definition.netdevs):
        reference = used.get(("netdev", netdev.id))
        # A filter listens to a netdev; that is no use of it, except for a port of a hub, which can lead nowhere.
        if reference is None or (reference.place.startswith("object") and netdev.type != "hubport"):
            expected = f'expected a device with netdev = "{netdev.id}"'
            yield Fault(f"netdev[{index}].id", f'nobody uses netdev "{netdev.id}"; {expected}')
    for index, chardev in enumerate(definition.chardevs):
        if ("chardev", chardev.id) not in used:
            expected = f'expected a device with chardev = "{chardev.id}"'
            yield Fault(f"chardev[{index}].id", f'nobody uses chardev "{chardev.id}"; {expected}')
    for index, node in enumerate(definition.block_nodes):
        if ("blockdev", node.node_name) not in used:
            expected = f'expected a device with drive = "{node.node_name}"'
            yield Fault(f"blockdev[{index}].node-name", f'nobody uses blockdev "{node.node_name}"; {expected}')


def iter_references(definition: MachineDefinition, catalog: Catalog) -> Iterator[Reference]:
    """Yield every name that stands for something else."""
    machine = catalog.introspection.machines.get(definition.machine_type, {})
    yield from _qom_references(definition.machine_options, machine, "machine.options")
    for index, device in enumerate(definition.devices):
        place = f"device[{index}]"
        bus = device.properties.get("bus")
        if isinstance(bus, str):
            yield Reference("bus", bus, f"{place}.bus", by_device=True)
        yield from _qom_references(device.properties, catalog.introspection.devices.get(device.driver, {}), place)
    nodes = catalog.arguments_of("blockdev-add")
    for index, node in enumerate(definition.block_nodes):
        yield from _block_references(node.arguments, nodes, catalog, f"blockdev[{index}]")
    yield from _named_references("netdev", [netdev.properties for netdev in definition.netdevs])
    yield from _named_references("object", [item.properties for item in definition.objects])


def _named_references(kind: str, tables: Sequence[JsonObject]) -> Iterator[Reference]:
    """Yield the references among the members of netdevs or objects."""
    for index, table in enumerate(tables):
        for name, value in table.items():
            if name in KIND_BY_MEMBER and isinstance(value, str):
                yield Reference(KIND_BY_MEMBER[name], value, f"{kind}[{index}].{name}")


def _qom_references(values: JsonObject, found: QomType, place: str) -> Iterator[Reference]:
    """Yield the references among the values of QOM properties."""
    for name, value in values.items():
        if name in found and isinstance(value, str):
            yield from _property(found[name].type, found[name].description, value, f"{place}.{name}")


def _property(qom_type: str, description: str, value: str, place: str) -> Iterator[Reference]:
    """Yield the reference that a QOM property is, if it is one."""
    for beginning, kind in KIND_BY_DESCRIPTION.items():
        if description.startswith(beginning) and value:
            yield Reference(kind, value, place, by_device=True)
    # The link to a bus is given by `bus`; what begins with a slash is a path in QOM's tree.
    if qom_type.startswith("link<") and value and not value.startswith("/"):
        yield Reference("object", value, place, by_device=True)


def _block_references(value: Any, shape: Object, catalog: Catalog, place: str) -> Iterator[Reference]:
    """Yield the nodes that a block node names: strings where a table of options could stand as well."""
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
