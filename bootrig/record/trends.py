"""Trends: how a cell's boots ended over time, how long their stages took, when a difference came and went."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bootrig.document.toml import suggest
from bootrig.record.history import COMPARE, History, PastRun
from bootrig.record.run import RunError
from bootrig.record.sighting import PASSED, SeenBoot, SeenDifference
from bootrig.trace.names import CellNameError, matches_cell, parse_cell_name, parse_difference_pattern

NOT_TRIED, ABSENT, WAIVED = "not-tried", "absent", "waived"


@dataclass(frozen=True, slots=True)
class CellTrend:
    """The boots of a cell and a side over time.

    Attributes:
        cell: the cell's name.
        side: the side, as the user typed it.
        boots: the runs, oldest first, each with its boot.
    """

    cell: str
    side: str
    boots: tuple[tuple[PastRun, SeenBoot], ...]

    @property
    def first_seen(self) -> PastRun:
        """The first run that tried it."""
        return self.boots[0][0]

    @property
    def last_good(self) -> PastRun | None:
        """The last run in which it passed; None where it never did."""
        return next((run for run, boot in reversed(self.boots) if boot.state == PASSED), None)

    @property
    def clock(self) -> str:
        """The clock of most boots: those with another one took other times."""
        return Counter(boot.clock for _, boot in self.boots).most_common(1)[0][0]

    @property
    def stages(self) -> Mapping[str, tuple[float, ...]]:
        """Seconds of the guest's clock by stage, of the boots with that clock which have it, oldest first."""
        alike = [boot.stages for _, boot in self.boots if boot.clock == self.clock]
        names = dict.fromkeys(name for stages in alike for name in stages)
        return {name: tuple(stages[name] for stages in alike if name in stages) for name in names}


@dataclass(frozen=True, slots=True)
class DifferenceTrend:
    """A difference between two sides over time.

    Attributes:
        id: its name.
        sides: baseline and candidate, as the user typed them.
        states: the comparisons of these sides, oldest first, each with the severity, `waived`, `absent` where its cell
            was compared, or `not-tried`.
        sentence: what it said last.
    """

    id: str
    sides: tuple[str, ...]
    states: tuple[tuple[PastRun, str], ...]
    sentence: str

    @property
    def seen(self) -> tuple[PastRun, ...]:
        """The comparisons that showed it, oldest first."""
        return tuple(run for run, state in self.states if state not in (ABSENT, NOT_TRIED))

    @property
    def last_without(self) -> PastRun | None:
        """The last comparison that tried its cell and did not show it; None where there is none."""
        return next((run for run, state in reversed(self.states) if state == ABSENT), None)


def find_cell_trends(history: History, pattern: str) -> tuple[CellTrend, ...]:
    """Return the trends of the cells that people name: trailing parts left out, patterns of the shell.

    Raises:
        RunError: no run tried such a cell.
    """
    found: dict[tuple[str, str], list[tuple[PastRun, SeenBoot]]] = {}
    known = set()
    for run in history.list_runs():
        for boot in history.find_boots(run):
            known.add(boot.cell)
            if _matches(boot.cell, pattern):
                found.setdefault((boot.cell, boot.side), []).append((run, boot))
    if not found:
        hint = suggest(pattern, sorted(known | {cell.partition("/")[0] for cell in known}))
        raise RunError(f"no run has tried a cell {pattern}{hint}", remedy="bootrig history lists the runs")
    return tuple(CellTrend(cell, side, tuple(boots)) for (cell, side), boots in sorted(found.items()))


def _matches(cell: str, pattern: str) -> bool:
    """Whether a cell, whose name comes from a file, matches."""
    try:
        return matches_cell(parse_cell_name(cell), pattern)
    except CellNameError:
        return False


def find_difference_trends(history: History, name: str) -> tuple[DifferenceTrend, ...]:
    """Return the trends of the differences that people name, by their names or patterns of them.

    Raises:
        CellNameError: it is not such a name.
        RunError: no comparison has shown one.
    """
    pattern = parse_difference_pattern(name)
    compared = [run for run in history.list_runs() if run.verb == COMPARE]
    seen = {run: {entry.id: entry for entry in history.find_differences(run)} for run in compared}
    last: dict[tuple[tuple[str, ...], str], SeenDifference] = {}
    for run, entries in seen.items():
        for entry in entries.values():
            if entry.id == name or pattern.matches_name(entry.id):
                last[run.sides, entry.id] = entry
    if not last:
        hint = suggest(name, sorted({entry_id for entries in seen.values() for entry_id in entries}))
        raise RunError(f"no comparison has shown a difference {name}{hint}", remedy="bootrig history lists the runs")
    return tuple(
        DifferenceTrend(
            entry.id,
            sides,
            tuple((run, _state(history, run, seen[run], entry)) for run in compared if run.sides == sides),
            entry.sentence,
        )
        for (sides, _), entry in sorted(last.items(), key=lambda item: item[0])
    )


def _state(history: History, run: PastRun, entries: Mapping[str, SeenDifference], entry: SeenDifference) -> str:
    found = entries.get(entry.id)
    if found is not None:
        return WAIVED if found.waiver else found.severity
    is_tried = entry.cell is None or any(boot.cell == entry.cell for boot in history.find_boots(run))
    return ABSENT if is_tried else NOT_TRIED
