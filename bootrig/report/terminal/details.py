"""Everything that was seen, for people: every difference, what was refuted and accepted, the whole matrix."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console

from bootrig.compare import CellState, ComparedCell, Difference, Severity, Verdict
from bootrig.report.grouping import describe_cells, group_differences
from bootrig.report.sentences import capitalise, count, tell_origin
from bootrig.report.terminal.matrix import Symbol, draw_matrix, print_item, print_lines, print_text
from bootrig.trace.names import CellKey

HEADINGS: Mapping[Severity, tuple[str, str]] = {
    Severity.REGRESSION: ("Regressions", "bold red"),
    Severity.CHANGE: ("Changes", "yellow"),
    Severity.IMPROVEMENT: ("Improvements", "green"),
    Severity.INFO: ("Information", "cyan"),
}


def print_details(verdict: Verdict, symbols: Mapping[CellKey, Symbol], console: Console) -> None:
    """Print every cell and difference: causes by severity, what follows from them, what does not count.

    Args:
        verdict: all that is told.
        symbols: what each cell looks like in the matrix.
        console: where it is printed.
    """
    if symbols:
        print_lines(console, draw_matrix(symbols, console.width))
        console.print()
    keys = [cell.key for cell in verdict.cells if cell.is_compared]
    causes = verdict.causes
    for severity, (heading, style) in HEADINGS.items():
        own = [cause for cause in causes if cause.severity is severity]
        heads = [entry for cause in own for entry in cause.heads]
        _print_groups(console, f"{heading} ({len(own)})", style, heads, keys)
    followers = [entry for cause in causes for entry in (*cause.whys, *cause.followers)]
    _print_groups(console, "What explains these, or follows from them", "", followers, keys)
    _print_groups(console, "Waived", "dim", [entry for entry in verdict.differences if entry.waiver], keys)
    _print_groups(console, "Refuted: not seen at another clock, so it does not count", "dim", verdict.refuted, keys)
    _print_rest(verdict, console)


def _print_groups(
    console: Console, heading: str, style: str, differences: Iterable[Difference], keys: Sequence[CellKey]
) -> None:
    groups = group_differences(differences, keys)
    if not groups:
        return
    print_text(console, heading, style)
    for group in groups:
        print_item(
            console,
            capitalise(group.sentence),
            f"{group.where} [{tell_origin(group.first, group.confirmed_by, group.differences)}]",
        )
    console.print()


def _print_rest(verdict: Verdict, console: Console) -> None:
    """Print what works with neither, what was not compared, and what the rig added to what the files say."""
    _print_failures([cell for cell in verdict.cells if cell.state is CellState.BOTH_FAILED], console)
    explanations = Counter(entry.explanation for entry in verdict.not_compared)
    if explanations:
        print_text(console, f"Not compared ({count(len(verdict.not_compared), 'cell')})", "blue")
        for explanation, number in explanations.items():
            print_item(console, f"{explanation} ({count(number, 'cell')})")
        console.print()
    if verdict.added:
        print_text(console, "Added by the rig to what the files say", "dim")
        print_item(console, ", ".join(verdict.added))
        console.print()


def _print_failures(cells: Sequence[ComparedCell], console: Console) -> None:
    """Print why boots of both sides failed, equal reasons once."""
    failures: dict[tuple[str, str], list[CellKey]] = {}
    for cell in cells:
        if cell.baseline is not None and cell.candidate is not None:
            reasons = cell.baseline.outcome.reason, cell.candidate.outcome.reason
            failures.setdefault(reasons, []).append(cell.key)
    if not failures:
        return
    print_text(console, f"Works with neither ({count(len(cells), 'cell')})", "magenta")
    for (first, second), keys in failures.items():
        sentence = (
            f"with both: {first}" if first == second else f"with the baseline: {first}; with the candidate: {second}"
        )
        print_item(console, capitalise(sentence), describe_cells(keys, [cell.key for cell in cells]))
    console.print()
