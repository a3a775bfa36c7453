"""Cell specifications: written to a file, read back the same, refused where they are not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.cell.specification import (
    CellSpecification,
    SpecificationError,
    load_specification,
    make_nonce,
    write_specification,
)
from bootrig.emulator.definition.definition import DiskSlot, MachineDefinition, NicSlot
from bootrig.emulator.definition.launch import ConfigureBy, Launch, Launcher, RomBy
from bootrig.emulator.release.discovery import Emulator
from bootrig.errors import InputError
from bootrig.jsonfile import JsonFileError
from bootrig.scenario.file import iter_scenarios
from bootrig.scenario.scenario import Scenario
from bootrig.trace.attempt import Attempt, AttemptError
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Clock, ClockKind, MissingRom

SCENARIOS = tuple(iter_scenarios())


def make_specification(scenario: Scenario, run: Path) -> CellSpecification:
    key = CellKey(scenario.name, "e1000", "pc", "seabios")
    return CellSpecification(
        key=key,
        side="baseline",
        scenario=scenario,
        rom_set="set",
        data_directory=run / "roms" / "baseline",
        emulator=Emulator(
            "host",
            ("qemu",),
            Path("/usr/bin/qemu"),
            (7, 2, 22),
            "7.2.22",
            "ab",
            (Path("/data"),),
            environment=(("A", "b"),),
        ),
        programs={"bios": run / "programs" / "bios", "core.0": Path("/elsewhere/core.0")},
        guest=MachineDefinition(
            machine_options={"graphics": False},
            uuid="00112233-4455-6677-8899-aabbccddeeff",
            nic=NicSlot(None, {"addr": "0x3"}),
            disk=DiskSlot("virtio-blk-pci", 7, {"addr": "0x4"}),
            summary="mine",
        ),
        run_directory=run,
        cell_directory=run / "cells" / "baseline" / key.directory_name,
        attempt=Attempt(Clock(ClockKind.VIRTUAL, 7)),
        first_clock=Clock(ClockKind.VIRTUAL, 7),
        nonce=make_nonce(),
        launch=Launch(Launcher.LIBVIRT, ConfigureBy.QMP, RomBy.FILE),
        platform_firmware_file=Path("/firmware.bin"),
        missing_roms=(MissingRom("virtio-net-pci", "efi-virtio.rom"),),
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_specification_survives_its_file_but_for_its_nonce(scenario: Scenario, tmp_path: Path) -> None:
    specification = make_specification(scenario, tmp_path)
    path = write_specification(specification)
    assert path == specification.cell_directory / "cell.json"
    read = load_specification(specification.cell_directory, "shift7")
    assert read.nonce != specification.nonce
    assert replace(read, nonce=specification.nonce) == specification
    write_specification(replace(specification, platform_firmware_file=None))
    assert load_specification(specification.cell_directory, "shift7").platform_firmware_file is None


def test_an_attempt_says_its_clock(tmp_path: Path) -> None:
    specification = make_specification(SCENARIOS[0], tmp_path)
    write_specification(specification)
    real = load_specification(specification.cell_directory, "real")
    assert (real.clock, real.directory) == (Clock(ClockKind.REAL), specification.cell_directory / "real")
    assert real.attempt_path == f"cells/baseline/{specification.key.directory_name}/real"
    with pytest.raises(AttemptError):
        load_specification(specification.cell_directory, "fast")


def test_what_is_inside_a_run_moves_with_it(tmp_path: Path) -> None:
    specification = make_specification(SCENARIOS[0], tmp_path / "here")
    write_specification(specification)
    (tmp_path / "here").rename(tmp_path / "there")
    there = tmp_path / "there" / specification.cell_directory.relative_to(tmp_path / "here")
    read = load_specification(there, "shift7")
    assert read.data_directory == tmp_path / "there" / "roms" / "baseline"
    assert read.programs == {
        "bios": tmp_path / "there" / "programs" / "bios",
        "core.0": Path("/elsewhere/core.0"),
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "x"}, "Invalid enum value 'x' - at `$.format`"),
        ({"scenario": {}}, "name: missing; expected a string"),
        ({"scenario": {"name": "a", "document": {}}}, "summary: missing; expected a string"),
        ({"launch": {"launcher": "mail", "configure_by": "qmp", "rom_by": "file"}}, "Invalid enum value 'mail'"),
        ({"programs": None}, "Expected `object`, got `null` - at `$.programs`"),
        ({"directory": "other"}, "it belongs into other of its run"),
        ({"cell": "a/b"}, '"a/b" is not the name of a cell'),
    ],
)
def test_what_is_not_a_specification(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    specification = make_specification(SCENARIOS[0], tmp_path)
    path = write_specification(specification)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))
    with pytest.raises(InputError) as caught:
        load_specification(specification.cell_directory, "shift7")
    assert message in str(caught.value)


def test_a_wrong_scenario_is_told_as_a_wrong_specification(tmp_path: Path) -> None:
    specification = make_specification(SCENARIOS[0], tmp_path)
    path = write_specification(specification)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "scenario": {}}))
    with pytest.raises(SpecificationError, match=r"cell\.json: "):
        load_specification(specification.cell_directory, "shift7")


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b"\xff"])
def test_other_bytes_are_not_a_specification(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "cell.json").write_bytes(content)
    with pytest.raises(JsonFileError, match=r"cell\.json: "):
        load_specification(tmp_path, "shift7")
