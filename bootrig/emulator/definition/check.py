"""Checking a machine definition against what a QEMU says about itself, before it is started."""

from collections import Counter
from collections.abc import Iterable, Iterator

from bootrig.document.toml import suggest
from bootrig.emulator.definition.definition import CONSOLE_CHARDEV, MONITOR_CHARDEV, MachineDefinition
from bootrig.emulator.definition.uses import check_references
from bootrig.emulator.definition.values import Checker, Fault
from bootrig.emulator.schema.shapes import Catalog


def check_definition(definition: MachineDefinition, catalog: Catalog) -> tuple[Fault, ...]:
    """Return all that is wrong with `definition` for the QEMU of `catalog`, in the order of the definition."""
    checker = Checker(catalog)
    return (
        *_check_machine(definition, checker),
        *_check_processor(definition, checker),
        *_check_accelerator(definition, checker),
        *_check_devices(definition, checker),
        *_check_backends(definition, checker),
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


def _check_devices(definition: MachineDefinition, checker: Checker) -> Iterator[Fault]:
    for index, device in enumerate(definition.devices):
        place = f"device[{index}]"
        shape = checker.catalog.find_device(device.driver)
        if shape is None:
            known = checker.catalog.introspection.devices
            yield _unknown(f"{place}.driver", f"device {device.driver!r}", checker, known)
        else:
            owner = f"{device.driver} of QEMU {checker.version}"
            yield from checker.check_members(device.arguments, shape, place, owner)


def _check_backends(definition: MachineDefinition, checker: Checker) -> Iterator[Fault]:
    catalog = checker.catalog
    netdevs = catalog.arguments_of("netdev_add")
    for index, netdev in enumerate(definition.netdevs):
        place = f"netdev[{index}]"
        shape = catalog.find_backend("netdev_add", netdev.type)
        if shape is None:
            yield _unknown(f"{place}.type", f"netdev {netdev.type!r}", checker, catalog.words_of(netdevs))
        else:
            yield from checker.check_members(netdev.arguments, shape, place, f"{netdev.type} of QEMU {checker.version}")
    for index, chardev in enumerate(definition.chardevs):
        yield from checker.check_members(
            chardev.arguments, catalog.arguments_of("chardev-add"), f"chardev[{index}]", f"QEMU {checker.version}"
        )
    nodes = catalog.arguments_of("blockdev-add")
    for index, node in enumerate(definition.block_nodes):
        place = f"blockdev[{index}]"
        shape = catalog.find_backend("blockdev-add", node.driver)
        if shape is None:
            yield _unknown(f"{place}.driver", f"block driver {node.driver!r}", checker, catalog.words_of(nodes))
        else:
            yield from checker.check_members(node.arguments, shape, place, f"{node.driver} of QEMU {checker.version}")
    for index, item in enumerate(definition.objects):
        place = f"object[{index}]"
        shape = catalog.find_object(item.qom_type)
        if shape is None:
            yield _unknown(f"{place}.qom-type", f"object {item.qom_type!r}", checker, catalog.object_types)
        else:
            yield from checker.check_members(item.arguments, shape, place, f"{item.qom_type} of QEMU {checker.version}")


def _unknown(place: str, what: str, checker: Checker, known: Iterable[str]) -> Fault:
    """Return the fault of a name that this QEMU does not know."""
    wrong = what.rpartition(" ")[2].strip("'")
    return Fault(place, f"QEMU {checker.version} has no {what}{suggest(wrong, known)}")


def _check_ids(definition: MachineDefinition) -> Iterator[Fault]:
    """Yield every id that is given twice, or belongs to the rig."""
    kinds: dict[str, tuple[str, list[str]]] = {
        "device": ("id", [device.id for device in definition.devices]),
        "netdev": ("id", [netdev.id for netdev in definition.netdevs]),
        "chardev": ("id", [chardev.id for chardev in definition.chardevs]),
        "blockdev": ("node-name", [node.node_name for node in definition.block_nodes]),
        "object": ("id", [item.id for item in definition.objects]),
    }
    for kind, (key, names) in kinds.items():
        first: dict[str, int] = {}
        counts = Counter(names)
        for index, name in enumerate(names):
            place = f"{kind}[{index}].{key}"
            if name and counts[name] > 1 and name in first:
                yield Fault(place, f'duplicate: {kind}[{first[name]}] is called "{name}" already')
            first.setdefault(name, index)
            if kind == "chardev" and name in (CONSOLE_CHARDEV, MONITOR_CHARDEV):
                yield Fault(place, f'"{name}" is the rig\'s own chardev; expected another id')
