"""The history of runs: kept beside them, made anew where it is damaged, and what is new since the last run."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import pytest
from msgspec import structs

from bootrig.compare.verdict import News
from bootrig.errors import RigError
from bootrig.record import history as history_module
from bootrig.record.history import HISTORY_FILE, open_history
from bootrig.record.judgement import judge
from bootrig.record.news import keep_history
from bootrig.record.run import RecordedRun, RunError, write_run
from bootrig.record.trends import find_cell_trends, find_difference_trends
from bootrig.report.sentences import tell_origin
from bootrig.report.terminal.history import draw_sparkline
from bootrig.trace.names import CellNameError
from tests.compare.factory import REAL, VIRTUAL, Boot
from tests.record.history import end_run, make_comparison, make_outcomes
from tests.record.test_run import make_run

GOOD = Boot(clock=REAL, first_clock=REAL)
OTHER = replace(GOOD, scenario="script")
CHANGED = replace(GOOD, features="DNS HTTP iSCSI TFTP PXE Menu")
LOST = replace(GOOD, passed=False, milestone="dhcp-ack", reason="tftp-complete was not reached: the console says 'No'")
TWICE_GOOD = GOOD, replace(GOOD, attempt="real.2")
TWICE_LOST = LOST, replace(LOST, attempt="real.2")
CELL = "pxe-tftp/e1000/pc/seabios/host"
FEATURE = f"features@{CELL}:feature bzImage"
OUTCOME = f"outcome@{CELL}:pxe-tftp"


def list_names(runs: Path) -> list[str]:
    with open_history(runs) as history:
        return [run.name for run in history.list_runs()]


def test_what_is_new_is_told_by_the_last_comparison_of_the_same_sides(tmp_path: Path) -> None:
    assert make_comparison(tmp_path, 1, (GOOD,), (CHANGED,)).news is None
    make_comparison(tmp_path, 2, (GOOD,), (GOOD,), own="./another")
    make_outcomes(tmp_path, 3, (LOST,))
    verdict = make_comparison(tmp_path, 4, TWICE_GOOD, TWICE_LOST)
    assert verdict.news == News("20260101T000000-compare", (OUTCOME,), (FEATURE,))
    assert "since the run 20260101T000000-compare: 1 regression new, 1 difference gone" in verdict.notes
    same = make_comparison(tmp_path, 5, TWICE_GOOD, TWICE_LOST)
    assert "nothing is new since the run 20260104T000000-compare" in same.notes


def test_a_run_of_other_cells_is_no_measure_for_what_is_new(tmp_path: Path) -> None:
    make_comparison(tmp_path, 1, (GOOD, OTHER), (CHANGED, OTHER))
    part = make_comparison(tmp_path, 2, (GOOD,), (GOOD,))
    assert part.news == News("20260101T000000-compare", (), (FEATURE,))
    whole = make_comparison(tmp_path, 3, (GOOD, OTHER), (CHANGED, OTHER))
    assert whole.news == News("20260101T000000-compare", (), ())
    assert make_comparison(tmp_path, 4, (replace(GOOD, nic="pcnet"),), (GOOD,)).news is None


def test_the_history_outlives_runs_and_takes_each_in_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_comparison(tmp_path, 1, (GOOD,), (CHANGED,))
    make_outcomes(tmp_path, 2, (GOOD,))
    names = list_names(tmp_path)
    assert names == ["20260101T000000-compare", "20260102T000000-run"]
    rmtree(tmp_path / names[0])
    monkeypatch.setattr(history_module, "read_sighting", None)
    assert list_names(tmp_path) == names


def test_a_run_that_ends_later_and_one_that_is_made_anew_are_read_then(tmp_path: Path) -> None:
    make_run(tmp_path / "20260101T000000-run", ("own", (GOOD,)))
    make_run(tmp_path / "20260102T000000-compare", ("baseline", (GOOD,)), ("candidate", (GOOD,)))
    assert list_names(tmp_path) == []
    rmtree(tmp_path / "20260101T000000-run")
    make_outcomes(tmp_path, 1, (GOOD,))
    assert list_names(tmp_path) == ["20260101T000000-run"]
    rmtree(tmp_path / "20260101T000000-run")
    make_outcomes(tmp_path, 1, TWICE_LOST)
    with open_history(tmp_path) as history:
        (run,) = history.list_runs()
        assert [boot.state for boot in history.find_boots(run)] == ["failed"]


def drop_a_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE boot")


def lead_elsewhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere/file")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_bytes(b"not a database" * 100),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "a page": lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 4096 + path.read_bytes()[8192:]),
    "other tables": drop_a_table,
    "a link": lead_elsewhere,
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_a_damaged_history_is_told_and_made_anew(damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_comparison(tmp_path, 1, (GOOD,), (CHANGED,))
    names = list_names(tmp_path)
    DAMAGES[damage](tmp_path / HISTORY_FILE)
    assert list_names(tmp_path) == names
    assert "is made anew from the runs that are there" in caplog.text
    caplog.clear()
    assert list_names(tmp_path) == names
    assert caplog.text == ""


def test_a_damaged_run_is_told_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_comparison(tmp_path, 1, (GOOD,), (CHANGED,))
    make_comparison(tmp_path, 2, (GOOD,), (CHANGED,))
    (tmp_path / HISTORY_FILE).unlink()
    (tmp_path / "20260101T000000-compare" / "verdict.json").write_text('{"verdict": 3}')
    assert list_names(tmp_path) == ["20260102T000000-compare"]
    assert "the run 20260101T000000-compare is not in the history" in caplog.text


def test_a_history_that_cannot_be_written_is_made_in_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_comparison(tmp_path, 1, (GOOD,), (CHANGED,))
    (tmp_path / HISTORY_FILE).unlink()
    (tmp_path / HISTORY_FILE).mkdir()
    with caplog.at_level(logging.INFO):
        assert list_names(tmp_path) == ["20260101T000000-compare"]
    assert "the history is made in memory" in caplog.text
    assert (tmp_path / HISTORY_FILE).is_dir()


def test_runs_that_end_at_once_are_all_kept(tmp_path: Path) -> None:
    for day in range(1, 5):
        make_outcomes(tmp_path, day, (GOOD,))
    threads = [threading.Thread(target=keep_history, args=(tmp_path,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list_names(tmp_path)) == 4


def test_a_history_that_another_process_keeps_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(history_module, "LOCK_S", 0.05)
    make_outcomes(tmp_path, 1, (GOOD,))
    with open_history(tmp_path):
        with pytest.raises(RigError, match="another process uses the history"), open_history(tmp_path):
            pass
        keep_history(tmp_path)
    assert "the history does not have this run" in caplog.text


def test_no_runs_have_no_history(tmp_path: Path) -> None:
    assert list_names(tmp_path / "none") == []


def test_the_trend_of_a_cell(tmp_path: Path) -> None:
    make_outcomes(tmp_path, 1, (GOOD, OTHER))
    make_outcomes(tmp_path, 2, TWICE_LOST)
    make_comparison(tmp_path, 3, (GOOD,), TWICE_LOST)
    with open_history(tmp_path) as history:
        own, old = find_cell_trends(history, "pxe-*/e1000")
        assert (own.side, old.side) == ("./own", "old")
        assert [boot.state for _, boot in own.boots] == ["passed", "failed", "failed"]
        assert (own.first_seen.name, own.last_good) == ("20260101T000000-run", own.boots[0][0])
        assert own.clock == "real"
        assert len(own.stages["from power-on to the first DISCOVER"]) == 3
        with pytest.raises(RunError, match=r'no run has tried a cell pxe-tfp; did you mean "pxe-tftp"\?'):
            find_cell_trends(history, "pxe-tfp")


def test_the_trend_of_a_difference(tmp_path: Path) -> None:
    make_comparison(tmp_path, 1, (GOOD,), (GOOD,))
    make_comparison(tmp_path, 2, (GOOD,), (CHANGED,))
    make_comparison(tmp_path, 3, (OTHER,), (OTHER,))
    make_comparison(tmp_path, 4, (GOOD,), (CHANGED,), own="./another")
    with open_history(tmp_path) as history:
        another, own = find_difference_trends(history, "features@pxe-tftp")
        assert (another.sides, own.sides) == (("old", "./another"), ("old", "./own"))
        assert [state for _, state in own.states] == ["absent", "change", "not-tried"]
        assert [run.name for run in own.seen] == ["20260102T000000-compare"]
        assert own.last_without is not None and own.last_without.name == "20260101T000000-compare"
        with pytest.raises(RunError, match=f'did you mean "{FEATURE}"'):
            find_difference_trends(history, FEATURE.replace("features", "feature"))
        with pytest.raises(CellNameError):
            find_difference_trends(history, "features@a/b/c/d/e/f")


def test_times_of_other_clocks_are_not_drawn_in_one_line(tmp_path: Path) -> None:
    for day, clock in enumerate((VIRTUAL, VIRTUAL, REAL), start=1):
        make_outcomes(tmp_path, day, (replace(GOOD, clock=clock, first_clock=clock, first_packet_s=4.0 + day),))
    with open_history(tmp_path) as history:
        (trend,) = find_cell_trends(history, "pxe-tftp")
    assert (len(trend.boots), trend.clock) == (3, "shift7")
    assert trend.stages["from power-on to the first DISCOVER"] == (5.0, 6.0)


@pytest.mark.parametrize(
    ("values", "drawn"), [((1.0, 1.0), "▁▁"), ((1.0, 2.0, 3.0), "▁▅█"), ((0.0, 0.05), "▁▁"), ((50.0, 50.4), "▁▁")]
)
def test_a_sparkline(values: tuple[float, ...], drawn: str) -> None:
    assert draw_sparkline(values) == drawn


def test_what_is_new_in_some_cells_is_told_with_their_number(tmp_path: Path) -> None:
    first, second = replace(CHANGED, nic="pcnet"), replace(GOOD, nic="pcnet")
    make_comparison(tmp_path, 1, (GOOD, second), (CHANGED, second))
    verdict = make_comparison(tmp_path, 2, (GOOD, second), (CHANGED, first))
    assert [entry.is_new for entry in verdict.differences] == [False, True]
    assert tell_origin(verdict.differences[0], members=verdict.differences) == "features, new in 1 cell"
    assert tell_origin(verdict.differences[1]) == "features, new"


def test_recorded_boots_are_judged_with_as_many_repeats_as_their_run_had(tmp_path: Path) -> None:
    flaky = GOOD, replace(LOST, attempt="real.2")
    made = make_run(tmp_path / "20260101T000000-compare", ("baseline", TWICE_GOOD), ("candidate", flaky))
    assert judge(made, made).differences == ()
    repeated = RecordedRun(structs.replace(made.run, repeat=2), made.directory)
    assert [entry.rule for entry in judge(repeated, repeated).differences] == ["unstable"]
    boots = tuple(replace(boot, side="own") for boot in flaky)
    own = end_run(make_run(tmp_path / "20260102T000000-run", ("own", boots)), "run", {"own": "./own"}, 2)
    write_run(structs.replace(own.run, repeat=2), own.directory)
    with open_history(tmp_path) as history:
        ((_, boot),) = find_cell_trends(history, "pxe-tftp")[0].boots
    assert boot.state == "unstable"
