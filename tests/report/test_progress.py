"""What is shown while cells run."""

import io
import threading
from typing import Any

import pytest
from rich.console import Console

from bootrig.report.terminal.progress import Progress
from bootrig.trace.trace import CellKey, Outcome, OutcomeStatus

PASSED = Outcome(OutcomeStatus.PASSED, "nbp-entered", "")
FAILED = Outcome(OutcomeStatus.FAILED, "dhcp-ack", "the nonce did not come")


def key(number: int) -> CellKey:
    return CellKey(f"s{number}", "e1000", "pc", "seabios")


def run(outcomes: list[Outcome | None], **settings: Any) -> str:
    console = Console(file=io.StringIO(), width=100, **settings)
    with Progress(len(outcomes), console) as progress:
        for number, outcome in enumerate(outcomes):
            progress.cell_started("set", key(number))
            progress.cell_finished("set", key(number), outcome)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_lines_are_quiet_and_plain_where_there_is_no_terminal() -> None:
    lines = run([PASSED] * 40).splitlines()
    assert lines[0] == "booting: 40 cells"
    assert lines[1:] == [f"booting: {done} of 40 cells, 0 failed" for done in range(4, 41, 4)]


def test_failures_are_told_at_once() -> None:
    text = run([PASSED, FAILED, None])
    assert "failed: set s1 e1000 pc seabios: the nonce did not come\n" in text
    assert "broken rig: set s2 e1000 pc seabios\n" in text
    assert text.splitlines()[-1] == "booting: 3 of 3 cells, 2 failed"


def test_a_terminal_sees_a_bar_and_what_runs() -> None:
    text = run([PASSED, FAILED], force_terminal=True, color_system=None, legacy_windows=False)
    assert "2/2" in text
    assert "set  s1  e1000  seabios" in text
    assert "failed: set s1" in text


def test_more_cells_for_another_reason() -> None:
    console = Console(file=io.StringIO(), width=100)
    with Progress(1, console) as progress:
        progress.cell_finished("set", key(0), PASSED)
        progress.begin("confirming in real time", 2)
        progress.cell_finished("set", key(0), PASSED)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[2] == "confirming in real time: 2 more cells"
    assert lines[3] == "confirming in real time: 2 of 3 cells, 0 failed"


@pytest.mark.parametrize("terminal", [True, False])
def test_no_thread_is_started_and_an_error_ends_the_display(terminal: bool) -> None:
    before = threading.active_count()
    console = Console(file=io.StringIO(), width=100, force_terminal=terminal)
    with pytest.raises(KeyboardInterrupt), Progress(2, console) as progress:
        progress.cell_started("set", key(0))
        assert threading.active_count() == before
        raise KeyboardInterrupt
    assert "\x1b[?25l" not in console.file.getvalue().split("\x1b[?25h")[-1]  # type: ignore[attr-defined]
