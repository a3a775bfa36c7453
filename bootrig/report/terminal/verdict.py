"""The verdict on the terminal: answer, worst causes and matrix first, then everything that was seen."""

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bootrig.compare import Answer, Cause, CellState, ComparedCell, Severity, Verdict
from bootrig.compare.registry import TOPICS
from bootrig.compare.rules import RULES
from bootrig.compare.verdict import STATES
from bootrig.record.run import name_run
from bootrig.report.cause_words import Wording, describe_cause
from bootrig.report.grouping import describe_roms
from bootrig.report.sentences import capitalise, count, tell_origin, tell_rerun
from bootrig.report.terminal.details import print_details
from bootrig.report.terminal.matrix import Symbol, draw_short_matrix, legend, print_lines, print_text
from bootrig.trace.names import CellKey

MARKS: Mapping[CellState, tuple[str, str]] = {
    CellState.REGRESSED: ("!", "regressed"),
    CellState.UNSTABLE: ("%", "unstable"),
    CellState.CHANGED: ("~", "changed"),
    CellState.IMPROVED: ("+", "improved"),
    CellState.NOTED: (".", "passed with both"),
    CellState.SAME: (".", "passed with both"),
    CellState.BOTH_FAILED: ("x", "works with neither"),
    CellState.ONLY_BASELINE: ("<", "only the baseline has it"),
    CellState.ONLY_CANDIDATE: (">", "only the candidate has it"),
    CellState.BROKEN: ("?", "the rig broke"),
    CellState.WRONG_INPUT: ("i", "the input is wrong"),
}
UNCONFIRMED = ("u", "regressed, which is not confirmed")
UNCOUNTED = ("o", "ended differently, which does not count")
ORDER = "".join(dict.fromkeys(mark for mark, _ in (*list(MARKS.values())[:1], UNCONFIRMED, *MARKS.values(), UNCOUNTED)))
STYLES: Mapping[Answer, str] = {
    Answer.NOT_COMPATIBLE: "bold red",
    Answer.NOTHING_PROVEN: "bold red",
    Answer.COMPATIBLE_WITH_CHANGES: "bold yellow",
    Answer.COMPATIBLE: "bold green",
}
WORST = 3
FACTS = 3
SENTENCE_LINES = 2
NAMES: Mapping[Severity, tuple[str, str]] = {
    Severity.REGRESSION: ("Regression", "bold red"),
    Severity.CHANGE: ("Change", "bold yellow"),
    Severity.IMPROVEMENT: ("Improvement", "cyan"),
    Severity.INFO: ("Information", "dim"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """Where causes are printed, the cells that were compared, how many lines a sentence may take; the run's name."""

    console: Console
    compared: Sequence[CellKey]
    limit: int
    run: str


def print_verdict(verdict: Verdict, console: Console, run_directory: Path | None = None) -> None:
    """Print `verdict` for people, and where everything that was seen is kept."""
    word, style = headline(verdict)
    compared = [cell.key for cell in verdict.cells if cell.is_compared]
    worst, facts = choose_causes(verdict)
    symbols = find_symbols(verdict, facts)
    _print_wrapped(console, word, style=style)
    _print_sides(verdict, console)
    if worst:
        console.print()
    told: set[str] = set()
    limit = SENTENCE_LINES if len(worst) == WORST else SENTENCE_LINES + 1
    run = "" if run_directory is None else name_run(run_directory)
    for number, cause in enumerate(worst, start=1):
        _print_cause(f"{number}. ", cause, told, Page(console, compared, limit, run))
    shown = [cause for cause in facts if cause not in worst]
    _print_facts(shown, compared, max(1, FACTS + 1 - len(worst)), console)
    if symbols:
        console.print()
        print_lines(console, [*draw_short_matrix(symbols, ORDER, console.width), legend(symbols.values(), ORDER)])
    _print_counts(verdict, worst, console)
    place = f": {run_directory}" if run_directory is not None else ""
    console.print()
    print_text(console, f"Everything that was seen{place}", style="bold")
    console.print()
    print_details(verdict, symbols, console)
    print_text(console, word, style=style)


def choose_causes(verdict: Verdict) -> tuple[list[Cause], list[Cause]]:
    """Return the worst causes, at most three, and those that are facts about whole ROMs."""
    compared = [cell.key for cell in verdict.cells if cell.is_compared]
    causes = verdict.causes
    facts = [cause for cause in causes if cause.is_of_the_whole(compared)]
    bad = [cause for cause in causes if cause.severity in (Severity.REGRESSION, Severity.CHANGE)]
    # what is so of whole ROMs and explains nothing is told with the facts, in fewer words
    plain = [one for one in bad if one in facts and one.severity is Severity.CHANGE and not one.followers]
    return ([cause for cause in bad if cause not in plain] or plain)[:WORST], facts


def find_symbols(verdict: Verdict, facts: Sequence[Cause]) -> dict[CellKey, Symbol]:
    """Return what each cell looks like: what became of it apart from facts about whole ROMs, coloured by outcome."""
    told = {entry for cause in facts for entry in (*cause.heads, *cause.followers)}
    weights: dict[CellKey | None, set[Severity]] = {}
    unconfirmed: set[CellKey | None] = set()
    for entry in verdict.differences:
        if entry not in told and not entry.waiver:
            weights.setdefault(entry.key, set()).add(entry.weight)
            if entry.weight is not entry.finding.severity:
                unconfirmed.add(entry.key)
    symbols = {}
    for cell in verdict.cells:
        state = cell.state
        if state in STATES.values():
            found = weights.get(cell.key, set())
            state = next((STATES[severity] for severity in Severity if severity in found), CellState.SAME)
        mark, meaning = MARKS[state]
        if state is CellState.CHANGED and cell.key in unconfirmed:
            mark, meaning = UNCONFIRMED
        if mark == MARKS[CellState.SAME][0] and not cell.passed_on_both_sides:
            mark, meaning = UNCOUNTED
        symbols[cell.key] = Symbol(mark, _choose_style(cell, state), meaning)
    return symbols


def _choose_style(cell: ComparedCell, state: CellState) -> str:
    if state in (CellState.REGRESSED, CellState.UNSTABLE):
        return "bold red"
    if cell.baseline is None or cell.candidate is None:
        return "bold magenta" if state in (CellState.BROKEN, CellState.WRONG_INPUT) else "blue"
    if cell.candidate.passed:
        return "green" if cell.baseline.passed else "bold green"
    return "red" if cell.baseline.passed else "magenta"


def headline(verdict: Verdict) -> tuple[str, str]:
    """Return the answer as a sentence, and the rich style for it."""
    word = summarise_verdict(verdict)
    return f"Verdict: {word}: {_reason(verdict)}; {_cells(verdict)}", STYLES[verdict.answer]


def summarise_verdict(verdict: Verdict) -> str:
    """Return the answer in a few words."""
    return verdict.answer.replace("-", " ").upper()


def _reason(verdict: Verdict) -> str:
    causes = Counter(cause.severity for cause in verdict.causes)
    if verdict.answer is Answer.NOT_COMPATIBLE:
        affected = {entry.key for entry in verdict.regressions if entry.key is not None}
        where = f" in {count(len(affected), 'cell')}" if affected else ""
        return count(causes[Severity.REGRESSION], "regression") + where
    if verdict.answer is Answer.NOTHING_PROVEN:
        compared = any(cell.is_compared for cell in verdict.cells)
        return "no cell passed on both sides" if compared else "no cell has a boot of both sides"
    if verdict.identical:
        return "no rule found anything"
    unconfirmed = sum(cause.is_unconfirmed for cause in verdict.causes)
    words = [
        (unconfirmed, "unconfirmed regression"),
        (causes[Severity.CHANGE] - unconfirmed, "change"),
        (causes[Severity.IMPROVEMENT], "improvement"),
    ]
    told = [count(number, word) for number, word in words if number]
    return ", ".join(["no confirmed regression" if unconfirmed else "no regression", *told])


def _cells(verdict: Verdict) -> str:
    """Return how many cells say what, in words; what no cell says is left out."""
    counts = verdict.counts
    counted = (
        (counts.unstable, "unstable"),
        (counts.works_with_neither, "on neither"),
        (counts.only_one_side, "have one side only"),
        (counts.broken, "with a broken rig"),
        (counts.wrong_input, "with wrong input"),
        (counts.cached, "from the cache"),
    )
    passed = f"{counts.passed_on_both_sides} of {count(counts.all, 'cell')} passed on both sides"
    return ", ".join([passed, *(f"{number} {words}" for number, words in counted if number)])


def _print_wrapped(console: Console, words: str, *, indent: int = 0, limit: int | None = None, style: str = "") -> None:
    """Print a sentence in at most `limit` lines; a part that is left out is told below."""
    blanks = " " * indent
    lines = textwrap.wrap(
        words,
        console.width,
        initial_indent=blanks,
        subsequent_indent=blanks,
        max_lines=limit,
        placeholder=" ...",
        break_on_hyphens=False,
    )
    for line in lines:
        print_text(console, line, style=style)


def _print_sides(verdict: Verdict, console: Console) -> None:
    """Print what was compared, and notes."""
    sides = f"Baseline {verdict.baseline or '(no traces)'}, candidate {verdict.candidate or '(no traces)'}"
    _print_wrapped(console, sides)
    for note in verdict.notes:
        _print_wrapped(console, f"Note: {note}.", limit=SENTENCE_LINES, style="yellow")


def _print_cause(number: str, cause: Cause, explained: set[str], page: Page) -> None:
    """Print one of the worst causes: where, what, why (if not `explained` above), how many differences it folds."""
    words = describe_cause(cause, page.compared)
    name, style = NAMES[cause.severity]
    if cause.is_unconfirmed:
        name = "Regression that is not confirmed"
    rest = f"; {count(cause.consequences, 'more difference')} with it" if cause.followers else ""
    heading = f"{number}{name}: {words.where} [{tell_origin(cause.first, cause.confirmed_by, cause.heads)}{rest}]"
    for line in textwrap.wrap(heading, page.console.width, subsequent_indent="   ", break_on_hyphens=False):
        text = Text(line)
        text.highlight_words([f"{number}{name}"], style)
        print_lines(page.console, [text])
    first = words.wordings[0]
    if len(words.wordings) > 1:
        first = replace(first, share=f"{first.share}, the others in other words")
    _print_wrapped(page.console, capitalise(str(first)), indent=3, limit=page.limit)
    if whys := [why for why in words.whys if why not in explained]:
        _print_wrapped(page.console, f"Why: {'; '.join(whys)}", indent=3, limit=page.limit)
    explained.update(words.whys)
    if page.run and cause.severity is Severity.REGRESSION and cause.first.key is not None:
        print_text(page.console, f"   again: {tell_rerun(page.run, cause.first.key)}")


def _print_facts(facts: Sequence[Cause], compared: Sequence[CellKey], limit: int, console: Console) -> None:
    """Print at most `limit` facts about whole ROMs; those that one rule found of the same ROMs are one."""
    items: dict[tuple[str, Severity, str], list[Wording]] = {}
    for cause in facts:
        where = describe_roms(cause.cells, compared)
        told = describe_cause(cause, compared).wordings
        items.setdefault((cause.first.rule, cause.severity, where), []).extend(told)
    if items:
        console.print()
        print_text(console, "Of whole ROMs, in every scenario", style="bold")
    for (_, severity, where), wordings in list(items.items())[:limit]:
        sentences = [str(wordings[0])] if len(wordings) == 1 else [one.statement for one in wordings]
        text = f"{where}: {'; '.join(sentences)}"
        _print_wrapped(console, capitalise(text), indent=2, limit=SENTENCE_LINES, style=NAMES[severity][1])
    if len(items) > limit:
        print_text(console, f"  {len(items) - limit} more below")


def _print_counts(verdict: Verdict, worst: Sequence[Cause], console: Console) -> None:
    """Print how much more there is below."""
    rest = [cause for cause in verdict.causes if cause not in worst]
    counted = Counter(cause.severity for cause in rest)
    topics = Counter(_topic(cause) for cause in rest if cause.severity is Severity.CHANGE)
    words = [
        (counted[Severity.REGRESSION], "more regression", ""),
        (counted[Severity.CHANGE], "more change", f" ({', '.join(f'{topic} {n}' for topic, n in topics.items())})"),
        (counted[Severity.IMPROVEMENT], "improvement", ""),
        (counted[Severity.INFO], "further difference", ""),
        (sum(bool(entry.waiver) for entry in verdict.differences), "waived difference", ""),
        (len(verdict.refuted), "refuted difference", ""),
    ]
    if told := [f"{count(number, word)}{more}" for number, word, more in words if number]:
        console.print()
        _print_wrapped(console, f"Told below: {', '.join(told)}.", limit=SENTENCE_LINES)


def _topic(cause: Cause) -> str:
    topics = RULES[cause.first.rule].topics
    return next((topic for topic in TOPICS if topic in topics), cause.first.rule)
