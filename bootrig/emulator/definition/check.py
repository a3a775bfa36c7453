"""Checking a machine definition against what a QEMU says about itself, before it is started."""

from collections.abc import Iterable, Iterator, Mapping

from bootrig.document.toml import suggest
from bootrig.emulator.definition.definition import CONSOLE_CHARDEV, MONITOR_CHARDEV, Accelerator, MachineDefinition
from bootrig.emulator.definition.host_access import iter_programs
from bootrig.emulator.definition.parts import BlockNode, Chardev, JsonObject
from bootrig.emulator.definition.uses import check_references
from bootrig.emulator.definition.values import Checker, Fault
from bootrig.emulator.schema.introspection import QomType
from bootrig.emulator.schema.shapes import Catalog, Object

# What a cell fills in, by the key of a slot that may not have it.
FILLED_IN_NIC = {
    "driver": "the NIC model is the cell's (--nic), the guest's file says where it goes",
    "id": "the cell gives the NIC its id",
    "netdev": "the cell puts the NIC on its LAN",
    "romfile": "which ROM the NIC has is what is tried; --rom-by says how it gets it",
}
FILLED_IN_DISK = {"id": "the cell gives the disk its id", "drive": "the cell makes the disk's content"}


def check_definition(definition: MachineDefinition, catalog: Catalog) -> tuple[Fault, ...]:
    """Return everything that is wrong with `definition` for the QEMU of `catalog`."""
    checker, qemu = Checker(catalog), catalog.introspection
    machine, processor, accelerator = definition.machine_type, definition.processor, definition.accelerator
    options = ("machine.options", definition.machine_options)
    faults = [*_check_type(checker, "machine.type", "machine type", machine, qemu.machines, options)]
    models = {"host": {}, "max": {}, **qemu.processors}
    if processor.model:
        options = ("processor.properties", processor.properties)
        faults += _check_type(checker, "processor.model", "CPU model", processor.model, models, options)
    elif processor.properties:
        expected = "expected processor.model as well"
        faults.append(Fault("processor.properties", f"found properties without a model, {expected}"))
    kind, options = str(accelerator.kind), ("accelerator.options", accelerator.options)
    faults += _check_type(checker, "accelerator.kind", "accelerator", kind, qemu.accelerators, options)
    faults += _check_counting(accelerator)
    faults += iter_programs(definition)
    faults += _check_slots(definition, checker)
    faults += _check_parts(definition, checker)
    faults += _check_ids(definition)
    return (*faults, *check_references(definition, catalog))


def _check_type(
    checker: Checker, place: str, noun: str, word: str, known: Mapping[str, QomType], options: tuple[str, JsonObject]
) -> Iterator[Fault]:
    """Yield what is wrong with a machine, processor or accelerator, or with its options (key path, values).

    An unasked type has no properties; its options are not judged.
    """
    if word not in known:
        yield _unknown(place, noun, word, checker, known)
    elif found := known[word]:
        yield from checker.check_members(options[1], Object(found), options[0], f"{word} of QEMU {checker.version}")


def _check_counting(accelerator: Accelerator) -> Iterator[Fault]:
    counting = accelerator.instruction_counting
    if counting is not None and accelerator.kind != "tcg":
        yield Fault("accelerator.instruction_counting", f"{accelerator.kind} cannot count instructions, tcg can")
    if counting is not None and counting.record_replay and counting.record_file is None:
        yield Fault("accelerator.instruction_counting.record_file", "missing; expected a file")


def _check_slots(definition: MachineDefinition, checker: Checker) -> Iterator[Fault]:
    """Yield what is wrong with the slots that a cell fills; the NIC's other keys depend on its model."""
    for table, slot, filled in (("nic", definition.nic, FILLED_IN_NIC), ("disk", definition.disk, FILLED_IN_DISK)):
        for key in slot.properties:
            if key in filled:
                yield Fault(f"{table}.{key}", filled[key])
    disk = definition.disk
    others = {key: value for key, value in disk.properties.items() if key not in FILLED_IN_DISK}
    known = checker.catalog.introspection.devices
    yield from _check_type(checker, "disk.driver", "device", disk.driver, known, ("disk", others))


def _check_parts(definition: MachineDefinition, checker: Checker) -> Iterator[Fault]:
    catalog = checker.catalog
    for place, part in definition.iter_places():
        if isinstance(part, Chardev):
            # its type is within its arguments, and checked with them
            shape = catalog.arguments_of(part.command)
            yield from checker.check_members(part.arguments, shape, place, f"QEMU {checker.version}")
        elif found := catalog.find_arguments(part.command, part.type):
            yield from checker.check_members(part.arguments, found, place, f"{part.type} of QEMU {checker.version}")
        else:
            noun = "block driver" if isinstance(part, BlockNode) else part.table
            yield _unknown(f"{place}.{part.type_key}", noun, part.type, checker, catalog.part_types(part.command))


def _unknown(place: str, noun: str, word: str, checker: Checker, known: Iterable[str]) -> Fault:
    return Fault(place, f"QEMU {checker.version} has no {noun} {word!r}{suggest(word, known)}")


def _check_ids(definition: MachineDefinition) -> Iterator[Fault]:
    """Yield every id that is given twice or is reserved for the rig."""
    first: dict[tuple[str, str], str] = {}
    for place, part in definition.iter_places():
        if part.id and (part.table, part.id) in first:
            other = first[part.table, part.id]
            yield Fault(f"{place}.{part.id_key}", f'duplicate: {other} is called "{part.id}" already')
        first.setdefault((part.table, part.id), place)
        if isinstance(part, Chardev) and part.id in (CONSOLE_CHARDEV, MONITOR_CHARDEV):
            yield Fault(f"{place}.id", f'"{part.id}" is the rig\'s own chardev; expected another id')
