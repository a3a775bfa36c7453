"""Which cells a ROM set can be tried in."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.scenario.file import iter_scenarios
from bootrig.schedule.campaign import Campaign, Listener
from bootrig.schedule.errors import CellSelectionError
from bootrig.schedule.executors.executor import CellResult
from bootrig.schedule.plan import Filters, PlannedCell, plan_cells
from bootrig.schedule.results import KeptResults
from bootrig.schedule.sides import Side, label_sides, narrow_cells
from bootrig.trace.names import CellKey
from firmware.romset import RomFile, RomSet
from tests.firmware.rom_bytes import Bios, Efi, make_combined_rom
from tests.schedule.sample import make_equipment

SCENARIOS = {scenario.name: scenario for scenario in iter_scenarios()}
SEABIOS = PlannedCell(CellKey("pxe-tftp", "e1000", "pc", "seabios"), SCENARIOS["pxe-tftp"])
OVMF = PlannedCell(CellKey("efi-tftp", "e1000", "q35", "ovmf"), SCENARIOS["efi-tftp"])


def side_with(file_name: str, content: bytes) -> Side:
    return Side(RomSet("set", (RomFile(file_name, content),)), Path("roms"), "set")


@pytest.mark.parametrize(
    ("content", "bios", "efi"),
    [
        (Bios().build(), True, False),
        (Efi().build(), False, True),
        (make_combined_rom(), True, True),
        (b"\x55\xaa damaged", True, True),
    ],
    ids=["bios", "efi", "both", "damaged"],
)
def test_a_rom_suits_the_platform_firmware_that_it_has_an_image_for(content: bytes, bios: bool, efi: bool) -> None:
    side = side_with("efi-e1000.rom", content)
    assert (side.suits(SEABIOS), side.suits(OVMF)) == (bios, efi)


def test_the_image_has_to_be_in_the_file_for_which_the_machine_type_asks() -> None:
    roms = (RomFile("efi-e1000.rom", Efi().build()), RomFile("pxe-e1000.rom", Bios().build()))
    side = Side(RomSet("set", roms), Path("roms"), "set")
    assert not side.suits(SEABIOS)
    assert not side.suits(SEABIOS, "efi-e1000.rom")
    assert side.suits(SEABIOS, "pxe-e1000.rom")
    assert side.suits(OVMF, "efi-e1000.rom")


def test_a_set_without_a_rom_for_the_nic_suits_nothing() -> None:
    side = side_with("efi-rtl8139.rom", make_combined_rom())
    assert not side.covers("e1000")
    assert not side.suits(SEABIOS)
    assert side.covers("rtl8139")


def test_a_nic_model_without_default_rom_is_covered_by_nothing() -> None:
    assert not side_with("efi-e1000.rom", make_combined_rom()).covers("virtio-net-ccw")


def test_what_one_side_has_lost_is_tried_on_both(tmp_path: Path) -> None:
    sides = [side_with("efi-e1000.rom", make_combined_rom()), side_with("efi-e1000.rom", Bios().build())]
    planned = plan_cells(Filters(scenarios=("efi-tftp", "grub"), nic_models=("e1000",), machines=("pc", "q35")))
    equipment = make_equipment()

    def run_none(*_words: object, **_options: object) -> Iterator[CellResult]:
        yield from ()

    for tried, count in ((sides, 4), (sides[1:] * 2, 2)):
        campaign = Campaign(run_none, equipment, tmp_path, tried, planned, Listener(), KeptResults())
        assert len(list(campaign.iter_cells())) == count


def test_a_side_that_is_compared_is_tried_without_a_rom_too(tmp_path: Path) -> None:
    sides = [
        replace(side_with(name, make_combined_rom()), label=label, is_compared=True)
        for label, name in (("baseline", "efi-e1000.rom"), ("candidate", "efi-rtl8139.rom"))
    ]
    planned = plan_cells(Filters(scenarios=("grub",), nic_models=("e1000", "pcnet")))

    def run_none(*_words: object, **_options: object) -> Iterator[CellResult]:
        yield from ()

    def tried(sides: list[Side]) -> list[tuple[str, str]]:
        campaign = Campaign(run_none, make_equipment(), tmp_path, sides, planned, Listener(), KeptResults())
        return [(side.label, cell.key.nic_model) for side, cell in campaign.iter_cells()]

    assert tried(sides) == [("baseline", "e1000"), ("candidate", "e1000")]
    assert tried([replace(side, is_compared=False) for side in sides]) == [("baseline", "e1000")]


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("ipxe-debian-12", "ipxe-qemu-0.15"), ("ipxe-debian-12", "ipxe-qemu-0.15")),
        (("/a/b.toml", "../a/b.toml"), ("a_b.toml", "a_b.toml-1")),
        (("./mine.toml",), ("mine.toml",)),
        (("...",), ("set",)),
    ],
)
def test_a_rom_set_s_directory_stays_inside_the_run_directory(names: tuple[str, ...], labels: tuple[str, ...]) -> None:
    assert label_sides(names) == labels


def test_a_single_rom_is_compared_with_its_nic_only() -> None:
    planned = plan_cells(Filters(scenarios=("pxe-tftp",)))
    whole = RomSet("whole", (RomFile("efi-e1000.rom", b"a"), RomFile("efi-rtl8139.rom", b"b")))
    single = RomSet("x.rom", (RomFile("efi-e1000.rom", b"c"),), origin={"rom": "/x.rom"})
    assert narrow_cells(planned, [whole, whole], ["a", "b"]) == planned
    assert {cell.key.nic_model for cell in narrow_cells(planned, [whole, single], ["a", "./x.rom"])} == {"e1000"}
    others = [cell for cell in planned if cell.key.nic_model != "e1000"]
    with pytest.raises(CellSelectionError, match=r"no NIC that is asked for has its ROM in \./x\.rom"):
        narrow_cells(others, [whole, single], ["a", "./x.rom"])
