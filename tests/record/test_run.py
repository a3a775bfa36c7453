"""Runs on disk: written, found and read again."""

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from bootrig.compare import Answer
from bootrig.errors import ExitStatus
from bootrig.jsonfile import JsonFileError, write_json
from bootrig.record.judgement import judge
from bootrig.record.run import RecordedRun, Run, RunCell, RunError, RunHost, RunRom, RunSide, find_run, write_run
from bootrig.trace.error import CellErrorDocument
from bootrig.trace.trace import Clock, ClockKind, Trace
from tests.compare.factory import REAL, Boot, trace


def make_run(directory: Path, *sides: tuple[str, tuple[Boot, ...]]) -> RecordedRun:
    """Write a run as its cells would have left it."""
    directory.mkdir(parents=True)
    cells = []
    for label, boots in sides:
        for boot in boots:
            found = trace(boot)
            place = f"cells/{label}/{found.key.directory_name}"
            attempt = directory / place / found.attempt
            attempt.mkdir(parents=True)
            write_json(attempt / "trace.json", found)
            cells.append(RunCell(found.cell, label, place))
    run = Run(
        id=directory.name,
        verb="compare",
        bootrig="0.2.0",
        started="2026-11-25T14:39:23Z",
        host=RunHost(cpus=2, python="3.11.2"),
        sides=tuple(RunSide(label=label, given=label) for label, _ in sides),
        cells=tuple(dict.fromkeys(cells)),
    )
    write_run(run, directory)
    return RecordedRun(run, directory)


GOOD = Boot(scenario="pxe-tftp")
LOST = replace(GOOD, passed=False, milestone="dhcp-ack", reason="tftp-complete was not reached")


def test_a_run_is_found_by_its_name_by_its_path_and_by_its_age(tmp_path: Path) -> None:
    first = make_run(tmp_path / "20260101T000000-compare", ("baseline", (GOOD,)))
    second = make_run(tmp_path / "20260102T000000-run", ("set", (GOOD,)))
    assert find_run("20260101T000000-compare", tmp_path) == first
    assert find_run(f"{second.directory}/", tmp_path).run == second.run
    assert find_run("@last", tmp_path) == second
    assert find_run("@last-1", tmp_path) == first
    assert (tmp_path / "latest").resolve() == second.directory


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "nothing is not the directory of a run: it has no run.json"),
        ("@last", "there is no run @last in"),
        ("@last-7", "there is no run @last-7 in"),
        ("@last-x", "there is no run @last-x in"),
        ("./nothing", "is not the directory of a run"),
    ],
)
def test_a_run_that_is_not_there(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=message):
        find_run(name, tmp_path)


def test_a_directory_without_a_slash_is_named_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path / "here", ("set", (GOOD,)))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError) as caught:
        find_run("here")
    assert caught.value.remedy == "name the directory with a slash: ./here"
    assert find_run("./here").run.id == "here"


def test_a_name_latest_that_is_not_a_link_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "latest").write_text("mine")
    make_run(tmp_path / "run", ("set", (GOOD,)))
    assert (tmp_path / "latest").read_text() == "mine"


def test_a_damaged_run_names_its_fault(tmp_path: Path) -> None:
    make_run(tmp_path / "run", ("set", (GOOD,)))
    text = (tmp_path / "run" / "run.json").read_text()
    (tmp_path / "run" / "run.json").write_text(text.replace('"cpus": 2', '"cpus": "two"'))
    with pytest.raises(JsonFileError, match=r"Expected `int`, got `str` - at `\$.host.cpus`"):
        find_run("run", tmp_path)


@pytest.mark.parametrize("place", ["/etc", "../other/cells/a", "cells/../../a", "a\0b"])
def test_a_run_names_nothing_outside_of_itself(tmp_path: Path, place: str) -> None:
    made = make_run(tmp_path / "run", ("set", (GOOD,)))
    write_run(structs.replace(made.run, cells=(RunCell(made.run.cells[0].cell, "set", place),)), made.directory)
    with pytest.raises(RunError, match="names what is outside of the run"):
        find_run("run", tmp_path)
    rom = RunRom(f"../{place}", "", 0, 0)
    side = RunSide(label="set", given="set", roms=(rom,))
    write_run(structs.replace(made.run, sides=(side,)), made.directory)
    with pytest.raises(RunError, match="names what is outside of the run"):
        find_run("run", tmp_path)


def test_the_sides_of_one_run_and_of_two(tmp_path: Path) -> None:
    both = make_run(tmp_path / "both", ("baseline", (GOOD,)), ("candidate", (LOST,)))
    assert [entry.rule for entry in judge(both, both).differences] == ["outcome"]
    one, other = make_run(tmp_path / "one", ("a", (GOOD,))), make_run(tmp_path / "other", ("b", (GOOD,)))
    assert judge(one, other).differences == ()
    with pytest.raises(RunError, match="has no side baseline, but a, b"):
        judge(make_run(tmp_path / "several", ("a", (GOOD,)), ("b", (GOOD,))), other)


def test_outcomes_are_found_anew(tmp_path: Path) -> None:
    """Whatever a trace says of its outcome, what it holds counts."""
    run = make_run(tmp_path / "run", ("set", (LOST,)))
    (path,) = (tmp_path / "run").glob("cells/*/*/*/trace.json")
    kept: Trace = trace(GOOD)
    write_json(path, kept)
    (found,) = run.load_traces("set")
    assert found.passed is kept.passed


def test_all_attempts_of_a_cell_are_read(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", ("set", (GOOD, replace(GOOD, clock=REAL))))
    assert sorted(found.clock.kind for found in run.load_traces("set")) == ["real", "virtual"]


def break_cell(directory: Path, name: str, message: str) -> None:
    """Let a cell have broken once more, as one that leaves its error."""
    attempt = directory / name
    attempt.mkdir()
    write_json(attempt / "error.json", CellErrorDocument(type="CellError", message=message))


def test_what_broke_first_is_told(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", ("set", (GOOD, replace(GOOD, nic="pcnet"))))
    cell = next((tmp_path / "run").glob("cells/set/*e1000*"))
    break_cell(cell, "shift5", "pxe-tftp/e1000/pc/seabios/host: no space")
    assert run.load_errors("set") == {GOOD.key: "no space"}
    assert run.load_errors("other") == {}


def test_a_broken_cell_does_not_hide_the_others(tmp_path: Path) -> None:
    """A regression that lacks its boots counts as a change, and a broken rig makes good verdicts prove nothing."""
    good = (GOOD, replace(GOOD, nic="pcnet"))
    run = make_run(tmp_path / "run", ("baseline", good), ("candidate", good))
    cell = next((tmp_path / "run").glob("cells/candidate/*e1000*"))
    (cell / "shift7" / "trace.json").unlink()
    break_cell(cell, "shift7.2", "QEMU went away")
    verdict = judge(run, run)
    assert (verdict.answer, verdict.status, verdict.counts.broken) == (Answer.COMPATIBLE, ExitStatus.BROKEN, 1)
    assert {cell.key.nic_model: cell.state for cell in verdict.cells} == {"e1000": "broken", "pcnet": "same"}
    assert [entry.explanation for entry in verdict.not_compared] == ["the rig broke: QEMU went away"]


def test_what_each_boot_is_for_is_found_again(tmp_path: Path) -> None:
    """A run of compare: attempts, second clock, confirmation in real time, with their roles in no other place."""
    five = Clock(ClockKind.VIRTUAL, 5)
    boots = (LOST, replace(GOOD, attempt="shift7.2"), replace(LOST, clock=five), replace(LOST, clock=REAL))
    run = make_run(tmp_path / "run", ("baseline", tuple(_good(boot) for boot in boots)), ("candidate", boots))
    (found,) = judge(run, run).regressions
    assert (found.confirmation, found.confirmed_by) == ("confirmed", "at shift 5; in real time")
    (cell,) = judge(run, run).cells
    assert cell.candidate is not None
    assert cell.candidate.attempt == "shift7"


def _good(boot: Boot) -> Boot:
    return replace(GOOD, clock=boot.clock, attempt=boot.attempt)
