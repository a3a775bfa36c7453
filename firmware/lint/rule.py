"""Rules: how they are named, found and explained.

A rule is a function with a name and a severity that yields faults; its docstring is its paragraph in the rule list.
Rules for a ROM take a `RomSubject`, rules for a set a `SetSubject` and `LintOptions`, and rules that compare with a
baseline the two sets. Each registers itself when its module is imported; `firmware.lint.check` imports all of `rules/`.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from firmware.lint.finding import Fault, Severity
from firmware.lint.subject import SetSubject

Check = Callable[..., Iterable[Fault]]


@dataclass(frozen=True, slots=True)
class LintOptions:
    """What the user measures a ROM set by, beside the rules' own measure.

    Attributes:
        maximum_bar_length: the largest ROM BAR in bytes that is accepted; None for any.
        baseline: the set that is in use now; None for none.
    """

    maximum_bar_length: int | None = None
    baseline: SetSubject | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: what findings and the rule list call it.
        severity: the severity of its findings, where they do not say another.
        check: yields the faults.
        needs_baseline: whether it compares with a baseline, and is silent without one.
        needs_whole_set: whether it is about what a set lacks, so that a single file is not asked.
    """

    name: str
    severity: Severity
    check: Check
    needs_baseline: bool = False
    needs_whole_set: bool = False

    @property
    def summary(self) -> str:
        """What must be so, in a sentence: the first line of the docstring."""
        return (inspect.getdoc(self.check) or "").partition("\n")[0]

    @property
    def paragraph(self) -> str:
        """Why, and what to do: the rest of the docstring, as one paragraph."""
        return " ".join((inspect.getdoc(self.check) or "").partition("\n")[2].split())


ROM_RULES: dict[str, Rule] = {}
"""The rules for one ROM, by name."""

SET_RULES: dict[str, Rule] = {}
"""The rules for a ROM set, by name."""


def _register(
    registry: dict[str, Rule],
    name: str,
    severity: Severity,
    *,
    needs_baseline: bool = False,
    needs_whole_set: bool = False,
) -> Callable[[Check], Check]:
    """Register the decorated function as a rule."""

    def add(check: Check) -> Check:
        if name in ROM_RULES or name in SET_RULES:
            raise ValueError(f"two rules are called {name}")
        registry[name] = Rule(name, severity, check, needs_baseline, needs_whole_set)
        return check

    return add


rom_rule = partial(_register, ROM_RULES)
set_rule = partial(_register, SET_RULES)
