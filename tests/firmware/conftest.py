"""The real ROM sets, for tests that read what was shipped."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from bootrig.errors import RigError
from bootrig.romset.obtain import obtain_rom_set
from bootrig.store.settings import load_settings
from firmware.romset import RomSet
from tests.conftest import USER_STORE
from tests.requirements import miss


@pytest.fixture(scope="session")
def real_rom_set(debian_rom_set: Callable[[str], RomSet]) -> Callable[[str], RomSet]:
    """Return a function that returns a real ROM set; QEMU's own only where somebody imported them into the store."""
    settings = replace(load_settings(), offline=True)

    @cache
    def obtain(name: str) -> RomSet:
        if "debian" in name:
            return debian_rom_set(name)
        try:
            return obtain_rom_set(name, USER_STORE, settings=settings)
        except RigError as error:
            miss(f"{name} is not in the store: {error}", "imported-rom-sets")

    return obtain
