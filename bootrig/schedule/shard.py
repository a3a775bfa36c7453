"""A part of a matrix, for one of several machines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from bootrig.errors import InputError
from bootrig.schedule.errors import CellSelectionError
from bootrig.schedule.plan import PlannedCell

# How much longer than a cell with SeaBIOS one with OVMF takes.
WEIGHTS = {"ovmf": 4}
_NUMBERS = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts, by its number from 1 on."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the shard that `text` names: `3/8`.

        Raises:
            InputError: it names none.
        """
        numbers = _NUMBERS.fullmatch(text)
        if numbers is None or int(numbers[1]) > int(numbers[2]):
            raise InputError(f'"{text}" is not a shard, expected its number and how many there are, as 3/8')
        return cls(int(numbers[1]), int(numbers[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def select(self, planned: Sequence[PlannedCell]) -> tuple[PlannedCell, ...]:
        """Return the cells of this part: each is in one part, whatever machine asks, and all parts take about as long.

        Cells with the same NIC model, guest, platform firmware and emulator stay together where they can: what is
        learnt of one of them serves the others.

        Raises:
            CellSelectionError: there are fewer cells than parts.
        """
        if len(planned) < self.count:
            raise CellSelectionError(
                f"shard {self}: there are {len(planned)} cells", remedy="ask for fewer shards, or for more cells"
            )
        ordered = sorted(planned, key=lambda cell: (_find_place(cell), cell.key))
        total, before, chosen = sum(map(_weigh, ordered)), 0, set()
        for index, cell in enumerate(ordered):
            # as many cells are left for the other parts as there are parts
            part = min(max(before * self.count // total, index - len(ordered) + self.count), index)
            if part == self.number - 1:
                chosen.add(cell.key)
            before += _weigh(cell)
        return tuple(cell for cell in planned if cell.key in chosen)


def _find_place(cell: PlannedCell) -> tuple[str, ...]:
    key = cell.key
    return key.emulator, key.platform_firmware, key.machine, key.nic_model


def _weigh(cell: PlannedCell) -> int:
    return WEIGHTS.get(cell.family, 1)
