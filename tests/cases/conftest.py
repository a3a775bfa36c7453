"""The boots of the cases: each ROM set boots once what one ring has of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.romset import RomSet
from tests.cases.table import CASES, Case
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
    """Return a function that returns the boots among which a case is."""

    def boot(case: Case) -> Boots:
        real_rom_set(case.rom_set)
        if case.scenario.startswith("pxelinux"):
            for path in PXELINUX:
                require_file(Path(path))
        names = {one.scenario: None for one in CASES if (one.rom_set, one.is_quick) == (case.rom_set, case.is_quick)}
        words = [word for name in names for word in ("--scenario", name)]
        directory = session_directory / f"cases-{'quick' if case.is_quick else 'slow'}-{case.rom_set}"
        fixed = ("--nic", "e1000", "--machine", "pc", "--json", "outcomes.json")
        return boot_once(directory, "run", case.rom_set, *fixed, *words, environment=RECIPES)

    return boot
