"""What people see: the text is held against files, so that every change of it is read by somebody.

`BOOTRIG_WRITE_GOLDEN=1 pytest tests/report` writes the files anew.
"""

import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bootrig.compare import Confirmation, Difference, Severity, Verdict, compare_traces
from bootrig.report.terminal.matrix import natural_order
from bootrig.report.terminal.outcomes import print_outcomes
from bootrig.report.terminal.verdict import SYMBOLS, headline, print_verdict
from bootrig.trace.names import CellKey
from tests.compare.factory import REAL, Boot, difference, trace
from tests.report.sample import baseline_traces, candidate_traces, verdict

GOLDEN = Path(__file__).with_name("golden")
RUN = Path("runs/2011-04-18")


def printed(draw: Callable[[Console], None], width: int = 110) -> str:
    """Return what `draw` prints, without colour and trailing spaces."""
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False)
    draw(console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("BOOTRIG_WRITE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def test_a_verdict_with_something_of_everything() -> None:
    text = printed(lambda console: print_verdict(verdict(), console, RUN))
    assert_golden("verdict.txt", text)


def test_an_identical_verdict() -> None:
    same = compare_traces(baseline_traces(), baseline_traces())
    assert_golden("identical.txt", printed(lambda console: print_verdict(same, console, RUN)))


def test_outcomes_of_a_run() -> None:
    traces = [*candidate_traces(), trace(Boot(rom_set="ipxe-debian-13", clock=REAL))]
    assert_golden("outcomes.txt", printed(lambda console: print_outcomes(traces, console, RUN)))


def test_a_report_fits_into_a_hundred_columns() -> None:
    text = printed(lambda console: print_verdict(verdict(), console), width=100)
    assert max(map(len, text.splitlines()[:-1])) <= 100  # nobody breaks the answer


def test_without_traces_nothing_was_compared() -> None:
    text = printed(lambda console: print_verdict(compare_traces([], []), console))
    assert text.splitlines()[-1] == (
        "Verdict: NOTHING PROVEN: no cell has a boot of both sides; 0 of 0 cells passed on both sides"
    )
    assert printed(lambda console: print_outcomes([], console)) == "Nothing was booted\n"


def plain(*differences: Difference, **changes: object) -> Verdict:
    same = compare_traces([trace(Boot())], [trace(Boot())])
    return replace(same, differences=tuple(differences), **changes)  # type: ignore[arg-type]


PASSED = "1 of 1 cell passed on both sides"


def neither() -> Verdict:
    return compare_traces([trace(Boot(passed=False))], [trace(Boot(passed=False))])


def with_more_cells() -> Verdict:
    boots = [trace(Boot()), trace(Boot(nic="pcnet", passed=False)), trace(Boot(nic="rtl8139", passed=False))]
    broken = [CellKey("grub", "e1000", "pc", "seabios")]
    return compare_traces(boots, [*boots[:2], trace(Boot(scenario="grub", nic="pcnet"))], broken=broken)


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (plain(), f"Verdict: COMPATIBLE: no rule found anything; {PASSED}"),
        (plain(difference()), f"Verdict: COMPATIBLE WITH CHANGES: no regression, 1 change; {PASSED}"),
        (
            plain(difference(severity=Severity.REGRESSION)),
            f"Verdict: NOT COMPATIBLE: 1 regression in 1 cell; {PASSED}",
        ),
        (
            plain(difference(rule="coverage", key=None, subject="pcnet", severity=Severity.REGRESSION)),
            f"Verdict: NOT COMPATIBLE: 1 regression; {PASSED}",
        ),
        (
            plain(difference(severity=Severity.REGRESSION, waiver="known"), difference(severity=Severity.IMPROVEMENT)),
            f"Verdict: COMPATIBLE: no regression, 1 improvement, 1 difference waived; {PASSED}",
        ),
        (plain(difference(severity=Severity.INFO)), f"Verdict: COMPATIBLE: no regression; {PASSED}"),
        (
            neither(),
            "Verdict: NOTHING PROVEN: no cell passed on both sides; 0 of 1 cell passed on both sides, 1 on neither",
        ),
        (
            with_more_cells(),
            "Verdict: COMPATIBLE: no regression; "
            "1 of 5 cells passed on both sides, 1 on neither, 2 have one side only, 1 with a broken rig",
        ),
    ],
)
def test_the_last_line_is_the_answer(answer: Verdict, line: str) -> None:
    assert headline(answer)[0] == line
    assert printed(lambda console: print_verdict(answer, console, RUN)).splitlines()[-1] == line


def test_what_real_time_has_not_seen_says_so() -> None:
    pending = plain(difference(severity=Severity.REGRESSION, confirmation=Confirmation.PENDING))
    assert "not confirmed in real time]" in printed(lambda console: print_verdict(pending, console))


def test_what_real_time_refuted_and_notes_are_told() -> None:
    answer = plain(refuted=(difference(),), notes=("the waiver of x matched no difference: remove it",))
    text = printed(lambda console: print_verdict(answer, console))
    assert "1 difference of virtual time did not show in real time and does not count." in text
    assert "Note: the waiver of x matched no difference: remove it." in text


def test_brackets_of_names_are_not_taken_for_markup() -> None:
    text = printed(lambda console: print_verdict(plain(difference(waiver="[red]sic[/red]")), console))
    assert "waived: [red]sic[/red]" in text


def test_every_state_has_a_mark_of_its_own() -> None:
    marks = [symbol.mark for symbol in SYMBOLS.values()]
    assert len(set(marks)) == len(marks)
    assert all(mark.isascii() for mark in marks)


def test_variants_are_in_the_order_of_their_sizes() -> None:
    names = ["s[100k]", "s[2k]", "s[512]", "a10", "a9"]
    assert sorted(names, key=natural_order) == ["a9", "a10", "s[512]", "s[2k]", "s[100k]"]
