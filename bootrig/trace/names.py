"""Names of cells: `SCENARIO/NIC/MACHINE/FIRMWARE/EMULATOR`, always five parts.

Source: this project's run format; people may leave out trailing parts and write patterns of the shell.
"""

import re
from dataclasses import astuple, dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from bootrig.errors import InputError

PARTS = ("scenario", "nic_model", "machine", "platform_firmware", "emulator")
ANY_CELL = "*"
DEFAULT_EMULATOR = "host"
VARIED = "-"
"""A part of a cell's name that a side sets: `emulator=`, `platform-firmware=`."""
_PART = re.compile(r"[^/@\s]+")


class CellNameError(InputError):
    """A text is not the name of a cell."""


@dataclass(frozen=True, slots=True, order=True)
class CellKey:
    """What is tried, apart from the side: cells of a baseline and a candidate pair by this key.

    Attributes:
        scenario: the scenario's name, with its variant in brackets where it has any: `nbp-sizes[16k]`.
        nic_model: the QOM type of the NIC.
        machine: the name of the guest's definition: `pc`, `q35`.
        platform_firmware: `seabios`, `ovmf` or the name of a recipe; `-` where a side sets it.
        emulator: the name of the emulator's recipe, `host` by default; `-` where a side sets it.
    """

    scenario: str
    nic_model: str
    machine: str
    platform_firmware: str
    emulator: str = DEFAULT_EMULATOR

    def __str__(self) -> str:
        """Return the cell's name."""
        return "/".join(astuple(self))

    @property
    def directory_name(self) -> str:
        """The name as one word that serves as a directory's name; nobody takes it apart again."""
        return re.sub(r"[^A-Za-z0-9_.+-]", "_", str(self).replace("/", "+"))


def tell_stack(platform_firmware: str, emulator: str) -> str:
    """Return the last parts of a cell's name in words, to stand behind its machine: ` with ovmf on qemu-11`.

    What a side sets is left out, and so is the default emulator.
    """
    firmware = "" if platform_firmware == VARIED else f" with {platform_firmware}"
    return firmware if emulator in (VARIED, DEFAULT_EMULATOR) else f"{firmware} on {emulator}"


@lru_cache(maxsize=4096)
def parse_cell_name(name: str) -> CellKey:
    """Return the cell that `name` names.

    Raises:
        CellNameError: it does not have five parts, or a part is empty or holds `@` or white space.
    """
    parts = name.split("/")
    if len(parts) != len(PARTS) or not all(_PART.fullmatch(part) for part in parts):
        raise CellNameError(f'"{name}" is not the name of a cell: expected SCENARIO/NIC/MACHINE/FIRMWARE/EMULATOR')
    return CellKey(*parts)


def matches_pattern(word: str, pattern: str) -> bool:
    """Whether `word` matches a pattern of the shell; brackets are those of a scenario's variant, not a pattern's."""
    return fnmatchcase(word, re.sub(r"\[", "[[]", pattern))


def matches_cell(key: CellKey, pattern: str) -> bool:
    """Whether a cell matches `pattern`: a name whose parts may be patterns and whose trailing parts may be missing."""
    wanted = pattern.split("/")
    parts = astuple(key)
    return len(wanted) <= len(parts) and all(map(matches_pattern, parts, wanted))


def name_difference(rule: str, cell: CellKey | None, subject: str = "") -> str:
    """Return the name of a difference: `RULE@CELL` or `RULE@CELL:SUBJECT`, `RULE@*` for the sets as wholes."""
    place = f"{rule}@{cell or ANY_CELL}"
    return f"{place}:{subject}" if subject else place


@dataclass(frozen=True, slots=True)
class DifferencePattern:
    """What a waiver's `id` says: patterns of the rule, of the cell's parts, of the subject (None for any).

    The cell `*` alone matches cells and the sets as wholes.
    """

    rule: str
    cell: str
    subject: str | None

    def matches(self, rule: str, cell: CellKey | None, subject: str) -> bool:
        """Whether a difference has such a name."""
        if not matches_pattern(rule, self.rule):
            return False
        if self.subject is not None and not matches_pattern(subject, self.subject):
            return False
        return self.cell == ANY_CELL or (cell is not None and matches_cell(cell, self.cell))

    def matches_name(self, name: str) -> bool:
        """Whether a difference that is called so is meant; false for what is not the name of one."""
        try:
            told = parse_difference_pattern(name)
            cell = None if told.cell == ANY_CELL else parse_cell_name(told.cell)
        except CellNameError:
            return False
        return self.matches(told.rule, cell, told.subject or "")


def parse_difference_pattern(text: str) -> DifferencePattern:
    """Return the pattern that `text` is: `RULE@CELL:SUBJECT`, the subject behind the first `:` after the fourth `/`.

    Raises:
        CellNameError: it has no `@`, or its cell has more than five parts.
    """
    rule, at, rest = text.partition("@")
    if not at or not rule or not rest:
        raise CellNameError(f'"{text}" does not name a difference: expected RULE@CELL or RULE@CELL:SUBJECT')
    whole_set, _, of_sets = rest.partition(":")
    if whole_set == ANY_CELL:
        return DifferencePattern(rule, ANY_CELL, of_sets if ":" in rest else None)
    parts = rest.split("/", len(PARTS) - 1)
    last, colon, subject = parts[-1].partition(":")
    cell = "/".join([*parts[:-1], last])
    if cell.count("/") >= len(PARTS):
        raise CellNameError(f'"{text}" does not name a difference: a cell has five parts')
    return DifferencePattern(rule, cell, subject if colon else None)
