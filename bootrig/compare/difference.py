"""Differences: what a rule found, where, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from bootrig.compare.finding import Finding, Severity
from bootrig.trace.names import CellKey, name_difference


class Confirmation(StrEnum):
    """Whether other boots confirmed a difference that a clock, or chance, might have made.

    `PENDING` is what lacks the boots that would tell; a regression like that is worth no more than a change.
    """

    NOT_NEEDED = "not-needed"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class Difference:
    """A finding of a rule in a cell.

    Attributes:
        rule: name of the rule that found it.
        key: the cell it was found in; None for the ROM sets as wholes.
        finding: what differs.
        confirmation: whether other boots confirmed it.
        confirmed_by: which ones: `at shift 5; e1000 in real time`; empty where it is not confirmed.
        waiver: why it is accepted; empty where nobody accepted it.
        policy: why it is a regression though its rule calls it a change; empty where the rule decided.
        is_new: whether the last comparison of the same sides did not show it.
    """

    rule: str
    key: CellKey | None
    finding: Finding
    confirmation: Confirmation = Confirmation.NOT_NEEDED
    confirmed_by: str = ""
    waiver: str = ""
    policy: str = ""
    is_new: bool = False

    @property
    def id(self) -> str:
        """Its name, which no other difference of a verdict has: `RULE@CELL:SUBJECT`."""
        return name_difference(self.rule, self.key, self.finding.subject)

    def require_key(self) -> CellKey:
        """Return the cell it was found in.

        Raises:
            LookupError: it is one of the ROM sets as wholes.
        """
        if self.key is None:
            raise LookupError(f"{self.id} is not in a cell")
        return self.key

    @property
    def weight(self) -> Severity:
        """How much it weighs: a regression that has to be confirmed and is not yet is a change at most."""
        severity = self.finding.severity
        unproven = severity is Severity.REGRESSION and self.confirmation is Confirmation.PENDING
        return Severity.CHANGE if unproven else severity

    @property
    def counts(self) -> bool:
        """Whether it keeps the candidate from replacing the baseline."""
        return self.weight is Severity.REGRESSION and not self.waiver
