"""In which order cells are run."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.cell.specification import CellSpecification
from bootrig.schedule.equipment import specify
from bootrig.schedule.order import Queue
from bootrig.schedule.plan import Filters, plan_cells
from bootrig.trace.attempt import Attempt
from bootrig.trace.trace import Clock, ClockKind
from tests.schedule.sample import make_equipment, make_side

VIRTUAL, REAL = Clock(ClockKind.VIRTUAL, 7), Clock(ClockKind.REAL)


def make(directory: Path, words: str) -> list[CellSpecification]:
    """Return cells by letters: `s` SeaBIOS, `o` OVMF, `r` SeaBIOS in real time, `R` OVMF in real time."""
    (planned,) = plan_cells(Filters(scenarios=("pxe-tftp",), nic_models=("e1000",), machines=("pc",)))
    cell = specify(planned, make_side(directory), make_equipment(), directory, Attempt(VIRTUAL))
    return [
        replace(
            cell,
            key=replace(
                cell.key, scenario=f"{letter}{number}", platform_firmware="ovmf" if letter in "oR" else "seabios"
            ),
            attempt=Attempt(REAL if letter in "rR" else VIRTUAL),
        )
        for number, letter in enumerate(words)
    ]


def run(cells: Sequence[CellSpecification], jobs: int, costs: dict[str, int]) -> list[str]:
    """Return the order in which cells start where each takes so many steps."""
    queue, started = Queue(cells, jobs), list[str]()
    left: list[tuple[int, CellSpecification]] = []
    while queue or left:
        while queue and len(left) < jobs:
            cell = queue.pop([one for _, one in left])
            assert cell is not None
            started.append(cell.key.scenario)
            left.append((costs[cell.key.scenario[0]], cell))
        first = min(steps for steps, _ in left)
        left = [(steps - first, one) for steps, one in left if steps > first]
    return started


COSTS = {"s": 1, "o": 4, "r": 6, "R": 8}


@pytest.mark.parametrize(
    ("words", "jobs", "order"),
    [
        ("sss", 2, "s0 s1 s2"),
        # the long ones first, one at a time, and short ones beside them
        ("soso", 1, "o1 o3 s0 s2"),
        ("ssoo", 2, "o2 s0 s1 o3"),
        ("ssssosso", 2, "o4 s0 s1 s2 s3 o7 s5 s6"),
        ("oro", 2, "r1 o0 o2"),
        ("ssrsRss", 2, "R4 s0 s1 s3 s5 s6 r2"),
        # half of the places for each sort
        ("sssooo", 4, "o3 o4 s0 s1 s2 o5"),
        ("", 2, ""),
    ],
)
def test_long_cells_run_beside_short_ones(words: str, jobs: int, order: str, tmp_path: Path) -> None:
    assert " ".join(run(make(tmp_path, words), jobs, COSTS)) == order
