"""One cell on the terminal: its sides beside each other."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.jsonfile import write_json
from bootrig.record.run import RecordedRun
from bootrig.record.selection import list_cells
from bootrig.report.terminal.cell import find_purpose, load_cells, print_cell
from bootrig.report.terminal.console import ReportConsole
from bootrig.trace.error import CellErrorDocument
from bootrig.trace.reading.attempts import group_boots
from bootrig.trace.trace import Clock, ClockKind
from tests.compare.factory import REAL, Boot, trace
from tests.record.test_run import make_run

GOOD = Boot(tail="all is well")
LOST = replace(GOOD, passed=False, milestone="dhcp-ack", reason="tftp-complete was not reached", tail="\x1b[2Jno file")
SLOWER = Clock(ClockKind.VIRTUAL, 5)


def show(recorded: RecordedRun) -> str:
    stream = io.StringIO()
    for key, sides in load_cells(recorded, list_cells(recorded)).items():
        print_cell(key, sides, recorded.directory, ReportConsole(stream, 100))
    return stream.getvalue()


def test_both_sides_are_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lost = (LOST, replace(LOST, clock=SLOWER, attempt="shift5"), replace(LOST, clock=REAL, attempt="real"))
    recorded = make_run(tmp_path / "bootrig-runs/1-compare", ("baseline", (GOOD,)), ("candidate", lost))
    text = show(recorded)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "pxe-tftp/e1000/pc/seabios/host"
    assert "Side baseline: baseline candidate: candidate" in lines
    assert any(line.startswith("Outcome passed failed after dhcp-ack:") for line in lines)
    assert "nbp-entered 8.500 s 8.500 s" in lines
    assert "shift7 passed: the one that counts failed: the one that counts" in lines
    assert any(line.startswith("shift5 - failed: seen again at a second") for line in lines)
    assert "real - failed: seen again in real time" in lines
    assert "all is well" in lines
    assert r"\x1b[2Jno file" in lines
    assert "\x1b" not in text
    assert f"{recorded.directory}/cells/candidate/pxe-tftp+e1000+pc+seabios+host/shift7/" in lines
    assert "trace.json" in lines
    assert "beside it: shift5/, real/" in lines or "beside it: real/, shift5/" in lines
    assert "bootrig rerun @last pxe-tftp/e1000/pc/seabios/host --side candidate" in lines


def test_a_side_whose_rig_broke_says_how(tmp_path: Path) -> None:
    recorded = make_run(tmp_path / "run", ("baseline", (GOOD,)), ("candidate", (GOOD,)))
    directory = recorded.directory / recorded.run.cells[1].directory / "shift7"
    (directory / "trace.json").unlink()
    write_json(directory / "error.json", CellErrorDocument(type="RigError", message="QEMU ended"))
    text = show(recorded)
    assert "the rig broke: QEMU ended" in text
    assert "error.json" in text
    (directory / "error.json").unlink()
    assert "no boot" in show(recorded)


def test_what_each_attempt_is_there_for() -> None:
    first = replace(GOOD, disturbed=1)
    boots = [
        first,
        replace(GOOD, attempt="shift7.2"),
        replace(GOOD, attempt="shift7.3"),
        replace(GOOD, clock=SLOWER, attempt="shift5"),
        replace(GOOD, clock=REAL, attempt="real"),
    ]
    (found,) = group_boots([trace(boot) for boot in boots]).values()
    assert [find_purpose(found, one) for one in sorted(found.traces, key=lambda one: one.attempt)] == [
        "seen again in real time",
        "seen again at a second clock",
        "disturbed by the host, so it was tried again",
        "the one that counts",
        "a second look at the same clock",
    ]
