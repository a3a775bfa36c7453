"""What a rule finds in the boots that it looks at."""

from dataclasses import dataclass
from enum import StrEnum

Value = str | int | float | None


class Severity(StrEnum):
    """How much a difference weighs, worst first."""

    REGRESSION = "regression"
    CHANGE = "change"
    IMPROVEMENT = "improvement"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not the same with the candidate as with the baseline.

    Attributes:
        severity: how much it weighs.
        subject: what of the cell it is about; it tells apart what one rule finds in one cell.
        baseline: the baseline's value; None for absent.
        candidate: the candidate's value; None for absent.
        statement: what differs; `{baseline}` and `{candidate}` are the places of the values, `{more}` that of the
            difference of two numbers.
        why: why that matters, a sentence; may be empty.
        unit: unit of values that are numbers: `s`, `bytes`.
    """

    severity: Severity
    subject: str
    baseline: Value
    candidate: Value
    statement: str
    why: str = ""
    unit: str = ""

    @property
    def delta(self) -> float | None:
        """How much more the candidate's value is; None unless both are numbers, which differ a little by cell."""
        if isinstance(self.baseline, int | float) and isinstance(self.candidate, int | float):
            return self.candidate - self.baseline
        return None
