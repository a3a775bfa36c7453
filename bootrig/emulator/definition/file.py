"""Machine definitions as TOML or JSON files.

    [machine]
    type = "q35"
    memory_mib = 512
    platform_firmware = "ovmf"
    options = { graphics = false }

    [[netdev]]
    type = "user"
    id = "net0"

    [[device]]
    driver = "e1000"
    id = "nic0"
    netdev = "net0"

`[processor]`, `[accelerator]` and `[clock]` are the other tables; `[[chardev]]`, `[[blockdev]]` and `[[object]]` the
other arrays. Their tables hold the arguments of QMP's `device_add`, `netdev_add`, `chardev-add`, `blockdev-add` and
`object-add`. `[nic]` and `[disk]` say where a cell puts its NIC and its disk. A JSON file has the same keys.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bootrig.document.syntax import parse_json_object, parse_toml
from bootrig.document.toml import TableReader, load_document
from bootrig.emulator.definition.check import check_definition
from bootrig.emulator.definition.definition import (
    Accelerator,
    AcceleratorKind,
    DiskSlot,
    InstructionCounting,
    MachineDefinition,
    NicSlot,
    Processor,
    RealTimeClock,
    RecordReplay,
)
from bootrig.emulator.definition.parts import KINDS, Chardev, Device, Part
from bootrig.emulator.definition.values import Fault
from bootrig.emulator.schema.shapes import Catalog
from bootrig.jsonfile import to_json_value

DATE_PATTERN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
# Beyond what the address lines of any processor reach that QEMU has by default.
MEMORY_MIB_MAXIMUM = 1 << 22
UUID_PATTERN = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def load_definition(
    path: Path,
    catalog: Catalog | None = None,
    further: Callable[[MachineDefinition, Catalog], Iterable[Fault]] = lambda _definition, _catalog: (),
) -> MachineDefinition:
    """Return the machine definition in a file, checked as far as possible without starting a guest.

    Args:
        path: a TOML file, or a JSON file whose name ends in `.json`.
        catalog: what the QEMU at hand says about itself; without it only the form of the file is checked.
        further: what else is wrong with it for whoever reads it.

    Raises:
        DocumentError: something is wrong; it carries every problem.
    """
    document = load_document(path, parse_json_object if path.suffix == ".json" else parse_toml)
    definition = read_definition(document.root)
    if catalog is not None:
        for fault in (*check_definition(definition, catalog), *further(definition, catalog)):
            document.add_problem(fault.key_path, fault.message)
    document.finish()
    return definition


def read_definition(root: TableReader) -> MachineDefinition:
    """Read a machine definition from a table; problems are noted in the table's document."""
    machine, processor, accelerator, clock = (
        root.optional_table(key) or TableReader(root.document, {}, key)
        for key in ("machine", "processor", "accelerator", "clock")
    )
    nic, disk, default = root.optional_table("nic"), root.optional_table("disk"), MachineDefinition()
    return MachineDefinition(
        machine_type=machine.string("type", default.machine_type),
        machine_options=_free_table(machine, "options"),
        memory_mib=machine.integer("memory_mib", default.memory_mib, minimum=1, maximum=MEMORY_MIB_MAXIMUM),
        platform_firmware=machine.string("platform_firmware", default.platform_firmware),
        data_directories=tuple(Path(word) for word in machine.strings("data_directories", ())),
        processor=Processor(
            model=processor.string("model", ""),
            count=processor.integer("count", 1, minimum=1),
            properties=_free_table(processor, "properties"),
        ),
        accelerator=_read_accelerator(accelerator),
        real_time_clock=RealTimeClock(
            base=clock.string("base", default.real_time_clock.base, pattern=DATE_PATTERN, expected="a date and time"),
            clock=clock.string("clock", default.real_time_clock.clock, pattern="vm|host|rt", expected="vm, host or rt"),
        ),
        parts=tuple(_iter_parts(root)),
        uuid=machine.string("uuid", default.uuid, pattern=UUID_PATTERN, expected="a UUID in lower case"),
        # where there is a table of a slot, it says all of it
        nic=NicSlot(_bootindex(nic), _others(nic, "bootindex")) if nic else default.nic,
        disk=_read_disk_slot(disk) if disk else default.disk,
        summary=root.string("summary", default.summary),
    )


def _read_disk_slot(disk: TableReader) -> DiskSlot:
    driver = disk.string("driver", DiskSlot().driver)
    return DiskSlot(driver, _bootindex(disk), _others(disk, "driver", "bootindex"))


def _bootindex(slot: TableReader) -> int | None:
    return slot.optional_integer("bootindex", minimum=0)


def _iter_parts(root: TableReader) -> Iterator[Part]:
    for kind in KINDS:
        for table in root.tables(kind.table):
            if kind is Chardev:
                backend = table.table("backend")
                yield Chardev(backend.string("type"), table.string("id"), _free_table(backend, "data"))
            else:
                name = table.string(kind.id_key, "") if kind is Device else table.string(kind.id_key)
                yield kind(table.string(kind.type_key), name, _others(table, kind.type_key, kind.id_key))


def _others(table: TableReader, *read: str) -> dict[str, Any]:
    """Return all keys of a table except those in `read`, unchecked: `check_definition` judges them."""
    return {key: table.free_value(key) for key in table.keys if key not in read}


def _free_table(table: TableReader, key: str) -> dict[str, Any]:
    """Return a table whose keys only QEMU knows."""
    inner = table.optional_table(key)
    return _others(inner) if inner is not None else {}


def _read_accelerator(table: TableReader) -> Accelerator:
    counting = table.optional_table("instruction_counting")
    return Accelerator(
        kind=table.choice("kind", AcceleratorKind, AcceleratorKind.TCG),
        options=_free_table(table, "options"),
        instruction_counting=_read_counting(counting) if counting is not None else None,
    )


def _read_counting(table: TableReader) -> InstructionCounting:
    recorded = table.optional_string("record_file")
    mode = table.choice("record_replay", RecordReplay, RecordReplay.RECORD) if "record_replay" in table else None
    return InstructionCounting(
        shift=table.integer("shift", minimum=0, maximum=10),
        sleep=table.boolean("sleep", default=False),
        record_replay=mode,
        record_file=Path(recorded) if recorded is not None else None,
    )


def encode_definition(definition: MachineDefinition) -> dict[str, Any]:
    """Return a definition as the object that a JSON file of it contains."""
    plain = to_json_value(definition)
    accelerator = _present(plain["accelerator"])
    if "instruction_counting" in accelerator:
        accelerator["instruction_counting"] = _present(accelerator["instruction_counting"])
    keys = ("memory_mib", "platform_firmware", "data_directories", "uuid")
    return {
        "summary": plain["summary"],
        "machine": {
            "type": plain["machine_type"],
            "options": plain["machine_options"],
            **{key: plain[key] for key in keys},
        },
        "processor": plain["processor"],
        "accelerator": accelerator,
        "clock": plain["real_time_clock"],
        **{slot: _present(plain[slot]) | plain[slot]["properties"] for slot in ("nic", "disk")},
        **{kind.table: [part.arguments for part in definition.of_kind(kind)] for kind in KINDS},
    }


def _present(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table without absent values, and without the table of the values that QEMU knows only."""
    return {key: value for key, value in table.items() if value is not None and key != "properties"}
