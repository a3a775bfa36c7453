"""The boots of the cases, each of which is booted once, whichever test asks first."""

from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.romset import RomSet
from tests.cases.table import Case
from tests.cell.boots import Boots, boot_once
from tests.firmware.conftest import real_rom_set
from tests.network.requirements import require_file

__all__ = ["real_rom_set"]

RECIPES = {"BOOTRIG_RECIPES": str(Path(__file__).parent / "recipes")}
PXELINUX = ("/usr/lib/PXELINUX/pxelinux.0", "/usr/lib/syslinux/modules/bios/ldlinux.c32")


@pytest.fixture
def recipes() -> dict[str, str]:
    """The environment in which the scenarios and guests of the cases are known."""
    return RECIPES


@pytest.fixture
def boot_case(session_directory: Path, real_rom_set: Callable[[str], RomSet]) -> Callable[[Case], Boots]:
    """Return a function that boots a case."""

    def boot(case: Case) -> Boots:
        real_rom_set(case.rom_set)
        if case.scenario.startswith("pxelinux"):
            for path in PXELINUX:
                require_file(Path(path))
        directory = session_directory / "cases" / f"{case.scenario}-{case.rom_set}"
        words = ("--scenario", case.scenario, "--nic", "e1000", "--machine", "pc", "--json", "outcomes.json")
        return boot_once(directory, "run", case.rom_set, *words, environment=RECIPES)

    return boot
