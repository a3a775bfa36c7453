"""What a run showed, in the few words that a history keeps: how each boot ended, its stages, what differed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from msgspec import Struct

from bootrig.compare.verdict import CellState
from bootrig.jsonfile import load_json
from bootrig.record.judgement import settle
from bootrig.record.run import VERDICT_FILE, RecordedRun
from bootrig.trace.reading.stages import measure_stages
from bootrig.trace.trace import TRACE_FILE, Trace

PASSED, UNSTABLE, BROKEN, WRONG_INPUT = "passed", "unstable", "broken", "wrong-input"
NO_BOOT: Mapping[str, str] = {CellState.BROKEN: BROKEN, CellState.WRONG_INPUT: WRONG_INPUT}


@dataclass(frozen=True, slots=True)
class SeenBoot:
    """The boot of a cell and side that counts.

    Attributes:
        cell: the cell's name.
        side: the side, as the user typed it.
        state: `passed`, `failed`, `unstable`, `broken`, `wrong-input`; without a baseline also `unconfirmed`, `known`,
            `refuted`.
        milestone: the last milestone that was reached, empty for none.
        clock: the clock of the boot, as attempts are named by it: `shift7`, `real`; only times of one clock compare.
        stages: seconds of the guest's clock by stage.
    """

    cell: str
    side: str
    state: str
    milestone: str = ""
    clock: str = ""
    stages: Mapping[str, float] = field(default_factory=dict)


class SeenDifference(Struct, frozen=True, kw_only=True):
    """A difference of a verdict: its name, its cell (None for the ROM sets as wholes), what became of it."""

    id: str
    cell: str | None
    severity: str
    waiver: str = ""
    sentence: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a run showed.

    Attributes:
        answer: the verdict's word, or how many boots passed.
        boots: one a cell and side.
        differences: of a comparison, waived ones too.
    """

    answer: str
    boots: tuple[SeenBoot, ...]
    differences: tuple[SeenDifference, ...] = ()


class _Boot(Struct, frozen=True, kw_only=True):
    status: str
    milestone: str
    attempt: str
    unstable: bool = False


class _Cell(Struct, frozen=True, kw_only=True):
    cell: str
    state: str
    baseline: _Boot | None
    candidate: _Boot | None


class _Verdict(Struct, frozen=True, kw_only=True):
    """What a history reads of `bootrig-verdict/2`."""

    verdict: str
    differences: tuple[SeenDifference, ...]
    cells: tuple[_Cell, ...]


def read_sighting(recorded: RecordedRun) -> Sighting:
    """Return what a run showed that has ended: of a comparison what its verdict said then.

    Raises:
        JsonFileError: its verdict, or a trace of it, is damaged.
    """
    if not (recorded.directory / VERDICT_FILE).is_file():
        return _read_outcomes(recorded)
    verdict = load_json(recorded.directory / VERDICT_FILE, _Verdict)
    return Sighting(verdict.verdict, tuple(_iter_boots(recorded, verdict)), verdict.differences)


def _iter_boots(recorded: RecordedRun, verdict: _Verdict) -> Iterator[SeenBoot]:
    given = {side.label: side.given for side in recorded.run.sides}
    places = {(cell.side, cell.cell): recorded.directory / cell.directory for cell in recorded.run.cells}
    for cell in verdict.cells:
        for label, boot in (("baseline", cell.baseline), ("candidate", cell.candidate)):
            if label not in given:
                continue
            if boot is not None:
                state = UNSTABLE if boot.unstable else boot.status
                stages = _read_stages(places.get((label, cell.cell)), boot.attempt)
                yield SeenBoot(cell.cell, given[label], state, boot.milestone, _find_clock(boot.attempt), stages)
            elif cell.state in NO_BOOT:
                yield SeenBoot(cell.cell, given[label], NO_BOOT[cell.state])


def _read_stages(cell: Path | None, attempt: str) -> Mapping[str, float]:
    """Return the stages of a boot; none where the run, which may be a stranger's, does not have its trace."""
    if cell is None or PurePosixPath(attempt).name != attempt or "\0" in attempt:
        return {}
    path = cell / attempt / TRACE_FILE
    return _measure(load_json(path, Trace)) if path.is_file() else {}


def _read_outcomes(recorded: RecordedRun) -> Sighting:
    outcomes = settle(recorded)
    given = {side.label: side.given for side in recorded.run.sides}
    boots = [
        SeenBoot(
            trace.cell,
            given[trace.side],
            str(state),
            trace.outcome.milestone,
            _find_clock(trace.attempt),
            _measure(trace),
        )
        for trace, state in outcomes.settled
        if trace.side in given
    ]
    seen = {(boot.cell, boot.side) for boot in boots}
    boots += [
        SeenBoot(str(key), given[label], BROKEN)
        for label, key, _ in outcomes.errors
        if (str(key), given[label]) not in seen
    ]
    passed = sum(boot.state == PASSED for boot in boots)
    return Sighting(f"{passed} of {len(boots)} passed", tuple(boots))


def _find_clock(attempt: str) -> str:
    return attempt.partition(".")[0]


def _measure(trace: Trace) -> Mapping[str, float]:
    """Return the seconds of each stage of a boot."""
    return {str(stage): round(time.guest_s, 3) for stage, time in measure_stages(trace).items()}
