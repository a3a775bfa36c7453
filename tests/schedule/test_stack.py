"""What sides set beside their ROMs: which cells there are then, and what each side boots them with."""

from pathlib import Path

import pytest

from bootrig.document.errors import DocumentError
from bootrig.errors import InputError
from bootrig.schedule.errors import CellSelectionError
from bootrig.schedule.plan import Filters, PlannedCell, plan_cells
from bootrig.schedule.stack import (
    Stack,
    assign_cells,
    require_filters,
    require_portable,
    resolve_stack,
    vary_cells,
)
from tests.emulator.test_firmware_file import CODE, SEABIOS, write

FILTERS = Filters(scenarios=("pxe-tftp", "efi-tftp"), nic_models=("e1000",), machines=("q35",))
NOTHING = Stack()


def names(cells: tuple[PlannedCell, ...]) -> list[str]:
    return [str(cell.key) for cell in cells]


def test_a_side_that_names_roms_only_sets_nothing() -> None:
    planned = plan_cells(FILTERS)
    assert resolve_stack("ipxe-debian-13") == resolve_stack("roms=./out") == NOTHING
    assert vary_cells(planned, [NOTHING, NOTHING]) == planned
    assert names(planned) == ["pxe-tftp/e1000/q35/seabios/host", "efi-tftp/e1000/q35/ovmf/host"]


def test_an_axis_that_one_side_sets_is_left_out_of_the_names_of_both() -> None:
    planned = plan_cells(FILTERS)
    sides = [NOTHING, Stack(emulator="qemu-11")]
    cells = vary_cells(planned, sides)
    assert names(cells) == ["pxe-tftp/e1000/q35/seabios/-", "efi-tftp/e1000/q35/ovmf/-"]
    told = [(cell.emulator, cell.platform_firmware) for cell in assign_cells(cells, sides)]
    assert told == [("host", "seabios"), ("host", "ovmf"), ("qemu-11", "seabios"), ("qemu-11", "ovmf")]


def test_a_platform_firmware_is_booted_in_the_scenarios_of_its_family(tmp_path: Path) -> None:
    planned = plan_cells(FILTERS)
    path = write(tmp_path, "mine.bin", SEABIOS)
    sides = [NOTHING, resolve_stack(f"roms=host,platform-firmware={path}")]
    cells = vary_cells(planned, sides)
    assert names(cells) == ["pxe-tftp/e1000/q35/-/host"]
    assert [cell.platform_firmware for cell in assign_cells(cells, sides)] == ["seabios", f"seabios@{path}"]
    other = resolve_stack(f"platform-firmware={write(tmp_path, 'other.bin', CODE)}")
    with pytest.raises(CellSelectionError, match="boots with the platform firmware of all sides: ovmf and seabios"):
        vary_cells(planned, [other, sides[1]])
    with pytest.raises(CellSelectionError, match="no scenario that is asked for boots"):
        vary_cells(planned[:1], [other])


def test_two_firmwares_of_one_scenario_are_not_one_cell() -> None:
    cell = plan_cells(FILTERS)[1]
    built = PlannedCell(cell.key, cell.scenario, platform_firmware="built:ovmf")
    with pytest.raises(CellSelectionError, match="is tried with ovmf and built:ovmf"):
        vary_cells([cell, built], [Stack(platform_firmware={"ovmf": "ovmf"})])


@pytest.mark.parametrize(
    ("side", "stack"),
    [
        ("emulator=qemu-11", Stack("qemu-11")),
        ("platform-firmware=ovmf", Stack(platform_firmware={"ovmf": "ovmf"})),
        ("platform-firmware=built:seabios", Stack(platform_firmware={"seabios": "built:seabios"})),
    ],
)
def test_names_are_those_of_the_filters(side: str, stack: Stack) -> None:
    assert resolve_stack(side) == stack


def test_an_emulator_that_is_a_program_is_named_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "qemu", b"").chmod(0o755)
    assert resolve_stack("emulator=./qemu") == Stack(str(tmp_path / "qemu"))
    (tmp_path / "qemu").chmod(0o644)
    with pytest.raises(InputError, match="is not a program: it cannot be executed"):
        resolve_stack("emulator=./qemu")
    with pytest.raises(InputError, match='there is no emulator "qemu"') as caught:
        resolve_stack("emulator=qemu")
    assert "./qemu" in caught.value.remedy


@pytest.mark.parametrize(
    ("side", "words"),
    [
        ("emulator=./nothing", "there is no program ./nothing"),
        ("emulator=qemu-1", 'there is no recipe "qemu-1"'),
        ("platform-firmware=seabias", 'there is no platform firmware "seabias"; did you mean "seabios"'),
        ("platform-firmware=./nothing", "nothing cannot be read: No such file"),
    ],
)
def test_what_is_not_there_is_told_before_anything_is_made(side: str, words: str) -> None:
    with pytest.raises((InputError, DocumentError), match=words):
        resolve_stack(side)


def test_a_filter_cannot_name_what_a_side_sets() -> None:
    require_filters(("host",), ("seabios",), [NOTHING, Stack(platform_firmware={"seabios": "built:seabios"})])
    with pytest.raises(InputError, match="--emulator contradicts emulator= of a side"):
        require_filters(("host",), (), [NOTHING, Stack("qemu-11")])
    with pytest.raises(InputError, match="--platform-firmware built:seabios contradicts"):
        require_filters((), ("built:seabios",), [Stack(platform_firmware={"seabios": "seabios"})])


def test_workers_elsewhere_do_not_get_a_uefi_firmware() -> None:
    require_portable([Stack(platform_firmware={"seabios": "seabios@/x", "ovmf": "ovmf"})])
    with pytest.raises(InputError, match="workers do not take ovmf@/x from here"):
        require_portable([NOTHING, Stack(platform_firmware={"ovmf": "ovmf@/x"})])
