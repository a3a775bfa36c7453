"""Causes in words: where, what, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bootrig.compare import Cause
from bootrig.report.grouping import DifferenceGroup, describe_cells, group_differences
from bootrig.report.sentences import count, format_finding
from bootrig.trace.names import CellKey

NAMED = 2


@dataclass(frozen=True, slots=True)
class Wording:
    """What differs in some cells of a cause, alone and in a sentence, and how many cells those are (empty for all)."""

    share: str
    statement: str
    sentence: str

    def __str__(self) -> str:
        """Return both."""
        return f"{self.share}: {self.sentence}" if self.share else self.sentence


@dataclass(frozen=True, slots=True)
class CauseWords:
    """A cause in words.

    Attributes:
        where: the cells in which it was seen.
        wordings: what differs; several where cells tell it in other words, the most frequent first.
        whys: what explains it: how the boots differ, and what lint says of their ROMs.
    """

    where: str
    wordings: tuple[Wording, ...]
    whys: tuple[str, ...]


def describe_cause(cause: Cause, compared: Sequence[CellKey]) -> CauseWords:
    """Return a cause in words, held against all cells that were compared."""
    groups = sorted(group_differences(cause.heads, compared), key=lambda group: -len(group.differences))
    shares = [_describe_share(group, cause) if len(groups) > 1 else "" for group in groups]
    wordings = [Wording(share, group.statement, group.sentence) for share, group in zip(shares, groups, strict=True)]
    # the first of each rule speaks for all
    first = {entry.rule: entry for entry in reversed(cause.whys)}
    whys = [format_finding(replace(entry.finding, why="")) for entry in cause.whys if entry is first[entry.rule]]
    return CauseWords(describe_cells(cause.cells, compared), tuple(wordings), tuple(whys))


def _describe_share(group: DifferenceGroup, cause: Cause) -> str:
    """Return how many of a cause's cells a group has: `6 of 8 NICs`, `1 of 8 NICs (pcnet)`, `3 of 20 cells`."""
    keys = [entry.key for entry in group.differences if entry.key is not None]
    if len({replace(key, nic_model="") for key in cause.cells}) > 1:
        return f"{len(keys)} of {count(len(cause.cells), 'cell')}"
    names = f" ({', '.join(key.nic_model for key in keys)})" if len(keys) <= NAMED else ""
    return f"{len(keys)} of {count(len(cause.cells), 'NIC')}{names}"
