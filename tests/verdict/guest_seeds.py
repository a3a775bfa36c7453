"""Seeded faults in guests: both sides boot the same ROMs in guests of one name, which are not the same."""

from dataclasses import dataclass
from pathlib import Path

from bootrig.recipe.path import VARIABLE
from tests.verdict.seed import Place, Seed, change, regression
from tests.verdict.world import World

NAME = "seeded"
PC = '[machine]\ntype = "pc"\n'
GRAPHICS = "options = { graphics = false }\n"
Q35 = f'[machine]\ntype = "q35"\nmemory_mib = 256\n{GRAPHICS}'
RNG = '[[object]]\nqom-type = "rng-builtin"\nid = "rng0"\n[[device]]\ndriver = "virtio-rng-pci"\nrng = "rng0"\n'
MENU = "options = { graphics = false, boot = { menu = true, splash-time = SPLASH } }\n"
# OVMF of QEMU 10 and later boots no network without random numbers; the ROMs of Debian 13 bring no stack of their own
WITHOUT_RANDOM = Place(("e1000",), "efi-tftp", NAME, "ovmf", "qemu-11")


@dataclass(frozen=True, slots=True)
class GuestFault:
    """Guests of one name that differ.

    Attributes:
        baseline: the file of the right one.
        candidate: the file of the faulty one.
        rom_set: the name of the ROM set in both.
    """

    baseline: str
    candidate: str
    rom_set: str = "ipxe-debian-13"

    def make_worlds(self, place: Place, directory: Path) -> tuple[World, World]:
        """Write a directory of recipes for each side."""
        baseline, candidate = (
            World(self.rom_set, {VARIABLE: str(write_recipe(directory / side, "guests", place.machine, text))})
            for side, text in (("right", self.baseline), ("faulty", self.candidate))
        )
        return baseline, candidate


def write_recipe(directory: Path, kind: str, name: str, text: str) -> Path:
    """Write a recipe into a directory of recipes; return that directory."""
    path = directory / kind / f"{name}.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return directory


SEEDS = (
    Seed("no device of random numbers", GuestFault(Q35 + RNG, Q35), regression(), WITHOUT_RANDOM),
    Seed(
        "a processor without RDRAND",
        GuestFault(Q35 + '[processor]\nmodel = "max"\n', Q35 + '[processor]\nmodel = "qemu64"\n'),
        regression(),
        WITHOUT_RANDOM,
    ),
    Seed(
        "a prompt of 8 s more",
        GuestFault(PC + MENU.replace("SPLASH", "1000"), PC + MENU.replace("SPLASH", "9000"), "ipxe-debian-12"),
        change("start-time"),
        Place(("rtl8139",), machine=NAME),
    ),
)
