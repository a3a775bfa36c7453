"""The verdict: may the candidate replace the baseline?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bootrig.compare.causes import Cause, find_causes
from bootrig.compare.difference import Difference
from bootrig.compare.finding import Severity
from bootrig.compare.policy import FailOn
from bootrig.errors import ExitStatus, is_wrong_input, settle_status
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import WantedBoot
from bootrig.trace.trace import ClockKind, Outcome, OutcomeStatus


class CellState(StrEnum):
    """What became of one cell, the candidate held against the baseline; worst first."""

    REGRESSED = "regressed"
    UNSTABLE = "unstable"
    CHANGED = "changed"
    IMPROVED = "improved"
    NOTED = "noted"
    SAME = "same"
    BOTH_FAILED = "both-failed"
    ONLY_BASELINE = "only-baseline"
    ONLY_CANDIDATE = "only-candidate"
    BROKEN = "broken"
    WRONG_INPUT = "wrong-input"


STATES: Mapping[Severity, CellState] = {
    Severity.REGRESSION: CellState.REGRESSED,
    Severity.CHANGE: CellState.CHANGED,
    Severity.IMPROVEMENT: CellState.IMPROVED,
    Severity.INFO: CellState.NOTED,
}
"""What becomes of a cell by the worst difference in it."""

ONE_SIDED = frozenset({CellState.ONLY_BASELINE, CellState.ONLY_CANDIDATE})


@dataclass(frozen=True, slots=True)
class ComparedBoot:
    """The boot of one side that counts.

    Attributes:
        outcome: how it ended.
        attempt: name of the attempt.
        clock: how the guest's clock ran.
        directory: the attempt's directory, relative to the run's.
        cached: when it was booted, ISO 8601 in UTC, where it came from the cache; empty for a boot of this run.
        unstable: whether its cell ended differently when it was repeated, so that it counts as passed nowhere.
    """

    outcome: Outcome
    attempt: str
    clock: ClockKind
    directory: str
    cached: str = ""
    unstable: bool = False

    @property
    def passed(self) -> bool:
        """Whether it did what the scenario expects, each time."""
        return self.outcome.status is OutcomeStatus.PASSED and not self.unstable


@dataclass(frozen=True, slots=True)
class ComparedCell:
    """One cell of the matrix.

    Attributes:
        key: which one.
        state: what became of it.
        baseline: the baseline's boot; None where there is none.
        candidate: the candidate's boot; None where there is none.
    """

    key: CellKey
    state: CellState
    baseline: ComparedBoot | None
    candidate: ComparedBoot | None

    @property
    def is_compared(self) -> bool:
        """Whether both sides have a boot."""
        return self.baseline is not None and self.candidate is not None

    @property
    def is_cached(self) -> bool:
        """Whether the boots that count came from the cache."""
        boots = [boot for boot in (self.baseline, self.candidate) if boot is not None]
        return bool(boots) and all(boot.cached for boot in boots)

    @property
    def passed_on_both_sides(self) -> bool:
        """Whether both boots did what they should."""
        return all(boot is not None and boot.passed for boot in (self.baseline, self.candidate))


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A cell that was not compared, and why.

    Attributes:
        key: which one.
        explanation: a sentence.
    """

    key: CellKey
    explanation: str


@dataclass(frozen=True, slots=True)
class News:
    """What changed since the last comparison of the same sides.

    Attributes:
        since: that run's name.
        new: ids of differences that it did not have.
        gone: ids of those that only it had, of the cells that both tried.
    """

    since: str
    new: tuple[str, ...]
    gone: tuple[str, ...]


class Answer(StrEnum):
    """The word of a verdict; the first that fits."""

    NOT_COMPATIBLE = "not-compatible"
    NOTHING_PROVEN = "nothing-proven"
    COMPATIBLE_WITH_CHANGES = "compatible-with-changes"
    COMPATIBLE = "compatible"


@dataclass(frozen=True, slots=True)
class CellCounts:
    """How many cells there are, and how many of them say what.

    Attributes:
        all: in the matrix.
        passed_on_both_sides: did what the scenario expects on both sides.
        unstable: ended differently when they were repeated, on some side.
        works_with_neither: failed on both sides.
        only_one_side: have a boot of one side only.
        broken: were tried, but the rig broke on some side.
        wrong_input: were tried, but the user's input was found to be wrong.
        cached: were not booted: the boots that count came from the cache.
    """

    all: int
    passed_on_both_sides: int
    unstable: int
    works_with_neither: int
    only_one_side: int
    broken: int
    wrong_input: int
    cached: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: may the candidate replace the baseline?

    Attributes:
        baseline: name of the baseline ROM set.
        candidate: name of the candidate ROM set.
        differences: all that count and all that were waived, in the order of rules and cells.
        cells: the matrix, in the order of keys.
        not_compared: cells that have no boot of some side.
        refuted: differences that other boots did not show; they count for nothing.
        broken: cells in which the rig broke on some side, or the input was found to be wrong, and how.
        wanted: boots that would tell more: they confirm or refute, or tell waits from work.
        untimed: cells whose times differ, and no boots at a second clock tell whether it waits longer or works more.
        notes: what else people should know: that one emulator only was tried, waivers that expired or matched nothing.
        fail_on: the mildest severity with which the comparison ends badly.
        added: what the rig put into the boots' world beside what the files say.
        news: what is new since the last run; None where there is none before.
    """

    baseline: str
    candidate: str
    differences: tuple[Difference, ...]
    cells: tuple[ComparedCell, ...]
    not_compared: tuple[NotCompared, ...] = ()
    refuted: tuple[Difference, ...] = ()
    broken: Mapping[CellKey, str] = field(default_factory=dict)
    wanted: tuple[WantedBoot, ...] = ()
    untimed: tuple[CellKey, ...] = ()
    notes: tuple[str, ...] = ()
    fail_on: FailOn = FailOn.REGRESSION
    added: tuple[str, ...] = ()
    news: News | None = None

    @property
    def answer(self) -> Answer:
        """The word; a regression that lacks its confirmation counts as a change."""
        if self.regressions:
            return Answer.NOT_COMPATIBLE
        if not any(cell.passed_on_both_sides for cell in self.cells):
            return Answer.NOTHING_PROVEN
        return Answer.COMPATIBLE_WITH_CHANGES if self.of_severity(Severity.CHANGE) else Answer.COMPATIBLE

    @property
    def status(self) -> ExitStatus:
        """The exit status: what the answer earned, joined with what broke."""
        answer = self.answer
        earned = ExitStatus.BROKEN if answer is Answer.NOTHING_PROVEN else ExitStatus.GOOD
        changed = answer is Answer.COMPATIBLE_WITH_CHANGES and self.fail_on is FailOn.CHANGE
        if answer is Answer.NOT_COMPATIBLE or changed:
            earned = ExitStatus.BAD
        return settle_status(earned, self.broken.values())

    @property
    def identical(self) -> bool:
        """Whether it is compatible, all cells and times were compared, no rig broke, and no rule found anything."""
        is_whole = not (self.not_compared or self.broken or self.untimed)
        return self.answer is Answer.COMPATIBLE and not self.differences and is_whole

    @property
    def regressions(self) -> tuple[Difference, ...]:
        """The differences that keep the candidate from replacing the baseline."""
        return tuple(difference for difference in self.differences if difference.counts)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What differs and was not waived, each thing once, worst first."""
        reached = {cell.key: cell.candidate.outcome.milestone for cell in self.cells if cell.candidate is not None}
        return find_causes(self.differences, reached)

    @property
    def counts(self) -> CellCounts:
        """How many cells say what."""
        states = [cell.state for cell in self.cells]
        wrong_input = sum(map(is_wrong_input, self.broken.values()))
        return CellCounts(
            all=len(states),
            passed_on_both_sides=sum(cell.passed_on_both_sides for cell in self.cells),
            unstable=states.count(CellState.UNSTABLE),
            works_with_neither=states.count(CellState.BOTH_FAILED),
            only_one_side=sum(state in ONE_SIDED for state in states),
            broken=len(self.broken) - wrong_input,
            wrong_input=wrong_input,
            cached=sum(cell.is_cached for cell in self.cells),
        )

    def of_severity(self, severity: Severity) -> tuple[Difference, ...]:
        """Return the differences that weigh so much and were not waived."""
        return tuple(entry for entry in self.differences if entry.weight is severity and not entry.waiver)
