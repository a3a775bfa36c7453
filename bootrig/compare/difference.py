"""What comparing yields: differences, the state of each cell, and the verdict over them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bootrig.trace.trace import CellKey, TimeMode

Value = str | int | float | None

NOTHING = "nothing"


class Severity(StrEnum):
    """How much a difference weighs, worst first."""

    REGRESSION = "regression"
    CHANGE = "change"
    IMPROVEMENT = "improvement"
    INFO = "info"


class Confirmation(StrEnum):
    """Whether a difference may be believed, where virtual time can make one up.

    A server's millisecond is tens of a guest's in virtual time, and a guest's million instructions are a second of its
    clock, so outcomes and times that were seen there have to be seen in real time too.
    """

    NOT_NEEDED = "not-needed"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same with the candidate as with the baseline.

    Attributes:
        rule: name of the rule that found it.
        severity: how much it weighs.
        key: the cell it was found in; None for the ROM sets as wholes.
        subject: what of the cell it is about: `vendor class`, `DHCP`, a scenario's name.
        baseline: the baseline's value; None for absent.
        candidate: the candidate's value; None for absent.
        statement: what differs; `{baseline}` and `{candidate}` stand for the values.
        why: why that matters, a sentence; may be empty.
        unit: unit of values that are numbers: `s`, `bytes`.
        confirmation: whether real time confirmed it.
        waiver: why it is accepted; empty where nobody accepted it.
    """

    rule: str
    severity: Severity
    key: CellKey | None
    subject: str
    baseline: Value
    candidate: Value
    statement: str
    why: str = ""
    unit: str = ""
    confirmation: Confirmation = Confirmation.NOT_NEEDED
    waiver: str = ""

    @property
    def sentence(self) -> str:
        """What differs, from what to what, and why it matters."""
        return self.phrase(format_value(self.baseline, self.unit), format_value(self.candidate, self.unit))

    def phrase(self, baseline: str, candidate: str) -> str:
        """Return the sentence with other words for the values: a group of differences has ranges."""
        statement = self.statement
        for mark, words in (("{baseline}", baseline), ("{candidate}", candidate)):
            quoted = words if words == NOTHING else f'"{words}"'
            statement = statement.replace(f'"{mark}"', quoted).replace(mark, words)
        return f"{statement}: {self.why}" if self.why else statement

    @property
    def counts(self) -> bool:
        """Whether it keeps the candidate from replacing the baseline."""
        return self.severity is Severity.REGRESSION and not self.waiver

    @property
    def delta(self) -> float | None:
        """How much more the candidate's value is; None unless both are numbers, which differ a little by cell."""
        if isinstance(self.baseline, int | float) and isinstance(self.candidate, int | float):
            return self.candidate - self.baseline
        return None


class CellState(StrEnum):
    """What became of one cell, the candidate held against the baseline; worst first."""

    REGRESSED = "regressed"
    CHANGED = "changed"
    IMPROVED = "improved"
    NOTED = "noted"
    SAME = "same"
    BOTH_FAILED = "both-failed"
    ONLY_BASELINE = "only-baseline"
    ONLY_CANDIDATE = "only-candidate"


@dataclass(frozen=True, slots=True)
class ComparedCell:
    """One cell of the matrix.

    Attributes:
        key: which one.
        state: what became of it.
        baseline: the baseline's outcome in words, empty where there is no trace.
        candidate: the candidate's outcome in words, empty where there is no trace.
        time_mode: how the guests' clocks ran; None where they ran in different ways or one side is missing.
        baseline_directory: run directory of the baseline's boot.
        candidate_directory: run directory of the candidate's boot.
    """

    key: CellKey
    state: CellState
    baseline: str
    candidate: str
    time_mode: TimeMode | None = None
    baseline_directory: str = ""
    candidate_directory: str = ""


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A cell that only one side has, and why.

    Attributes:
        key: which one.
        present: `baseline` or `candidate`.
        explanation: a sentence.
    """

    key: CellKey
    present: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: may the candidate replace the baseline?

    Attributes:
        baseline: name of the baseline ROM set.
        candidate: name of the candidate ROM set.
        differences: all that count and all that were waived, in the order of rules and cells.
        cells: the matrix, in the order of keys.
        not_compared: cells that only one side has.
        refuted: differences of virtual time that real time did not show; they count for nothing.
        notes: what else people should know: waivers that expired or met nothing.
    """

    baseline: str
    candidate: str
    differences: tuple[Difference, ...]
    cells: tuple[ComparedCell, ...]
    not_compared: tuple[NotCompared, ...] = ()
    refuted: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def compatible(self) -> bool:
        """Whether nothing regressed (apart from what was waived) and something was compared at all."""
        return any(cell.state not in ONE_SIDED for cell in self.cells) and not self.regressions

    @property
    def identical(self) -> bool:
        """Whether every cell was compared and no rule found anything."""
        return bool(self.cells) and not self.differences and not self.not_compared

    @property
    def regressions(self) -> tuple[Difference, ...]:
        """The differences that keep the candidate from replacing the baseline."""
        return tuple(difference for difference in self.differences if difference.counts)

    def of_severity(self, severity: Severity) -> tuple[Difference, ...]:
        """Return the differences of one severity that were not waived."""
        return tuple(entry for entry in self.differences if entry.severity is severity and not entry.waiver)


ONE_SIDED = frozenset({CellState.ONLY_BASELINE, CellState.ONLY_CANDIDATE})


def format_value(value: Value, unit: str = "") -> str:
    """Return a value as people read it: `nothing` for None, one decimal for seconds."""
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:.1f} {unit}".rstrip()
    if isinstance(value, int):
        return f"{value:,} {unit}".rstrip() if unit == "bytes" else f"{value} {unit}".rstrip()
    return value


def format_range(values: Iterable[Value], unit: str = "") -> str:
    """Return the range of several numbers, `3.1 to 3.4 s`; one value where they all read the same."""
    numbers = sorted(value for value in values if isinstance(value, int | float))
    if not numbers:
        return format_value(None)
    first, last = format_value(numbers[0], unit), format_value(numbers[-1], unit)
    if first == last:
        return first
    return f"{first.removesuffix(unit).rstrip()} to {last}" if unit else f"{first} to {last}"
