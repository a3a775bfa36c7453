"""The sides of a run: ROM sets, obtained and embedded."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bootrig.romset.embed import embed_rom_set
from bootrig.romset.kinds.rom import is_single_rom
from bootrig.romset.obtain import obtain_rom_set
from bootrig.schedule.errors import CellSelectionError
from bootrig.schedule.plan import PlannedCell
from bootrig.schedule.stack import Stack
from bootrig.store.content import Store
from bootrig.workdir import ROMS_DIRECTORY
from firmware.nic import find_nic_model
from firmware.optionrom.rom import survey_option_rom
from firmware.romset import RomFile, RomSet


@dataclass(frozen=True, slots=True)
class Side:
    """One ROM set of a run, where it is embedded, its label (no two sides share one), and what the user named it by.

    A side that is held against another is booted without a ROM too: that such guests do not start must show. One that
    is recorded is booted without an image for the platform firmware, too: another side may have one. The `stack` is
    what the side sets beside its ROMs.
    """

    rom_set: RomSet
    directory: Path
    label: str
    given: str = ""
    is_compared: bool = False
    stack: Stack = field(default_factory=Stack)
    is_recorded: bool = False

    def find_rom(self, nic_model: str) -> RomFile | None:
        """Return the set's ROM for a NIC model, None where it has none."""
        return find_rom(self.rom_set, nic_model)

    def covers(self, nic_model: str) -> bool:
        """Whether the set has a ROM for a NIC model."""
        return self.find_rom(nic_model) is not None

    def suits(self, cell: PlannedCell, asked: str = "") -> bool:
        """Whether the set's ROM for a cell has an image for its platform firmware; a damaged ROM counts as suitable.

        `asked` is the file for which the cell's NIC asks on its machine type, empty where that is not known.
        """
        rom = self.rom_set.installed_files().get(asked) or self.find_rom(cell.key.nic_model)
        if rom is None:
            return False
        survey = survey_option_rom(rom.content)
        wants_efi = cell.family == "ovmf"
        return bool(survey.damage) or any(i.is_efi if wants_efi else i.is_bios for i in survey.rom.images)


def embed_side(
    rom_set: RomSet,
    given: str,
    run_directory: Path,
    label: str,
    *,
    is_compared: bool = False,
    stack: Stack | None = None,
) -> Side:
    """Embed a ROM set into the run's directory; ROMs that the store has take no space there.

    The side sets what the `stack` says, None for nothing.

    Raises:
        RigError: it cannot be embedded: no space is left, say.
    """
    directory = run_directory / ROMS_DIRECTORY / label
    directory.parent.mkdir(parents=True, exist_ok=True)
    embed_rom_set(rom_set, directory, durable=False, find_file=Store.default().find_intact)
    return Side(rom_set, directory, label, given, is_compared, stack or Stack())


def narrow_cells(
    planned: Sequence[PlannedCell], rom_sets: Sequence[RomSet], names: Sequence[str]
) -> tuple[PlannedCell, ...]:
    """Return the cells whose NIC each side that is a single ROM has a ROM for: of others it says nothing.

    Raises:
        CellSelectionError: none is left.
    """
    single = {name: rom_set for name, rom_set in zip(names, rom_sets, strict=True) if is_single_rom(rom_set.origin)}
    left = tuple(cell for cell in planned if all(find_rom(found, cell.key.nic_model) for found in single.values()))
    if not left:
        raise CellSelectionError(
            f"no NIC that is asked for has its ROM in {' and '.join(single)}",
            remedy=f"bootrig roms show {[*single][-1]}",
        )
    return left


def find_rom(rom_set: RomSet, nic_model: str) -> RomFile | None:
    """Return a set's ROM for a NIC model, None where it has none."""
    model = find_nic_model(nic_model)
    return None if model is None else rom_set.find_rom(model.rom_stem, model.rom_prefix)


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
