"""The sides of a run: ROM sets, obtained and embedded."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bootrig.romset.embed import embed_rom_set
from bootrig.romset.obtain import obtain_rom_set
from bootrig.scenario.platform import firmware_family
from bootrig.trace.names import CellKey
from bootrig.workdir import ROMS_DIRECTORY
from firmware.nic import find_nic_model
from firmware.optionrom.rom import survey_option_rom
from firmware.romset import RomFile, RomSet


@dataclass(frozen=True, slots=True)
class Side:
    """One ROM set of a run, where it is embedded, its label (no two sides share one), and what the user named it by.

    A side that is held against another is booted without a ROM too: that such guests do not start must show.
    """

    rom_set: RomSet
    directory: Path
    label: str
    given: str = ""
    is_compared: bool = False

    def find_rom(self, nic_model: str) -> RomFile | None:
        """Return the set's ROM for a NIC model, None where it has none."""
        model = find_nic_model(nic_model)
        return None if model is None else self.rom_set.find_rom(model.rom_stem, model.rom_prefix)

    def covers(self, nic_model: str) -> bool:
        """Whether the set has a ROM for a NIC model."""
        return self.find_rom(nic_model) is not None

    def suits(self, key: CellKey, asked: str = "") -> bool:
        """Whether the set's ROM for a cell has an image for its platform firmware; a damaged ROM counts as suitable.

        `asked` is the file for which the cell's NIC asks on its machine type, empty where that is not known.
        """
        rom = self.rom_set.installed_files().get(asked) or self.find_rom(key.nic_model)
        if rom is None:
            return False
        survey = survey_option_rom(rom.content)
        wants_efi = firmware_family(key.platform_firmware) == "ovmf"
        return bool(survey.damage) or any(i.is_efi if wants_efi else i.is_bios for i in survey.rom.images)


def embed_side(rom_set: RomSet, given: str, run_directory: Path, label: str, *, is_compared: bool = False) -> Side:
    """Embed a ROM set into the run's directory.

    Raises:
        RigError: it cannot be embedded: no space is left, say.
    """
    directory = run_directory / ROMS_DIRECTORY / label
    directory.parent.mkdir(parents=True, exist_ok=True)
    embed_rom_set(rom_set, directory, durable=False)
    return Side(rom_set, directory, label, given, is_compared)


def obtain_sides(names: Sequence[str]) -> tuple[RomSet, ...]:
    """Return the ROM sets that users name, each obtained once.

    Raises:
        DocumentError: there is no such recipe.
        UnavailableError: its files are not available.
    """
    obtained = {name: obtain_rom_set(name) for name in dict.fromkeys(names)}
    return tuple(obtained[name] for name in names)


def label_sides(names: Sequence[str]) -> tuple[str, ...]:
    """Return a directory's name for each ROM set; a name may be a path."""
    words = [re.sub(r"[^A-Za-z0-9_.+-]+", "_", name).strip("._") or "set" for name in names]
    return tuple(f"{word}-{index}" if words.index(word) != index else word for index, word in enumerate(words))
