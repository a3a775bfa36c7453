"""What of the stack under its ROMs a side sets: the emulator, the platform firmware.

An axis that either side sets is `-` in the names of the cells of all sides; each side has what it sets, else what the
cell would have without sides: the host's emulator, and the emulator's own platform firmware.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bootrig.document.toml import suggest
from bootrig.emulator.errors import PlatformFirmwareMissingError
from bootrig.emulator.release.discovery import find_host_emulator, find_platform_firmware
from bootrig.emulator.release.firmware_file import OVMF, find_firmware_family
from bootrig.emulator.release.recipes import HOST, is_program, require_emulator
from bootrig.errors import InputError
from bootrig.recipe.path import RecipeKind, iter_recipe_names
from bootrig.romset.side import parse_side
from bootrig.scenario.platform import BUILT_PREFIX, FAMILIES, find_firmware_file, firmware_family, name_firmware_file
from bootrig.schedule.errors import CellSelectionError, EmptySelectionError
from bootrig.schedule.plan import PlannedCell
from bootrig.trace.names import VARIED, CellKey


@dataclass(frozen=True, slots=True)
class Stack:
    """What a side sets: the name or path of an emulator (empty for none), names of platform firmware by family."""

    emulator: str = ""
    platform_firmware: Mapping[str, str] = field(default_factory=dict)

    def assign(self, cell: PlannedCell) -> PlannedCell:
        """Return a cell as this side boots it."""
        return replace(
            cell,
            emulator=self.emulator or cell.emulator,
            platform_firmware=self.platform_firmware.get(cell.family, cell.platform_firmware),
        )


def resolve_stack(side: str) -> Stack:
    """Return what a side, as users name it, sets; nothing is fetched for that.

    Raises:
        InputError: it is not a side, or there is nothing of a name.
    """
    words = parse_side(side)
    if words.emulator:
        require_emulator(words.emulator)
    emulator = str(Path(words.emulator).absolute()) if is_program(words.emulator) else words.emulator
    return Stack(emulator, _resolve_firmware(words.platform_firmware) if words.platform_firmware else {})


def _resolve_firmware(what: str) -> Mapping[str, str]:
    """Return the names of the platform firmware that `what` names, by family."""
    if what == HOST:
        return dict(_iter_host_firmware())
    if "/" in what:
        path = Path(what).absolute()
        family = find_firmware_family(path)
        return {family: name_firmware_file(family, path)}
    known = (*FAMILIES, *(f"{BUILT_PREFIX}{name}" for name in iter_recipe_names(RecipeKind.PLATFORM_FIRMWARE)), HOST)
    if what not in known:
        beside = f"name a path with a slash: ./{what}" if Path(what).is_file() else f"known: {', '.join(known)}, ./FILE"
        raise InputError(f'there is no platform firmware "{what}"{suggest(what, known)}', remedy=beside)
    return {firmware_family(what): what}


def _iter_host_firmware() -> Iterator[tuple[str, str]]:
    """Yield what the host's emulator has, by family; a machine may have one of them only."""
    emulator = find_host_emulator()
    for family in FAMILIES:
        with suppress(PlatformFirmwareMissingError):
            yield family, name_firmware_file(family, find_platform_firmware(emulator, family).code)


def vary_cells(planned: Sequence[PlannedCell], stacks: Sequence[Stack]) -> tuple[PlannedCell, ...]:
    """Return the cells that all sides can have, with `-` in their names for what any side sets.

    Raises:
        CellSelectionError: none is left, or two have one name.
    """
    varies_emulator = any(stack.emulator for stack in stacks)
    families = [set(stack.platform_firmware) for stack in stacks if stack.platform_firmware]
    if not varies_emulator and not families:
        return tuple(planned)
    found: dict[CellKey, PlannedCell] = {}
    for cell in planned:
        if not all(cell.family in some for some in families):
            continue
        key = cell.key
        if varies_emulator:
            key = replace(key, emulator=VARIED)
        if families:
            key = replace(key, platform_firmware=VARIED)
        other = found.setdefault(key, replace(cell, key=key))
        if other.platform_firmware != cell.platform_firmware:
            raise CellSelectionError(
                f"{key} is tried with {other.platform_firmware} and {cell.platform_firmware}, which the sides set",
                remedy=f"add --platform-firmware {cell.family}",
            )
    if not found:
        words = " and ".join(sorted({family for some in families for family in some}))
        raise EmptySelectionError(
            f"no scenario that is asked for boots with the platform firmware of all sides: {words}",
            remedy="leave out filters, or name platform firmware of one family",
        )
    return tuple(found.values())


def assign_cells(planned: Iterable[PlannedCell], stacks: Sequence[Stack]) -> tuple[PlannedCell, ...]:
    """Return the cells as the sides boot them, those of all sides."""
    cells = tuple(planned)
    return tuple(stack.assign(cell) for stack in stacks for cell in cells)


def require_portable(stacks: Sequence[Stack]) -> None:
    """Refuse what workers elsewhere cannot be given: a UEFI firmware, which is two files beside the emulator's.

    Raises:
        InputError: a side has one.
    """
    for name in (name for stack in stacks for name in stack.platform_firmware.values()):
        if find_firmware_file(name) and firmware_family(name) == OVMF:
            raise InputError(
                f"--on: workers do not take {name} from here", remedy="boot on this machine: leave out --on"
            )


def require_filters(emulators: Sequence[str], platform_firmware: Sequence[str], stacks: Sequence[Stack]) -> None:
    """Refuse filters of what sides set.

    Raises:
        InputError: there are such.
    """
    if emulators and any(stack.emulator for stack in stacks):
        raise InputError("--emulator contradicts emulator= of a side", remedy="leave one of them out")
    named = [name for name in platform_firmware if name not in FAMILIES]
    if named and any(stack.platform_firmware for stack in stacks):
        raise InputError(
            f"--platform-firmware {named[0]} contradicts platform-firmware= of a side", remedy="leave one of them out"
        )
