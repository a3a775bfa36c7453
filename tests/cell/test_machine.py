"""The guest of a cell: the slots of its definition filled, and what the rig adds."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bootrig.cell.boot import boot
from bootrig.cell.confinement import Prepared
from bootrig.cell.machine import CellGuest, make_definition
from bootrig.cell.specification import CellSpecification
from bootrig.document.toml import Document
from bootrig.emulator.definition.definition import DiskSlot, NicSlot, Processor
from bootrig.emulator.definition.file import load_definition, read_definition
from bootrig.emulator.definition.launch import Launch, RomBy
from bootrig.emulator.definition.parts import BlockNode, Device, Netdev, Part, QomObject
from bootrig.emulator.release.discovery import Emulator
from bootrig.recipe.path import RecipeKind, find_recipe_path
from bootrig.scenario.file import load_scenario_family
from bootrig.trace.attempt import Attempt
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Clock, ClockKind, MissingRom, Outcome, OutcomeStatus

VIRTUAL = Clock(ClockKind.VIRTUAL, 7)
MAC = "52:54:00:12:34:56"


def make_cell(
    guest: dict[str, Any] | None = None,
    *,
    clock: Clock = VIRTUAL,
    firmware: str = "seabios",
    nic_model: str = "e1000",
    rom_by: RomBy = RomBy.DEFAULT,
) -> CellSpecification:
    (scenario,) = load_scenario_family("pxe-tftp")
    document = Document(Path("guest.toml"), guest or {})
    definition = read_definition(document.root)
    document.finish()
    return CellSpecification(
        key=CellKey("pxe-tftp", nic_model, "mine", firmware),
        side="a",
        scenario=scenario,
        rom_set="set",
        data_directory=Path("/roms"),
        emulator=Emulator("host", ("qemu",), Path("/qemu"), (7, 2, 22), "7.2.22", "ab", ()),
        programs={},
        guest=definition,
        run_directory=Path("/run"),
        cell_directory=Path("/run/cell"),
        attempt=Attempt(clock),
        first_clock=clock,
        nonce="fedcba9876543210",
        launch=Launch(rom_by=rom_by),
    )


def find(guest: CellGuest, kind: type[Part], name: str) -> dict[str, Any]:
    (found,) = (part for part in guest.definition.of_kind(kind) if part.id == name)
    return dict(found.arguments)


def test_a_guest_file_without_slots_means_what_it_always_meant() -> None:
    made = make_definition(make_cell(), 5, Path("/disk"))
    assert find(made, Device, "nic0") == {
        "driver": "e1000",
        "id": "nic0",
        "netdev": "net0",
        "mac": MAC,
        "bootindex": 1,
    }
    assert find(made, Device, "disk0") == {"driver": "ide-hd", "id": "disk0", "drive": "disk0-raw", "bootindex": 2}
    assert find(made, Netdev, "net0") == {"type": "tap", "id": "net0", "fd": "5"}
    whole, sent = find(made, QomObject, "dump0"), find(made, QomObject, "dump0-sent")
    assert (whole["file"], whole.get("queue")) == ("/run/cell/shift7/capture.pcap", None)
    assert (sent["file"], sent["queue"]) == ("/run/cell/shift7/capture-guest.pcap", "rx")
    assert find(made, BlockNode, "disk0-file")["filename"] == "/disk"
    assert made.definition.data_directories == (Path("/roms"),)


def test_slots_say_where_nic_and_disk_go() -> None:
    cell = make_cell(
        {"nic": {"addr": "0x3", "bootindex": 4}, "disk": {"driver": "virtio-blk-pci", "bootindex": 3, "addr": "0x5"}}
    )
    made = make_definition(cell, 5, Path("/disk"))
    assert (find(made, Device, "nic0")["addr"], find(made, Device, "nic0")["bootindex"]) == ("0x3", 4)
    disk = find(made, Device, "disk0")
    assert (disk["driver"], disk["bootindex"], disk["addr"]) == ("virtio-blk-pci", 3, "0x5")


def test_a_slot_without_bootindex_has_no_place_in_the_boot_order() -> None:
    made = make_definition(make_cell({"nic": {}, "disk": {}}), 5, Path("/disk"))
    assert "bootindex" not in find(made, Device, "nic0")
    assert "bootindex" not in find(made, Device, "disk0")
    assert find(made, Device, "disk0")["driver"] == "ide-hd"


def test_a_screen_is_added_last_and_told_where_the_scenario_asks_for_one_and_the_guest_has_none() -> None:
    cell = make_cell()
    seen = replace(cell, scenario=replace(cell.scenario, guest=replace(cell.scenario.guest, screen=True)))
    made = make_definition(seen, 5, Path("/disk"))
    assert made.definition.parts[-1] == Device("VGA", "screen0", {})
    assert "VGA" in made.added
    own = make_cell({"device": [{"driver": "qxl-vga"}]})
    for unchanged in (cell, replace(own, scenario=seen.scenario)):
        assert "VGA" not in make_definition(unchanged, 5, None).added


def test_no_disk_unless_the_scenario_has_one() -> None:
    assert not make_definition(make_cell(), 5, None).definition.of_kind(BlockNode)


@pytest.mark.parametrize(
    ("rom_by", "properties"),
    [(RomBy.DEFAULT, {}), (RomBy.NO_BAR, {"rombar": 0}), (RomBy.FILE, {"romfile": "/roms/efi-e1000.rom"})],
)
def test_the_way_by_which_the_nic_gets_its_rom(rom_by: RomBy, properties: dict[str, object]) -> None:
    nic = find(make_definition(make_cell(rom_by=rom_by), 5, None), Device, "nic0")
    assert {key: value for key, value in nic.items() if key.startswith("rom")} == properties


@pytest.mark.parametrize(
    ("clock", "kind", "shift"),
    [
        (VIRTUAL, "tcg", 7),
        (Clock(ClockKind.VIRTUAL, 4), "tcg", 4),
        (Clock(ClockKind.REAL), "tcg", None),
        (Clock(ClockKind.KVM), "kvm", None),
    ],
)
def test_the_clock_is_the_specification_s(clock: Clock, kind: str, shift: int | None) -> None:
    made = make_definition(make_cell(clock=clock), 5, None)
    counting = made.definition.accelerator.instruction_counting
    assert (made.definition.accelerator.kind, counting and counting.shift) == (kind, shift)
    assert [word for word in made.added if "icount" in word] == ([] if shift is None else [f"icount shift {shift}"])


def test_what_the_rig_adds_is_told() -> None:
    added = ("QMP", "console", "isa-serial", "tap", "filter-dump", "rtc base 2011-03-15T11:28:27", "icount shift 7")
    assert make_definition(make_cell(), 5, None).added == added
    assert make_definition(make_cell(firmware="ovmf"), 5, None).added == added
    cell = make_cell(firmware="ovmf")
    random = replace(cell, emulator=replace(cell.emulator, version=(10, 0)))
    made = make_definition(random, 5, None)
    assert made.added == (*added, f"seed {made.definition.random_seed}")
    assert made.definition.random_seed == random.random_seed is not None
    own = make_cell({"device": [{"driver": "isa-serial", "chardev": "console"}]})
    assert "isa-serial" not in make_definition(own, 5, None).added


@pytest.mark.parametrize("firmware", ["seabios", "ovmf"])
def test_the_guest_has_no_device_that_neither_its_file_nor_the_scenario_names(firmware: str) -> None:
    made = make_definition(make_cell({"device": [{"driver": "ich9-ahci"}]}, firmware=firmware), 5, None)
    assert [part.type for part in made.definition.of_kind(Device)] == ["ich9-ahci", "e1000"]
    assert [part.type for part in made.definition.of_kind(QomObject)] == ["filter-dump", "filter-dump"]
    assert made.definition.processor == Processor()


def test_platform_firmware_that_was_built_is_the_machine_s() -> None:
    cell = replace(make_cell(firmware="built:seabios"), platform_firmware_file=Path("/bios.bin"))
    definition = make_definition(cell, 5, None).definition
    assert (definition.machine_options["firmware"], definition.platform_firmware) == ("/bios.bin", "seabios")


@pytest.mark.parametrize(
    ("name", "machine_type", "memory_mib", "processor", "devices"),
    [
        ("pc", "pc", 256, "", []),
        ("q35", "q35", 256, "", []),
        ("q35-virt", "q35", 256, "max", ["virtio-rng-pci"]),
        ("q35-4g", "q35", 4096, "", []),
    ],
)
def test_what_a_shipped_guest_is_made_of(
    name: str, machine_type: str, memory_mib: int, processor: str, devices: list[str]
) -> None:
    definition = load_definition(find_recipe_path(RecipeKind.GUESTS, name))
    assert (definition.machine_type, definition.memory_mib) == (machine_type, memory_mib)
    assert definition.processor.model == processor
    assert [device.type for device in definition.of_kind(Device)] == devices
    assert (definition.nic, definition.disk) == (NicSlot(), DiskSlot())
    assert definition.summary


def test_a_guest_that_qemu_refuses_to_start_is_not_booted(tmp_path: Path) -> None:
    firmware = tmp_path / "bios.bin"
    firmware.write_bytes(b"firmware")
    missing = (MissingRom("e1000", "efi-e1000.rom"), MissingRom("virtio-net-pci", "efi-virtio.rom"))
    trace = boot(replace(make_cell(), platform_firmware_file=firmware, missing_roms=missing), Prepared())
    assert trace.missing_roms == missing
    assert (trace.rom.romfile, trace.wire, trace.emulator.command) == ("", (), ())
    assert trace.outcome == Outcome(
        OutcomeStatus.FAILED,
        "",
        "QEMU refuses to start the guest: the ROM set lacks efi-e1000.rom, for which the NIC e1000 asks and "
        "efi-virtio.rom, for which the NIC virtio-net-pci asks",
    )
