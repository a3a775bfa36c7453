"""Checking a machine definition against what a QEMU says about itself, before it is started."""

from collections.abc import Iterable, Iterator

from bootrig.document.toml import suggest
from bootrig.emulator.definition.definition import CONSOLE_CHARDEV, MONITOR_CHARDEV, MachineDefinition
from bootrig.emulator.definition.parts import BlockNode, Chardev, Device, Part, QomObject
from bootrig.emulator.definition.uses import check_references
from bootrig.emulator.definition.values import Checker, Fault
from bootrig.emulator.schema.shapes import Catalog, Object


def check_definition(definition: MachineDefinition, catalog: Catalog) -> tuple[Fault, ...]:
    """Return everything that is wrong with `definition` for the QEMU of `catalog`."""
    checker = Checker(catalog)
    return (
        *_check_machine(definition, checker),
        *_check_processor(definition, checker),
        *_check_accelerator(definition, checker),
        *_check_parts(definition, checker),
        *_check_ids(definition),
        *check_references(definition, catalog),
    )


def _check_machine(definition: MachineDefinition, checker: Checker) -> Iterator[Fault]:
    machines = checker.catalog.introspection.machines
    found = machines.get(definition.machine_type)
    if found is None:
        yield _unknown("machine.type", f"machine type {definition.machine_type!r}", checker, machines)
    elif found:
        shape = checker.catalog.properties(found)
        owner = f"{definition.machine_type} of QEMU {checker.version}"
        yield from checker.check_members(definition.machine_options, shape, "machine.options", owner)


def _check_processor(definition: MachineDefinition, checker: Checker) -> Iterator[Fault]:
    processor = definition.processor
    models = checker.catalog.introspection.processors
    if not processor.model:
        if processor.properties:
            yield Fault("processor.properties", "found properties without a model, expected processor.model as well")
        return
    found = models.get(processor.model)
    if found is None and processor.model not in ("host", "max"):
        yield _unknown("processor.model", f"CPU model {processor.model!r}", checker, models)
    elif found:
        owner = f"{processor.model} of QEMU {checker.version}"
        shape = checker.catalog.properties(found)
        yield from checker.check_members(processor.properties, shape, "processor.properties", owner)


def _check_accelerator(definition: MachineDefinition, checker: Checker) -> Iterator[Fault]:
    accelerator = definition.accelerator
    found = checker.catalog.introspection.accelerators.get(accelerator.kind)
    if found is None:
        yield Fault("accelerator.kind", f"QEMU {checker.version} has no accelerator {str(accelerator.kind)!r}")
    else:
        owner = f"{accelerator.kind} of QEMU {checker.version}"
        shape = checker.catalog.properties(found)
        yield from checker.check_members(accelerator.options, shape, "accelerator.options", owner)
    counting = accelerator.instruction_counting
    if counting is not None and accelerator.kind != "tcg":
        yield Fault("accelerator.instruction_counting", f"{accelerator.kind} cannot count instructions, tcg can")
    if counting is not None and counting.record_replay and counting.record_file is None:
        yield Fault("accelerator.instruction_counting.record_file", "missing; expected a file")


def _check_parts(definition: MachineDefinition, checker: Checker) -> Iterator[Fault]:
    for place, part in definition.iter_places():
        if isinstance(part, Chardev):
            # its type is within its arguments, and checked with them
            shape: Object | None = checker.catalog.arguments_of(part.command)
            owner = f"QEMU {checker.version}"
        else:
            shape = _find_shape(part, checker.catalog)
            owner = f"{part.type} of QEMU {checker.version}"
        if shape is None:
            noun = "block driver" if isinstance(part, BlockNode) else part.table
            known = _known_types(part, checker.catalog)
            yield _unknown(f"{place}.{part.type_key}", f"{noun} {part.type!r}", checker, known)
        else:
            yield from checker.check_members(part.arguments, shape, place, owner)


def _find_shape(part: Part, catalog: Catalog) -> Object | None:
    """Return the shape of a part's arguments; None where QEMU has no such type."""
    match part:
        case Device():
            return catalog.find_device(part.type)
        case QomObject():
            return catalog.find_object(part.type)
        case _:
            return catalog.variant(catalog.arguments_of(part.command), part.type)


def _known_types(part: Part, catalog: Catalog) -> Iterable[str]:
    """Return the types that a part of its kind can have."""
    match part:
        case Device():
            return catalog.introspection.devices
        case QomObject():
            return catalog.object_types
        case _:
            return catalog.words_of(catalog.arguments_of(part.command))


def _unknown(place: str, what: str, checker: Checker, known: Iterable[str]) -> Fault:
    """Return the fault of a name that this QEMU does not know."""
    wrong = what.rpartition(" ")[2].strip("'")
    return Fault(place, f"QEMU {checker.version} has no {what}{suggest(wrong, known)}")


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
