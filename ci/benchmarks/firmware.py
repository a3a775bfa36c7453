"""Reading and judging a whole ROM set; asking for a build that has nothing to do."""

import time
from collections.abc import Iterator

from bootrig.romset.obtain import obtain_rom_set
from ci.benchmarks import Figure
from ci.benchmarks.start import ROOT, wall_s
from firmware.lint.check import lint_set
from firmware.lint.subject import examine_set
from firmware.optionrom.rom import parse_option_rom

ROM_SET = "ipxe-debian-13"
RECIPE = "seabios"


def iter_figures() -> Iterator[Figure]:
    """Yield the time to parse a set, to parse and lint it, and to find that a build is done."""
    rom_set = obtain_rom_set(ROM_SET)
    begun_s = time.perf_counter()
    for rom in rom_set.roms:
        parse_option_rom(rom.content)
    parse_s = time.perf_counter() - begun_s
    yield Figure(f"parse {len(rom_set.roms)} ROMs of {ROM_SET}", parse_s, "s")
    begun_s = time.perf_counter()
    lint_set(examine_set(rom_set))
    lint_s = time.perf_counter() - begun_s
    yield Figure("parse, unpack and lint them", lint_s, "s", parse_s, limit=0.5)
    wall_s(ROOT / "ci/bootrig", "build", RECIPE, repeats=1)
    yield Figure("a build with nothing to do", wall_s(ROOT / "ci/bootrig", "build", RECIPE), "s", limit=0.5)
