"""Configuring a guest over QMP: which parts QEMU takes while it is paused before its first instruction, and how.

PCI devices can be added (`device_add` is a hot-plug then), and all of their backends. Devices on other buses, what the
machine itself needs, and the backends of both have to be on the command line. The root bus of q35 does not take
hot-plugs: devices are put behind root ports, which are on the command line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bootrig.deadline import Deadline
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.parts import Chardev, Device, JsonObject, Part, QomObject
from bootrig.emulator.definition.uses import Reference, iter_references
from bootrig.emulator.monitor.session import QmpSession
from bootrig.emulator.schema.shapes import Catalog

RESET_S = 10.0
ROOT_PORT = "pcie-root-port"
# A property that every PCI device has, and no other device.
PCI_PROPERTY = "rombar"
# Machine types whose root bus is PCI Express.
EXPRESS_MACHINES = ("q35", "pc-q35")


def add_root_ports(definition: MachineDefinition, catalog: Catalog) -> MachineDefinition:
    """Return `definition` with each PCI device that names no bus behind a root port of its own, on PCI Express.

    The root bus of other machines takes hot-plugs; their definition is returned unchanged.
    """
    if not definition.machine_type.startswith(EXPRESS_MACHINES):
        return definition
    parts: list[Part] = [part for part in definition.parts if not isinstance(part, Device)]
    for number, device in enumerate(definition.of_kind(Device)):
        if is_pci(device, catalog) and "bus" not in device.properties and device.type != ROOT_PORT:
            port = f"port{number}"
            parts.append(Device(ROOT_PORT, port, {"chassis": number + 1, "addr": f"{number + 0x10:x}.0"}))
            parts.append(replace(device, properties={**device.properties, "bus": port}))
        else:
            parts.append(device)
    return replace(definition, parts=tuple(parts))


def is_pci(device: Device, catalog: Catalog) -> bool:
    """Whether a device plugs into PCI."""
    return PCI_PROPERTY in catalog.introspection.devices.get(device.type, {})


def split_for_qmp(definition: MachineDefinition, catalog: Catalog) -> tuple[MachineDefinition, MachineDefinition]:
    """Split `definition` into what has to be on the command line, and what can be added over QMP."""
    express = definition.machine_type.startswith(EXPRESS_MACHINES)
    hot_devices = {
        place
        for place, part in definition.iter_places()
        if isinstance(part, Device)
        and is_pci(part, catalog)
        and part.type != ROOT_PORT
        and (not express or "bus" in part.properties)
    }
    cold_names = _cold_names(definition, catalog, hot_devices)
    cold: list[Part] = []
    hot: list[Part] = []
    for place, part in definition.iter_places():
        is_hot = place in hot_devices if isinstance(part, Device) else (part.table, part.id) not in cold_names
        (hot if is_hot else cold).append(part)
    return replace(definition, parts=tuple(cold)), MachineDefinition(parts=tuple(hot))


def _cold_names(
    definition: MachineDefinition, catalog: Catalog, hot_devices: Iterable[str]
) -> frozenset[tuple[str, str]]:
    """Return kind and name of every backend that the machine or a cold device needs, directly or by way of others."""
    hot_places = tuple(f"{place}." for place in hot_devices)
    owners = {
        f"{place}.": (part.table, part.id) for place, part in definition.iter_places() if not isinstance(part, Device)
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
    """Add all of `hot` to a paused QEMU and reset it, so that what is decided at a reset includes the new devices.

    QEMU hands the boot order to the platform firmware when the machine is reset, and powers the slots of root ports.

    Raises:
        CommandError: QEMU refuses something.
        EmulatorError: it does not answer.
    """
    for part in hot.parts:
        await session.execute(part.command, await _make_arguments(session, part))
    with session.subscribe("RESET") as resets:
        await session.execute("system_reset")
        await resets.get(Deadline.after(RESET_S, "QEMU resets the configured guest"))


async def _make_arguments(session: QmpSession, part: Part) -> Mapping[str, Any]:
    match part:
        case Chardev():
            return await _make_chardev_arguments(session, part)
        case QomObject() if session.version < (6, 0):
            # before 6.0 the properties are in a table of their own
            return {"qom-type": part.type, "id": part.id, "props": dict(part.properties)}
        case _:
            return part.arguments


async def _make_chardev_arguments(session: QmpSession, chardev: Chardev) -> Mapping[str, Any]:
    """Return the arguments of `chardev-add`; over QMP an inherited file descriptor needs a name first."""
    address = chardev.properties.get("addr")
    if isinstance(address, Mapping) and address.get("type") == "fd":
        data = address.get("data")
        number = str(data["str"]) if isinstance(data, Mapping) else ""
        if number.isdigit():
            name = f"chardev-{chardev.id}"
            await session.send_file_descriptor(int(number), name)
            renamed: JsonObject = {**chardev.properties, "addr": {"type": "fd", "data": {"str": name}}}
            return replace(chardev, properties=renamed).arguments
    return chardev.arguments
