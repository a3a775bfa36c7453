"""What keeps a cell's NIC and disk out of the guest that a file describes, found before anything starts."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.host_access import iter_host_access, iter_memory_faults, read_host_memory_mib
from bootrig.emulator.definition.parts import Device
from bootrig.emulator.definition.values import Checker, Fault
from bootrig.emulator.schema.shapes import Catalog, Object

NIC_ID, NETDEV_ID, CAPTURE_ID, DISK_ID, SCREEN_ID = "nic0", "net0", "dump0", "disk0", "screen0"
OWN_IDS: Mapping[str, tuple[str, ...]] = {
    "device": (NIC_ID, DISK_ID, SCREEN_ID),
    "netdev": (NETDEV_ID,),
    "object": (CAPTURE_ID, f"{CAPTURE_ID}-sent"),
    "blockdev": (f"{DISK_ID}-file", f"{DISK_ID}-raw"),
}
"""The ids of the parts that a cell adds, by the arrays of a definition's file."""


def iter_slot_faults(
    definition: MachineDefinition,
    catalog: Catalog,
    nic_models: Iterable[str],
    families: Collection[str],
    *,
    has_disk: bool,
) -> Iterator[Fault]:
    """Yield what is wrong with a guest for cells with these NIC models, and with a disk where `has_disk`.

    The families are those of the cells' platform firmware, `seabios` and `ovmf`.
    """
    yield from _iter_overruled(definition, families)
    yield from iter_memory_faults(definition, read_host_memory_mib())
    for fault in iter_host_access(definition):
        yield Fault(fault.key_path, f"a guest in a cell has nothing of the host: {fault.message}")
    checker = Checker(catalog)
    told: set[str] = set()
    for nic_model in nic_models:
        if found := catalog.introspection.devices.get(nic_model):
            owner = f"{nic_model} of QEMU {checker.version}"
            for fault in checker.check_members(definition.nic.properties, Object(found), "nic", owner):
                if fault.key_path not in told:
                    told.add(fault.key_path)
                    yield fault
    for place, part in definition.iter_places():
        if part.id in OWN_IDS.get(part.table, ()):
            yield Fault(f"{place}.{part.id_key}", f'"{part.id}" is what a cell adds; expected another id')
    yield from _iter_boot_order_faults(definition, has_disk=has_disk)


def _iter_overruled(definition: MachineDefinition, families: Collection[str]) -> Iterator[Fault]:
    """Yield what a file says of a guest that each cell decides for itself."""
    default = MachineDefinition()
    if definition.accelerator != default.accelerator:
        yield Fault("accelerator", "the cell decides it: --accelerator, and the scenario's clock")
    if definition.real_time_clock != default.real_time_clock:
        yield Fault("clock", "every cell begins at the same date")
    if definition.platform_firmware not in {default.platform_firmware, *families}:
        tried = " and ".join(sorted(families))
        yield Fault("machine.platform_firmware", f"the scenario decides it, and boots with {tried}")


def _iter_boot_order_faults(definition: MachineDefinition, *, has_disk: bool) -> Iterator[Fault]:
    """Yield every place in the boot order that is taken twice: QEMU starts no such guest."""
    taken: dict[int, str] = {}
    if definition.nic.bootindex is not None:
        taken[definition.nic.bootindex] = "the cell's NIC, by [nic]"
    if has_disk and definition.disk.bootindex is not None:
        if owner := taken.get(definition.disk.bootindex):
            yield Fault("disk.bootindex", f"duplicate: {definition.disk.bootindex} is that of {owner}")
        taken.setdefault(definition.disk.bootindex, "the scenario's disk, by [disk]")
    for place, part in definition.iter_places():
        index = part.properties.get("bootindex") if isinstance(part, Device) else None
        if isinstance(index, int):
            if index in taken:
                yield Fault(f"{place}.bootindex", f"duplicate: {index} is that of {taken[index]}")
            taken.setdefault(index, place)
