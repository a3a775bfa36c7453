"""The verdict on the terminal: matrix, differences by severity, and the answer as the last thing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bootrig.compare import Answer, CellState, Confirmation, Difference, Severity, Verdict
from bootrig.report.grouping import DifferenceGroup, group_differences
from bootrig.report.terminal.matrix import Symbol, iter_matrices, legend, print_item

SYMBOLS: Mapping[CellState, Symbol] = {
    CellState.REGRESSED: Symbol("!", "bold red", "regressed"),
    CellState.CHANGED: Symbol("~", "yellow", "changed"),
    CellState.IMPROVED: Symbol("+", "green", "improved"),
    CellState.NOTED: Symbol("i", "cyan", "differs in what seldom matters"),
    CellState.SAME: Symbol("=", "dim", "same"),
    CellState.BOTH_FAILED: Symbol("x", "magenta", "works with neither"),
    CellState.ONLY_BASELINE: Symbol("<", "blue", "only the baseline has it"),
    CellState.ONLY_CANDIDATE: Symbol(">", "blue", "only the candidate has it"),
    CellState.BROKEN: Symbol("?", "bold magenta", "the rig broke"),
}
HEADINGS: Mapping[Severity, tuple[str, str]] = {
    Severity.REGRESSION: ("Regressions", "bold red"),
    Severity.CHANGE: ("Changes", "yellow"),
    Severity.IMPROVEMENT: ("Improvements", "green"),
    Severity.INFO: ("Information", "cyan"),
}
STYLES: Mapping[Answer, str] = {
    Answer.NOT_COMPATIBLE: "bold red",
    Answer.NOTHING_PROVEN: "bold red",
    Answer.COMPATIBLE_WITH_CHANGES: "bold yellow",
    Answer.COMPATIBLE: "bold green",
}
CONFIRMATIONS: Mapping[Confirmation, str] = {
    Confirmation.CONFIRMED: ", confirmed in real time",
    Confirmation.PENDING: ", not confirmed in real time",
}


def print_verdict(verdict: Verdict, console: Console, run_directory: Path | None = None) -> None:
    """Print `verdict` for people, and where everything that was seen is kept."""
    _print(console, f"Baseline {verdict.baseline or '(no traces)'}, candidate {verdict.candidate or '(no traces)'}")
    console.print()
    _print_matrices(verdict, console)
    _print_differences(verdict, console)
    _print_rest(verdict, console)
    if run_directory is not None:
        _print(console, f"Everything that was seen: {run_directory}")
    word, style = headline(verdict)
    console.print(Text(word, style=style), soft_wrap=True)


def headline(verdict: Verdict) -> tuple[str, str]:
    """Return the answer as a sentence, and the rich style for it."""
    word = verdict.answer.replace("-", " ").upper()
    return f"Verdict: {word}: {_reason(verdict)}; {_cells(verdict)}", STYLES[verdict.answer]


def _reason(verdict: Verdict) -> str:
    if verdict.answer is Answer.NOT_COMPATIBLE:
        affected = {entry.key for entry in verdict.regressions if entry.key is not None}
        where = f" in {_count(len(affected), 'cell')}" if affected else ""
        return _count(len(group_differences(verdict.regressions, [])), "regression") + where
    if verdict.answer is Answer.NOTHING_PROVEN:
        compared = any(cell.is_compared for cell in verdict.cells)
        return "no cell passed on both sides" if compared else "no cell has a boot of both sides"
    if verdict.identical:
        return "no rule found anything"
    counted = [
        _count(len(group_differences(verdict.of_severity(severity), [])), word)
        for severity, word in ((Severity.CHANGE, "change"), (Severity.IMPROVEMENT, "improvement"))
        if verdict.of_severity(severity)
    ]
    waived = len(group_differences([entry for entry in verdict.differences if entry.waiver], []))
    counted += [f"{_count(waived, 'difference')} waived"] if waived else []
    return ", ".join(["no regression", *counted])


def _cells(verdict: Verdict) -> str:
    """Return how many cells say what, in words; what no cell says is left out."""
    counts = verdict.counts
    counted = (
        (counts.works_with_neither, "on neither"),
        (counts.only_one_side, "have one side only"),
        (counts.broken, "with a broken rig"),
    )
    passed = f"{counts.passed_on_both_sides} of {_count(counts.all, 'cell')} passed on both sides"
    return ", ".join([passed, *(f"{number} {words}" for number, words in counted if number)])


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _print(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), soft_wrap=True)


def _print_matrices(verdict: Verdict, console: Console) -> None:
    symbols = {cell.key: SYMBOLS[cell.state] for cell in verdict.cells}
    for table in iter_matrices(symbols):
        console.print(table)
        console.print()
    used = {cell.state for cell in verdict.cells}
    if used:
        console.print(legend(SYMBOLS[state] for state in CellState if state in used))
        console.print()


def _print_differences(verdict: Verdict, console: Console) -> None:
    keys = [cell.key for cell in verdict.cells if cell.is_compared]
    for severity, (heading, style) in HEADINGS.items():
        _print_groups(console, heading, style, group_differences(verdict.of_severity(severity), keys))
    waived = [entry for entry in verdict.differences if entry.waiver]
    _print_groups(console, "Waived", "dim", group_differences(waived, keys))


def _print_groups(console: Console, heading: str, style: str, groups: Sequence[DifferenceGroup]) -> None:
    if not groups:
        return
    _print(console, f"{heading} ({len(groups)})", style)
    for group in groups:
        sentence = group.sentence
        print_item(console, f"{sentence[:1].upper()}{sentence[1:]}", f"{group.where} [{_origin(group.first)}]")
    console.print()


def _origin(difference: Difference) -> str:
    waiver = f", waived: {difference.waiver}" if difference.waiver else ""
    return f"{difference.rule}{CONFIRMATIONS.get(difference.confirmation, '')}{waiver}"


def _print_rest(verdict: Verdict, console: Console) -> None:
    """Print what was not compared, what real time refuted, and notes."""
    explanations = Counter(entry.explanation for entry in verdict.not_compared)
    if explanations:
        _print(console, f"Not compared ({len(verdict.not_compared)} cells)", "blue")
        for explanation, count in explanations.items():
            print_item(console, f"{explanation} ({_count(count, 'cell')})")
        console.print()
    if verdict.refuted:
        seen = _count(len(verdict.refuted), "difference")
        verb = "does" if len(verdict.refuted) == 1 else "do"
        _print(console, f"{seen} of virtual time did not show in real time and {verb} not count.", "dim")
    for note in verdict.notes:
        _print(console, f"Note: {note}.", "yellow")
