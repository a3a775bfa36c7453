"""Which processor a cell has."""

import os
from pathlib import Path

import pytest

from bootrig.schedule.executors import processors
from bootrig.schedule.executors.processors import Processors, order_processors, run_on

COUNT = 3


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with three processors, whose names nobody else has taken."""
    monkeypatch.setattr(processors, "NAME", f"\0bootrig-test-{os.getpid()}-{{}}")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(COUNT)))
    monkeypatch.setattr(processors, "SIBLINGS", "/nowhere/{}")


@pytest.mark.usefixtures("machine")
def test_each_is_taken_once_whoever_takes_it() -> None:
    first, second = Processors(), Processors()
    assert [first.take(), second.take(), first.take(), second.take(), first.take()] == [0, 1, 2, None, None]
    first.give_back(2)
    first.give_back(None)
    assert second.take() == 2
    second.close()
    assert [first.take(), first.take()] == [1, 2]
    first.close()
    assert [second.take() for _ in range(COUNT)] == [0, 1, 2]
    second.close()


def test_cores_come_before_what_shares_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "SIBLINGS", f"{tmp_path}/{{}}")
    for number, siblings in enumerate(["0,4", "1-2", "1-2", "no number", "0,4"]):
        (tmp_path / str(number)).write_text(f"{siblings}\n")
    assert order_processors(range(6)) == [0, 1, 3, 5, 2, 4]


def test_a_process_runs_on_one_and_goes_on_where_that_is_not_there() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        run_on(1 << 9)
        assert os.sched_getaffinity(0) == allowed
        run_on(max(allowed))
        assert os.sched_getaffinity(0) == {max(allowed)}
    finally:
        os.sched_setaffinity(0, allowed)
