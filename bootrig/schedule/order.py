"""In which order cells are run: long boots first, and beside short ones, so that all jobs are busy to the end."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from bootrig.cell.specification import CellSpecification

# Seconds of wall time that a boot takes on an idle machine, by whether its clock is virtual, and by its platform
# firmware: measured, and not more than a guide.
_COSTS_S = {(True, False): 1.0, (True, True): 3.5, (False, False): 6.0, (False, True): 8.0}
# What a boot that goes on from a prefix takes of that.
_CLONED_SHARE = 0.25
LONG_S = 3.0


def estimate_cost_s(specification: CellSpecification) -> float:
    """Return how long a boot may take, so that longer ones can be told from shorter ones."""
    cost_s = _COSTS_S[specification.clock.is_virtual, specification.family == "ovmf"]
    return cost_s * _CLONED_SHARE if specification.prefix else cost_s


class Queue:
    """Cells that wait for one of `jobs` places.

    A boot in real time waits for timers most of the time, one under OVMF runs code. Half of the places are for such
    long ones, as long as there are short ones for the other half. Each sort is in the order of its estimated cost, the
    longest first, else as it was given.
    """

    def __init__(self, specifications: Sequence[CellSpecification], jobs: int) -> None:
        ordered = sorted(specifications, key=estimate_cost_s, reverse=True)
        self._long = deque(one for one in ordered if is_long(one))
        self._short = deque(one for one in ordered if not is_long(one))
        self._places = max(1, jobs // 2)

    def __bool__(self) -> bool:
        return bool(self._long or self._short)

    def __iter__(self) -> Iterator[CellSpecification]:
        return iter([*self._long, *self._short])

    def pop(
        self, running: Sequence[CellSpecification], may_begin: Callable[[CellSpecification], bool] = lambda _cell: True
    ) -> CellSpecification | None:
        """Remove and return the cell that is to start beside those that run; None where none of them `may_begin`."""
        wants_long = sum(map(is_long, running)) < self._places
        for cells in (self._long, self._short) if wants_long else (self._short, self._long):
            for index, one in enumerate(cells):
                if may_begin(one):
                    del cells[index]
                    return one
        return None


def is_long(specification: CellSpecification) -> bool:
    """Whether a boot is one of the long ones."""
    return estimate_cost_s(specification) >= LONG_S
