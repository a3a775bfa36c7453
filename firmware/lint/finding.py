"""What lint says: findings, as values."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is.

    An error keeps the ROM from being found, run or migrated; a warning does so in some uses, or breaks a specification
    that firmware may check; a note is worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return tuple(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Fault:
    """What a rule reports: one thing, in one place.

    Attributes:
        message: what was found and what was expected, in a sentence.
        offset: where in the file; None where the finding is about all of it.
        length: how many bytes it is about.
        severity: where it differs from its rule's.
        file: the file of a set that it is about; empty for the ROM or the set itself.
    """

    message: str
    offset: int | None = None
    length: int = 0
    severity: Severity | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that one rule found.

    Attributes:
        rule: the rule's name.
        severity: how bad it is.
        message: what was found and what was expected.
        file: the file's name; the set's name where the finding is about the set.
        offset: where in the file; None where the finding is about all of it.
        length: how many bytes it is about.
        is_new: whether the baseline does not have it; None where there is no baseline.
    """

    rule: str
    severity: Severity
    message: str
    file: str
    offset: int | None = None
    length: int = 0
    is_new: bool | None = None
