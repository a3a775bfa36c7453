"""Configuring a guest over QMP: which of it QEMU takes while it is paused before its first instruction, and how.

What plugs into PCI can be added (`device_add` is a hot-plug by then), and all backends of it. What sits on other buses,
what the machine itself needs, and the backends of both have to be on the command line. On q35 the root bus takes no
hot-plugs: devices go behind root ports, which are on the command line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bootrig.deadline import Deadline
from bootrig.emulator.definition.definition import Chardev, Device, MachineDefinition
from bootrig.emulator.definition.uses import Reference, iter_references
from bootrig.emulator.monitor.session import QmpSession
from bootrig.emulator.schema.shapes import Catalog

RESET_S = 10.0
ROOT_PORT = "pcie-root-port"
# Every PCI device has it, and nothing else does.
PCI_PROPERTY = "rombar"
# Machine types whose root bus is PCI Express.
EXPRESS_MACHINES = ("q35", "pc-q35")


@dataclass(frozen=True, slots=True)
class SplitDefinition:
    """A definition in two: `cold` is on the command line, `hot` (if there is any) is added over QMP."""

    cold: MachineDefinition
    hot: MachineDefinition | None


def add_root_ports(definition: MachineDefinition, catalog: Catalog) -> MachineDefinition:
    """Return `definition` with each PCI device that names no bus behind a root port of its own, on PCI Express.

    Other machines have a root bus that takes hot-plugs; for them the definition is returned as it is.
    """
    if not definition.machine_type.startswith(EXPRESS_MACHINES):
        return definition
    devices: list[Device] = []
    for number, device in enumerate(definition.devices):
        if is_pci(device, catalog) and "bus" not in device.properties and device.driver != ROOT_PORT:
            port = f"port{number}"
            devices.append(Device(ROOT_PORT, port, {"chassis": number + 1, "addr": f"{number + 0x10:x}.0"}))
            devices.append(replace(device, properties={**device.properties, "bus": port}))
        else:
            devices.append(device)
    return replace(definition, devices=tuple(devices))


def is_pci(device: Device, catalog: Catalog) -> bool:
    """Whether a device plugs into PCI."""
    return PCI_PROPERTY in catalog.introspection.devices.get(device.driver, {})


def split_for_qmp(definition: MachineDefinition, catalog: Catalog) -> SplitDefinition:
    """Split `definition` into what has to be on the command line and what QMP can add."""
    express = definition.machine_type.startswith(EXPRESS_MACHINES)
    hot_devices = {
        index
        for index, device in enumerate(definition.devices)
        if is_pci(device, catalog) and device.driver != ROOT_PORT and (not express or "bus" in device.properties)
    }
    cold_names = _cold_names(definition, catalog, hot_devices)

    def cold(kind: str, name: str) -> bool:
        return (kind, name) in cold_names

    return SplitDefinition(
        cold=replace(
            definition,
            devices=tuple(d for index, d in enumerate(definition.devices) if index not in hot_devices),
            netdevs=tuple(n for n in definition.netdevs if cold("netdev", n.id)),
            chardevs=tuple(c for c in definition.chardevs if cold("chardev", c.id)),
            block_nodes=tuple(b for b in definition.block_nodes if cold("blockdev", b.node_name)),
            objects=tuple(o for o in definition.objects if cold("object", o.id)),
        ),
        hot=MachineDefinition(
            devices=tuple(d for index, d in enumerate(definition.devices) if index in hot_devices),
            netdevs=tuple(n for n in definition.netdevs if not cold("netdev", n.id)),
            chardevs=tuple(c for c in definition.chardevs if not cold("chardev", c.id)),
            block_nodes=tuple(b for b in definition.block_nodes if not cold("blockdev", b.node_name)),
            objects=tuple(o for o in definition.objects if not cold("object", o.id)),
        ),
    )


def _cold_names(
    definition: MachineDefinition, catalog: Catalog, hot_devices: Iterable[int]
) -> frozenset[tuple[str, str]]:
    """Return kind and name of every backend that the machine or a cold device needs, also by way of others."""
    hot_places = tuple(f"device[{index}]." for index in hot_devices)
    owners: dict[str, tuple[str, str]] = {
        **{f"netdev[{index}].": ("netdev", netdev.id) for index, netdev in enumerate(definition.netdevs)},
        **{f"blockdev[{index}].": ("blockdev", node.node_name) for index, node in enumerate(definition.block_nodes)},
        **{f"object[{index}].": ("object", item.id) for index, item in enumerate(definition.objects)},
    }
    needs: dict[tuple[str, str], list[Reference]] = {}
    cold: list[tuple[str, str]] = []
    for reference in iter_references(definition, catalog):
        owner = next((name for place, name in owners.items() if reference.place.startswith(place)), None)
        if owner is not None:
            needs.setdefault(owner, []).append(reference)
        elif not reference.place.startswith(hot_places):
            cold.append((reference.kind, reference.name))
    found: set[tuple[str, str]] = set()
    while cold:
        name = cold.pop()
        if name not in found:
            found.add(name)
            cold += [(reference.kind, reference.name) for reference in needs.get(name, ())]
    return frozenset(found)


async def configure(session: QmpSession, hot: MachineDefinition) -> None:
    """Add all of `hot` to a paused QEMU, and reset it, so that what is settled at reset knows the newcomers.

    QEMU hands the boot order to the platform firmware when the machine is reset, and powers the slots of root ports.

    Args:
        session: the session with the QEMU.
        hot: what to add.

    Raises:
        CommandError: QEMU refuses something.
        EmulatorError: it does not answer.
    """
    for chardev in hot.chardevs:
        await session.execute("chardev-add", await _chardev_arguments(session, chardev))
    for node in hot.block_nodes:
        await session.execute("blockdev-add", node.arguments)
    for netdev in hot.netdevs:
        await session.execute("netdev_add", netdev.arguments)
    for item in hot.objects:
        await session.execute("object-add", _object_arguments(session, item.arguments))
    for device in hot.devices:
        await session.execute("device_add", device.arguments)
    with session.subscribe("RESET") as resets:
        await session.execute("system_reset")
        await resets.get(Deadline.after(RESET_S, "QEMU resets the configured guest"))


async def _chardev_arguments(session: QmpSession, chardev: Chardev) -> dict[str, Any]:
    """Return what `chardev-add` takes; over QMP an inherited file descriptor needs a name first."""
    arguments: dict[str, Any] = dict(chardev.arguments)
    address = chardev.data.get("addr")
    if isinstance(address, Mapping) and address.get("type") == "fd":
        data = address.get("data")
        number = str(data["str"]) if isinstance(data, Mapping) else ""
        if number.isdigit():
            name = f"chardev-{chardev.id}"
            await session.send_file_descriptor(int(number), name)
            renamed = {**chardev.data, "addr": {"type": "fd", "data": {"str": name}}}
            arguments["backend"] = {"type": chardev.type, "data": renamed}
    return arguments


def _object_arguments(session: QmpSession, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `object-add` takes: before 6.0 the properties are in a table of their own."""
    if session.version >= (6, 0):
        return dict(arguments)
    named = {key: arguments[key] for key in ("qom-type", "id")}
    return {**named, "props": {key: value for key, value in arguments.items() if key not in named}}
