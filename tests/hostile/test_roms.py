"""ROMs and drivers that mean harm are failed boots: they end in time, the rig stays small, and its servers live."""

import json
from pathlib import Path

import pytest

from tests.cell.boots import Boots, boot_once
from tests.hostile.bounds import require_small
from tests.hostile.drivers import DRIVERS
from tests.hostile.roms import ROMS

pytestmark = [pytest.mark.rig, pytest.mark.timeout(600)]
SCENARIO = """\
summary = "a ROM that means harm"
report = "nbp"
[dhcp]
boot_file = "nbp.0"
[tftp."nbp.0"]
content = "probe"
[deadline]
guest_s = 3
wall_s = 15
"""

EFI_SCENARIO = """\
summary = "a driver that means harm"
machines = ["q35"]
platform_firmware = ["ovmf"]
report = "efi"
[dhcp]
boot_file = "probe.efi"
[tftp."probe.efi"]
content = "probe"
[deadline]
guest_s = 150
wall_s = 150  # a third of it in virtual time
"""
# Those that end soon; the others run into a limit, or start OVMF again and again.
SAMPLE = ("halts", "powers-off")


@pytest.fixture
def boots(session_directory: Path) -> Boots:
    """Every ROM, each in a set of its own, in one run."""
    directory = session_directory / "hostile-roms"
    scenarios = directory / "recipes" / "scenarios"
    scenarios.mkdir(parents=True, exist_ok=True)
    for name, rom in ROMS.items():
        (directory / name).mkdir(exist_ok=True)
        (directory / name / "efi-e1000.rom").write_bytes(rom.build())
    (scenarios / "hostile.toml").write_text(SCENARIO)
    words = [*(f"./{name}" for name in ROMS), "--scenario", "hostile", "--time", "real", "--json", "outcomes.json"]
    environment = {"BOOTRIG_RECIPES": str(scenarios.parent)}
    return boot_once(directory, "run", *words, "--nic", "e1000", "--machine", "pc", environment=environment)


def test_every_one_is_a_failed_boot(boots: Boots) -> None:
    assert boots.ended.status == 1, boots.ended
    assert "Traceback" not in boots.ended.err
    cells = json.loads((boots.run_directory.parents[1] / "outcomes.json").read_text())["cells"]
    assert {cell["side"]: cell["state"] for cell in cells} == dict.fromkeys(ROMS, "failed")


@pytest.mark.parametrize("name", list(ROMS))
def test_a_rom(name: str, boots: Boots) -> None:
    traces = [trace for trace in boots.traces if trace.side == name]
    assert len(traces) == 2  # the second one is the confirmation
    for trace in traces:
        assert any(told in trace.ended_by for told in ROMS[name].ended_by)
        require_small(trace, boots.run_directory)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in SAMPLE else pytest.mark.slow) for name in DRIVERS]
)
def test_a_driver(name: str, tmp_path: Path) -> None:
    scenarios, rom_set = tmp_path / "recipes" / "scenarios", tmp_path / "set"
    scenarios.mkdir(parents=True)
    rom_set.mkdir()
    (scenarios / "hostile-efi.toml").write_text(EFI_SCENARIO)
    (rom_set / "efi-e1000.rom").write_bytes(DRIVERS[name].build())
    words = ("./set", "--nic", "e1000", "--machine", "q35", "--scenario", "hostile-efi", "--time", "virtual")
    boots = boot_once(tmp_path, "boot", *words, environment={"BOOTRIG_RECIPES": str(scenarios.parent)})
    assert boots.ended.status == 1, boots.ended
    (trace,) = boots.traces
    assert any(told in trace.ended_by for told in DRIVERS[name].ended_by)
    require_small(trace, boots.run_directory)
