"""What was built boots: the proof that a build is good."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bootrig.builder.build import obtain_platform_firmware
from bootrig.errors import RigError
from bootrig.store.content import Store
from tests.builder.stand_in import make_source_package, recipe_text, serve, write_recipe
from tests.requirements import miss
from tests.store.http_server import Server

CONFIGURATION = """
[build.configuration."config/general.h"]
BANNER_TEXT = '"configured by the recipe"'
TFTP_BLOCK_SIZE = '"1024"'
"""


@pytest.fixture
def environment(server: Server, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "BOOTRIG_STORE": str(tmp_path / "store"),
        "BOOTRIG_RECIPES": str(tmp_path / "recipes"),
        "BOOTRIG_MIRROR": f"{server.address}/debian",
    }


def bootrig(environment: dict[str, str], *argv: str) -> str:
    command = [sys.executable, "-m", "bootrig.cli.main", *argv]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


@pytest.mark.rig
def test_the_stand_in_is_built_linted_embedded_and_booted(
    environment: dict[str, str], server: Server, tmp_path: Path
) -> None:
    package = make_source_package()
    serve(server, package)
    runs = str(tmp_path / "runs")
    write_recipe(tmp_path / "recipes", recipe_text(package))
    assert "0 errors" in bootrig(environment, "lint", "standboot")
    plain = bootrig(environment, "boot", "standboot", "--nic", "ne2k_pci", "--runs", runs)
    assert "StandBoot 1.0-2: ready to boot" in plain
    assert "Outcome: passed" in plain
    assert "512 bytes of nbp.0 in 2 blocks" in plain
    write_recipe(tmp_path / "recipes", recipe_text(package, build=CONFIGURATION))
    changed = bootrig(environment, "boot", "standboot", "--nic", "ne2k_pci", "--runs", runs)
    assert "StandBoot 1.0-2: configured by the recipe" in changed
    assert "ready to boot" not in changed
    assert "Outcome: passed" in changed
    assert "512 bytes of nbp.0 in 1 blocks" in changed


@pytest.mark.rig
@pytest.mark.slow
@pytest.mark.network
def test_seabios_is_built_from_debians_source_and_boots_over_the_network(tmp_path: Path) -> None:
    store = Store.default()
    try:
        path = obtain_platform_firmware("seabios", store)
    except RigError as error:
        miss(str(error))
    assert path.stat().st_size == 256 << 10
    runs = str(tmp_path / "runs")
    argv = ["boot", "ipxe-debian-13", "--nic", "e1000", "--platform-firmware", "built:seabios", "--runs", runs]
    booted = bootrig(dict(os.environ), *argv)
    assert "SeaBIOS (version 1.16.2-bootrig)" in booted
    assert "Outcome: passed" in booted
