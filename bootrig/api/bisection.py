"""Bisection without effects: what was judged, and what has to be judged next, to find the first that is bad."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Answer(StrEnum):
    """What became of one that was tried; `skipped` where that proves nothing."""

    GOOD = "good"
    BAD = "bad"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One that was tried.

    Attributes:
        name: a commit, 40 hexadecimal digits; a side, as users name it.
        answer: what became of it.
        reason: why, in a sentence; empty where it is good.
        run: the directory of the run that shows it; empty where none was made.
        roms: SHA-256 of what was built of it, by file names.
    """

    name: str
    answer: Answer
    reason: str = ""
    run: str = ""
    roms: tuple[tuple[str, str], ...] = ()


class Line(Protocol):
    """What is bisected: commits, or sides in their order."""

    def rank(self, bad: str, good: Sequence[str]) -> Sequence[str]:
        """Return those before `bad` that may be the first bad one; what halves them comes first."""


@dataclass(frozen=True, slots=True)
class SideLine:
    """Sides in their order, oldest first."""

    names: tuple[str, ...]

    def rank(self, bad: str, good: Sequence[str]) -> tuple[str, ...]:
        """Return those between the last good one and `bad`, the one in the middle first."""
        first, last = max(self.names.index(name) for name in good) + 1, self.names.index(bad)
        middle = (first + last - 1) / 2
        return tuple(self.names[index] for index in sorted(range(first, last), key=lambda index: abs(index - middle)))


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be judged next.

    Attributes:
        name: which one; None where nothing is left.
        suspects: those of which one is the first bad one: the bad one, then those that may be.
    """

    name: str | None
    suspects: tuple[str, ...]


def choose_next(line: Line, steps: Sequence[Step]) -> Choice:
    """Return what to judge next, after `steps`, which have one good and one bad at least.

    Next to one that was skipped others would be skipped as well, so each that was leads farther away from the middle.
    """
    bad = [step.name for step in steps if step.answer is Answer.BAD][-1]
    good = [step.name for step in steps if step.answer is Answer.GOOD]
    left = line.rank(bad, good)
    skipped = {step.name for step in steps if step.answer is Answer.SKIPPED}.intersection(left)
    open_ = [name for name in left if name not in skipped]
    if not open_:
        return Choice(None, (bad, *left))
    return Choice(open_[min(len(skipped) ** 2, len(open_) - 1)], (bad, *left))
