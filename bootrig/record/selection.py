"""Which cells of a run people mean: by their names, those that failed, those that are missing."""

from collections.abc import Sequence

from bootrig.compare.failures import Outcomes, OutcomeState
from bootrig.compare.verdict import CellState, Verdict
from bootrig.document.toml import suggest
from bootrig.record.judgement import judge, restore_policy, settle
from bootrig.record.run import RecordedRun, RunError
from bootrig.trace.names import CellKey, matches_cell, parse_cell_name
from bootrig.trace.trace import TRACE_FILE

SIDES = ("baseline", "candidate")


def is_comparison(recorded: RecordedRun) -> bool:
    """Whether the run has a baseline and a candidate."""
    return {side.label for side in recorded.run.sides} == set(SIDES)


def judge_run(recorded: RecordedRun) -> Verdict | Outcomes:
    """Judge a run by itself, as it did in its end.

    Raises:
        RunError: its policy is damaged.
        JsonFileError: a trace is damaged.
    """
    if is_comparison(recorded):
        return judge(recorded, recorded, restore_policy(recorded.run))
    return settle(recorded)


def list_cells(recorded: RecordedRun) -> tuple[CellKey, ...]:
    """Return the planned cells, each once, in their order."""
    return tuple(dict.fromkeys(parse_cell_name(cell.cell) for cell in recorded.run.cells))


def select_cells(recorded: RecordedRun, words: Sequence[str]) -> tuple[CellKey, ...]:
    """Return the planned cells that people name: trailing parts left out, patterns of the shell, commas between names.

    Raises:
        RunError: a name is that of no cell.
    """
    cells = list_cells(recorded)
    chosen = set()
    for pattern in (part for word in words for part in word.split(",") if part):
        found = [key for key in cells if matches_cell(key, pattern)]
        if not found:
            known = list(dict.fromkeys(key.scenario for key in cells))
            hint = suggest(pattern.partition("/")[0], known)
            raise RunError(
                f"{recorded.directory} has no cell {pattern}{hint}", remedy=f"its scenarios: {', '.join(known)}"
            )
        chosen.update(found)
    return tuple(key for key in cells if key in chosen)


def find_failed(recorded: RecordedRun) -> tuple[CellKey, ...]:
    """Return the cells that failed, regressed, or whose rig broke.

    Raises:
        RunError: its policy is damaged.
        JsonFileError: a trace is damaged.
    """
    judged = judge_run(recorded)
    bad: set[CellKey] = set()
    if isinstance(judged, Verdict):
        states = (CellState.REGRESSED, CellState.UNSTABLE, CellState.BROKEN, CellState.WRONG_INPUT)
        bad.update(cell.key for cell in judged.cells if cell.state in states)
        bad.update(cell.key for cell in judged.cells if cell.candidate is not None and not cell.candidate.passed)
        bad.update(judged.broken)
    else:
        failed = (OutcomeState.FAILED, OutcomeState.UNSTABLE, OutcomeState.UNCONFIRMED)
        bad.update(trace.key for trace, state in judged.settled if state in failed)
        bad.update(key for _, key, _ in judged.errors)
    return tuple(key for key in list_cells(recorded) if key in bad)


def find_missing(recorded: RecordedRun) -> tuple[CellKey, ...]:
    """Return the cells that have no trace on a side on which they were planned."""
    missing = {
        parse_cell_name(cell.cell)
        for cell in recorded.run.cells
        if not any((recorded.directory / cell.directory).glob(f"*/{TRACE_FILE}"))
    }
    return tuple(key for key in list_cells(recorded) if key in missing)
