"""What hangs in a cell, told by the states of real processes."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootrig.cell.watchdog import STOPPED_LOOKS, Watchdog, find_limit_s
from bootrig.process_tree import iter_tree, kill_tree
from tests.cell.scripted_guest import make_scenario
from tests.test_process_tree import await_state, await_tree


@pytest.fixture
def cell() -> Iterator[tuple[int, ...]]:
    """Processes in the places of a cell's: its own, keeper, init, a server."""
    words = ["sh", "-c", "sh -c 'sh -c \"sleep 1000; :\"; :'; :"]
    with subprocess.Popen(words, start_new_session=True) as popen:
        await_tree(popen.pid, ["sh", "sh", "sh", "sleep"])
        yield tuple(process.pid for process in iter_tree(popen.pid))
        kill_tree(popen.pid)


@pytest.mark.parametrize(
    ("number", "name"),
    [(0, "the cell's process"), (1, "the keeper of its namespaces"), (2, "its init process"), (3, "sleep")],
)
def test_what_is_stopped_for_a_while_is_named(number: int, name: str, cell: tuple[int, ...]) -> None:
    watchdog = Watchdog(cell[0], None)
    assert watchdog.find_fault() == ""
    os.kill(cell[number], signal.SIGSTOP)
    await_state(cell[number], "T")
    assert [watchdog.find_fault() for _ in range(STOPPED_LOOKS - 1)] == [""] * (STOPPED_LOOKS - 1)
    assert watchdog.find_fault() == f"{name} was stopped (SIGSTOP or a debugger)"


def test_what_goes_on_in_time_is_well(cell: tuple[int, ...]) -> None:
    watchdog = Watchdog(cell[0], None)
    for _ in range(3):
        os.kill(cell[3], signal.SIGSTOP)
        await_state(cell[3], "T")
        assert [watchdog.find_fault() for _ in range(STOPPED_LOOKS - 1)] == [""] * (STOPPED_LOOKS - 1)
        os.kill(cell[3], signal.SIGCONT)
        await_state(cell[3], "S")
        assert watchdog.find_fault() == ""


def test_all_that_is_stopped_is_named(cell: tuple[int, ...]) -> None:
    watchdog = Watchdog(cell[1], None, ("keeper", "init"))
    for pid in cell[1:3]:
        os.kill(pid, signal.SIGSTOP)
        await_state(pid, "T")
    assert [watchdog.find_fault() for _ in range(STOPPED_LOOKS)][-1] == (
        "keeper and init were stopped (SIGSTOP or a debugger)"
    )


def test_the_outer_deadline_tells_what_each_process_does(cell: tuple[int, ...]) -> None:
    for pid in cell:
        await_state(pid, "S")
    assert Watchdog(cell[0], 0.0).find_fault() == (
        "the cell did not end within 0 s: the cell's process sleeps, the keeper of its namespaces sleeps, "
        "its init process sleeps, sleep sleeps"
    )
    kill_tree(cell[0])
    assert Watchdog(cell[0], 0.0).find_fault() == ("the cell did not end within 0 s: none of its processes is left")


def test_the_outer_deadline_is_after_the_cell_s_own(tmp_path: Path) -> None:
    """That one counts from the guest's start."""
    assert find_limit_s(make_scenario(tmp_path, wall_s=30)) == 60 + 30 + 10
