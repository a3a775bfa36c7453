"""What is new in a verdict since the last comparison of the same sides."""

import logging
from dataclasses import replace
from pathlib import Path

from bootrig.compare.finding import Severity
from bootrig.compare.verdict import News, Verdict
from bootrig.errors import RigError
from bootrig.record.history import History, find_previous, open_history
from bootrig.record.run import Run

logger = logging.getLogger(__name__)
TOLD = (Severity.REGRESSION, Severity.CHANGE)


def tell_news(verdict: Verdict, run: Run, runs: Path | None) -> Verdict:
    """Return the verdict of a run with what is new in it, where there is a run before it; `runs` is their directory.

    A history that cannot be used is told, and makes no verdict worth less.
    """
    try:
        with open_history(runs) as history:
            news = _find_news(history, verdict, run)
    except RigError as error:
        logger.warning("what is new since the last run is not known: %s", error)
        return verdict
    if news is None:
        return verdict
    new = frozenset(news.new)
    return replace(
        verdict,
        news=news,
        notes=(*verdict.notes, _describe(verdict, news)),
        differences=tuple(replace(entry, is_new=entry.id in new) for entry in verdict.differences),
    )


def keep_history(runs: Path) -> None:
    """Add the runs that have ended to the history, so that it outlives them; what keeps it from that is told."""
    try:
        with open_history(runs):
            pass
    except RigError as error:
        logger.warning("the history does not have this run: %s", error)


def _find_news(history: History, verdict: Verdict, run: Run) -> News | None:
    cells = {cell.cell for cell in run.cells}
    previous = find_previous(history, run.id, [side.given for side in run.sides], cells, run.started)
    if previous is None:
        return None
    is_same_suite = history.find_cells(previous) == cells
    before = {
        one.id: one
        for one in history.find_differences(previous)
        if one.cell in cells or (one.cell is None and is_same_suite)
    }
    known = {one.id for one in history.find_differences(previous)}
    now = {entry.id for entry in verdict.differences}
    new = tuple(entry.id for entry in verdict.differences if entry.id not in known)
    return News(previous.name, new, tuple(name for name in before if name not in now))


def _describe(verdict: Verdict, news: News) -> str:
    """Return a sentence: which run it is compared with, how much is new, by severity, and how much is gone."""
    entries = [entry for entry in verdict.differences if entry.id in news.new and not entry.waiver]
    if not entries and not news.gone:
        return f"nothing is new since the run {news.since}"
    counted = [(sum(entry.weight is severity for entry in entries), str(severity)) for severity in TOLD]
    counted.append((len(entries) - sum(number for number, _ in counted), "further difference"))
    words = [f"{number} {word}{'' if number == 1 else 's'} new" for number, word in counted if number]
    if news.gone:
        words.append(f"{len(news.gone)} difference{'' if len(news.gone) == 1 else 's'} gone")
    return f"since the run {news.since}: {', '.join(words)}"
