"""Lists of runs, and removing old ones."""

import os
from pathlib import Path
from typing import Any, NoReturn

import pytest
from msgspec import structs

from bootrig.record import listing
from bootrig.record.listing import RunState, list_runs, measure, prune_runs
from bootrig.record.presence import is_under_way, start_run
from bootrig.record.run import RecordedRun, RunCell, write_run
from tests.compare.factory import Boot
from tests.record.test_run import make_run

ENDED: dict[str, Any] = {"ended": "2026-11-25T14:40:00Z", "exit_status": 0, "outcome": "COMPATIBLE", "length": 4096}


def make_ended(parent: Path, day: int, **changes: Any) -> RecordedRun:
    made = make_run(parent / f"202611{day:02}T120000-run", ("set", (Boot(),)))
    run = structs.replace(made.run, **{"started": f"2026-11-{day:02}T12:00:00Z", **ENDED, **changes})
    write_run(run, made.directory)
    return RecordedRun(run, made.directory)


def test_runs_are_listed_newest_first_with_their_results(tmp_path: Path) -> None:
    make_ended(tmp_path, 1)
    make_ended(tmp_path, 3, exit_status=1, outcome="")
    make_ended(tmp_path, 2, ended=None, exit_status=None, outcome="", length=None)
    (tmp_path / "20261104T120000-run").mkdir()
    (tmp_path / "20261105T120000-run").mkdir()
    (tmp_path / "20261105T120000-run" / "run.json").write_text('{"format": "bootrig-run/7"}')
    with start_run(tmp_path / "20261102T120000-run"):
        listed = list_runs(tmp_path)
    assert [(one.name[6:8], one.state, one.result) for one in listed] == [
        ("05", RunState.DAMAGED, "damaged"),
        ("04", RunState.DAMAGED, "damaged"),
        ("03", RunState.ENDED, "bad"),
        ("02", RunState.UNDER_WAY, "under way"),
        ("01", RunState.ENDED, "COMPATIBLE"),
    ]
    assert [one.fault.partition(":")[0] for one in listed if one.fault] == ["run.json", "run.json"]
    assert "bootrig-run/7" in listed[0].fault
    assert list_runs(tmp_path)[3].result == "did not end"
    assert [one.cells for one in listed] == [0, 0, 1, 1, 1]


def test_a_cell_of_two_sides_counts_once(tmp_path: Path) -> None:
    made = make_ended(tmp_path, 1)
    cell = made.run.cells[0]
    write_run(structs.replace(made.run, cells=(cell, RunCell(cell.cell, "other", "cells/x"))), made.directory)
    assert list_runs(tmp_path)[0].cells == 1


def test_of_runs_that_have_ended_only_their_document_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(1, 6):
        make_ended(tmp_path, day)

    def refuse(directory: Path) -> NoReturn:
        pytest.fail(f"{directory} is walked or locked")

    monkeypatch.setattr(listing, "measure", refuse)
    monkeypatch.setattr(listing, "is_under_way", refuse)
    assert sum(one.length for one in list_runs(tmp_path)) == 5 * 4096


@pytest.mark.parametrize("change", [{"started": "yesterday"}, {"exit_status": 77}])
def test_a_document_that_says_what_cannot_be_is_damaged(tmp_path: Path, change: dict[str, Any]) -> None:
    make_ended(tmp_path, 1, **change)
    assert list_runs(tmp_path)[0].state is RunState.DAMAGED


def test_what_is_not_a_run_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / ".bootrig-gone-x").mkdir()
    (tmp_path / "20261101T120000-run").write_text("a file")
    (tmp_path / "latest").symlink_to("notes")
    assert list_runs(tmp_path) == list_runs(tmp_path / "nothing") == ()
    assert prune_runs(tmp_path / "nothing", keep=0).removed == ()


def test_a_run_takes_no_space_for_files_that_are_kept_elsewhere(tmp_path: Path) -> None:
    made = make_ended(tmp_path, 1)
    before = measure(made.directory)
    stored = tmp_path / "stored"
    stored.write_bytes(os.urandom(100_000))
    (made.directory / "x.rom").hardlink_to(stored)
    assert measure(made.directory) == before
    (made.directory / "y.rom").write_bytes(stored.read_bytes())
    assert measure(made.directory) >= before + 100_000


def test_all_but_the_newest_are_removed(tmp_path: Path) -> None:
    for day in range(1, 5):
        make_ended(tmp_path, day)
    (tmp_path / ".bootrig-gone-x").mkdir()
    (tmp_path / "notes").mkdir()
    there = sum(measure(path) for path in sorted(tmp_path.glob("2026110[12]*")))
    half = measure(tmp_path / ".bootrig-gone-x")
    pruned = prune_runs(tmp_path, keep=2)
    assert [one.name[6:8] for one in pruned.removed] == ["02", "01"]
    assert pruned.freed == there + half
    left = ["20261103T120000-run", "20261104T120000-run", "latest", "notes"]
    assert sorted(path.name for path in tmp_path.iterdir()) == left


def test_what_began_longer_ago_is_removed_and_latest_leads_to_what_is_left(tmp_path: Path) -> None:
    # made last, it is not the newest by its name
    kept = make_ended(tmp_path, 2, started="2026-11-09T12:00:00Z")
    make_ended(tmp_path, 4)
    moment_s = list_runs(tmp_path)[1].started_s
    assert [one.name[6:8] for one in prune_runs(tmp_path, before_s=moment_s).removed] == ["04"]
    assert (tmp_path / "latest").resolve() == kept.directory.resolve()
    prune_runs(tmp_path, keep=0)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_under_way_is_never_removed(tmp_path: Path) -> None:
    made = make_ended(tmp_path, 1, ended=None)
    (tmp_path / "20261101T130000-run").mkdir()
    with start_run(made.directory), start_run(tmp_path / "20261101T130000-run"):
        assert is_under_way(made.directory)
        pruned = prune_runs(tmp_path, keep=0)
    assert (pruned.removed, len(pruned.left)) == ((), 2)
    assert not is_under_way(made.directory)
    assert len(prune_runs(tmp_path, keep=0).removed) == 2


def test_a_link_latest_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    make_ended(tmp_path, 1)
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").write_text("mine")
    prune_runs(tmp_path, keep=0)
    assert (tmp_path / "latest").read_text() == "mine"
