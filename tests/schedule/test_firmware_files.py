"""Platform firmware that sides give as files: what cells get of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.emulator.release.discovery import PlatformFirmware, find_platform_firmware
from bootrig.errors import InputError
from bootrig.schedule.equipment import Equipment, specify
from bootrig.schedule.firmware_files import keep_firmware
from bootrig.schedule.plan import Filters, plan_cells
from bootrig.schedule.stack import Stack, vary_cells
from bootrig.trace.attempt import Attempt
from tests.compare.factory import VIRTUAL
from tests.emulator.test_firmware_file import CODE, SEABIOS, VARS, write
from tests.schedule.sample import make_equipment, make_side


def equip(directory: Path) -> Equipment:
    bios, code = write(directory, "bios.bin", SEABIOS), write(directory, "CODE.fd", CODE)
    own = PlatformFirmware("seabios", Path("/own.bin"), None)
    return replace(
        make_equipment(),
        platform_firmware={f"seabios@{bios}": bios, "built:seabios": Path("/built.bin")},
        shipped_firmware={
            ("host", "seabios"): own,
            ("host", "built:seabios"): own,
            ("host", f"seabios@{bios}"): PlatformFirmware("seabios", bios, None),
            ("host", f"ovmf@{code}"): PlatformFirmware("ovmf", code, write(directory, "VARS.fd", VARS)),
        },
        programs={"bios": b"", "efi": b""},
    )


def test_a_given_file_is_copied_into_the_run_and_booted_from_there(tmp_path: Path) -> None:
    run = tmp_path / "run"
    equipment = keep_firmware(equip(tmp_path), run)
    assert equipment.platform_firmware["built:seabios"] == Path("/built.bin")
    assert equipment.shipped_firmware["host", "seabios"].code == Path("/own.bin")
    for scenario, machine, name, content in (
        ("pxe-tftp", "pc", f"seabios@{tmp_path}/bios.bin", SEABIOS),
        ("efi-tftp", "q35", f"ovmf@{tmp_path}/CODE.fd", CODE),
    ):
        stack = Stack(platform_firmware={name.partition("@")[0]: name})
        planned = plan_cells(Filters(("e1000",), (scenario,), (machine,)))
        (cell,) = map(stack.assign, vary_cells(planned, [stack]))
        equipped = replace(equipment, guests={machine: equipment.guests["pc"]})
        told = specify(cell, make_side(run), equipped, run, Attempt(VIRTUAL))
        firmware = find_platform_firmware(told.emulator, told.family)
        assert (told.firmware_name, told.family) == (name, firmware.name)
        assert firmware.code.is_relative_to(run)
        assert firmware.code.name == Path(name).name
        assert firmware.code.read_bytes() == content
        assert told.platform_firmware_file == (firmware.code if firmware.variables is None else None)


def test_a_file_that_is_gone_is_wrong_input(tmp_path: Path) -> None:
    equipment = equip(tmp_path)
    (tmp_path / "CODE.fd").unlink()
    with pytest.raises(InputError, match=r"CODE\.fd cannot be read"):
        keep_firmware(equipment, tmp_path / "run")


def test_firmware_of_several_emulators_has_several_names(tmp_path: Path) -> None:
    equipment = equip(tmp_path)
    other = PlatformFirmware("seabios", Path("/other.bin"), None)
    shipped = {**equipment.shipped_firmware, ("qemu-11", "seabios"): other}
    told = dict(replace(equipment, shipped_firmware=shipped).iter_firmware_files())
    assert (told["seabios"], told["seabios of qemu-11"]) == (Path("/own.bin"), Path("/other.bin"))
