"""What is shown while cells run."""

import io
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from rich.console import Console

from bootrig.cell.errors import CellError
from bootrig.cell.specification import CellSpecification
from bootrig.cli.boot_progress import Progress
from bootrig.schedule.equipment import specify
from bootrig.schedule.executors.executor import CellResult
from bootrig.schedule.plan import Filters, plan_cells
from bootrig.trace.attempt import Attempt
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import Reason
from bootrig.trace.trace import Outcome, OutcomeStatus
from tests.compare.factory import Boot, trace
from tests.schedule.sample import make_equipment, make_side

PASSED = Outcome(OutcomeStatus.PASSED, "nbp-entered", "")
FAILED = Outcome(OutcomeStatus.FAILED, "dhcp-ack", "the nonce did not come")
RUN = Path("bootrig-runs/1")


@pytest.fixture
def cell(tmp_path: Path) -> CellSpecification:
    planned, *_ = plan_cells(Filters(scenarios=("pxe-tftp",), nic_models=("e1000",)))
    equipment = make_equipment()
    attempt = Attempt(equipment.choose_first_clock(planned))
    return specify(planned, make_side(tmp_path), equipment, tmp_path, attempt)


def end(cell: CellSpecification, outcome: Outcome | None) -> CellResult:
    if outcome is None:
        return CellResult(cell, None, CellError("no space"))
    return CellResult(cell, structs.replace(trace(Boot()), outcome=outcome), None)


def run(cell: CellSpecification, outcomes: list[Outcome | None], **settings: Any) -> str:
    console = Console(file=io.StringIO(), width=100, **settings)
    with Progress(console) as progress:
        progress.run_made(RUN, len(outcomes))
        for number, outcome in enumerate(outcomes):
            one = replace(cell, key=CellKey(f"s{number}", "e1000", "pc", "seabios"))
            progress.cell_started(one)
            progress.cell_finished(end(one, outcome))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_lines_are_quiet_and_plain_where_there_is_no_terminal(cell: CellSpecification) -> None:
    lines = run(cell, [PASSED] * 40).splitlines()
    assert lines[0] == "booting: 40 cells"
    assert lines[1:] == [f"booting: {done} of 40 cells, 0 failed" for done in range(4, 41, 4)]


def test_failures_are_told_at_once(cell: CellSpecification) -> None:
    text = run(cell, [PASSED, FAILED, None])
    assert "failed: set s1 e1000 pc seabios: the nonce did not come\n" in text
    assert "broken rig: set s2 e1000 pc seabios\n" in text
    assert text.splitlines()[-1] == "booting: 3 of 3 cells, 2 failed"


def test_a_terminal_sees_a_bar_and_what_runs(cell: CellSpecification) -> None:
    text = run(cell, [PASSED, FAILED], force_terminal=True, color_system=None, legacy_windows=False)
    assert "2/2" in text
    assert "set  s1  e1000  seabios" in text
    assert "failed: set s1" in text


def test_more_cells_for_another_reason(cell: CellSpecification) -> None:
    console = Console(file=io.StringIO(), width=100)
    with Progress(console) as progress:
        progress.run_made(RUN, 1)
        progress.cell_finished(end(cell, PASSED))
        progress.batch_added(Reason.REAL_TIME, 2)
        progress.cell_finished(end(cell, PASSED))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[2] == "confirming in real time: 2 more cells"
    assert lines[3] == "confirming in real time: 2 of 3 cells, 0 failed"


@pytest.mark.parametrize("terminal", [True, False])
def test_no_thread_is_started_and_an_interrupt_ends_the_display(cell: CellSpecification, terminal: bool) -> None:
    before = threading.active_count()
    console = Console(file=io.StringIO(), width=100, force_terminal=terminal)
    with pytest.raises(KeyboardInterrupt), Progress(console) as progress:
        progress.run_made(RUN, 2)
        progress.cell_started(cell)
        assert threading.active_count() == before
        raise KeyboardInterrupt
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "What was seen until now: bootrig-runs/1" in shown
    assert "\x1b[?25l" not in shown.split("\x1b[?25h")[-1]
