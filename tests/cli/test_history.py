"""`bootrig history` and what is new in a verdict, from recorded runs."""

import json
from pathlib import Path

import pytest

from tests.cli.command import run_command
from tests.record.history import make_comparison, make_outcomes
from tests.record.test_history import CELL, CHANGED, FEATURE, GOOD, TWICE_LOST


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a directory in which four runs were made."""
    runs = tmp_path / "bootrig-runs"
    make_comparison(runs, 1, (GOOD,), (GOOD,))
    make_comparison(runs, 2, (GOOD,), (CHANGED,))
    make_outcomes(runs, 3, TWICE_LOST)
    make_comparison(runs, 4, (GOOD,), (CHANGED,))
    return tmp_path


def test_the_runs(place: Path) -> None:
    ended = run_command(place, "history")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines()[1:] == [
        "20260103T000000-run  ./own: 0 of 1 passed",
        "20260102T000000-compare  old, ./own: compatible with changes",
        "20260101T000000-compare  old, ./own: compatible",
        "4 runs",
    ]


def test_a_cell_over_time(place: Path) -> None:
    told = run_command(place, "history", "pxe-tftp/e1000").out.splitlines()
    assert told[0] == f"{CELL}, ./own"
    assert told[1] == "  ..F.  4 runs, first 20260101T000000-compare, last good 20260104T000000-compare"
    assert told[2] == "  ▁▁▁▁  from power-on to the first DISCOVER: 4.00 s (real), last 4.00 s"
    assert told[-1] == ". passed, F failed"


def test_a_terminal_without_blocks_gets_other_marks(place: Path) -> None:
    told = run_command(
        place, "history", "pxe-tftp", environment={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    ).out
    assert "  ____  from power-on" in told


def test_a_difference_over_time(place: Path) -> None:
    told = run_command(place, "history", "features@pxe-tftp").out.splitlines()
    assert told[0] == FEATURE
    assert told[2] == (
        "  .~~  in 2 of 3 comparisons, first 20260102T000000-compare, last 20260104T000000-compare, "
        "last without it 20260101T000000-compare"
    )
    told_json = json.loads(run_command(place, "history", "features@*", "--json").out)
    assert told_json["format"] == "bootrig-history/1"
    assert [one["state"] for one in told_json["differences"][0]["states"]] == ["absent", "change", "change"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pxe-tfp", 'no run has tried a cell pxe-tfp; did you mean "pxe-tftp"?'),
        (f"feature@{CELL}", "no comparison has shown a difference feature@"),
        ("features@a/b/c/d/e/f", "a cell has five parts"),
    ],
)
def test_what_no_run_has_is_wrong_input(name: str, message: str, place: Path) -> None:
    ended = run_command(place, "history", name)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err


def test_a_run_that_is_judged_again_tells_what_was_new(place: Path) -> None:
    ended = run_command(place, "judge", "@last-2", "--report", "json=verdict.json")
    assert "Note: since the run 20260101T000000-compare: 1 change new." in ended.out
    assert "[features, new]" in ended.out
    verdict = json.loads((place / "verdict.json").read_text())
    assert verdict["news"] == {"since": "20260101T000000-compare", "new": [FEATURE], "gone": []}
    assert "Note: nothing is new since the run 20260102T000000-compare." in run_command(place, "judge", "@last").out
