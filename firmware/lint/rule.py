"""Rules: how they are named, found and explained.

A rule is a function with a name and a severity that yields faults; its docstring is its paragraph in the rule list.
Rules for a ROM take a `RomSubject`, rules for a set a `SetSubject` and `LintOptions`, and rules that compare with a
baseline the two sets. Each registers itself when its module is imported; `firmware.lint.check` imports all of `rules/`.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from firmware.lint.finding import Fault, Severity
from firmware.lint.subject import SetSubject

Check = Callable[..., Iterable[Fault]]
CheckType = TypeVar("CheckType", bound=Check)


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


def rom_rule(name: str, severity: Severity) -> Callable[[CheckType], CheckType]:
    """Register the decorated function as a rule for one ROM."""

    def add(check: CheckType) -> CheckType:
        _add(ROM_RULES, Rule(name, severity, check))
        return check

    return add


def set_rule(
    name: str, severity: Severity, *, needs_baseline: bool = False, needs_whole_set: bool = False
) -> Callable[[CheckType], CheckType]:
    """Register the decorated function as a rule for a ROM set."""

    def add(check: CheckType) -> CheckType:
        rule = Rule(name, severity, check, needs_baseline=needs_baseline, needs_whole_set=needs_whole_set)
        _add(SET_RULES, rule)
        return check

    return add


def _add(registry: dict[str, Rule], rule: Rule) -> None:
    if rule.name in ROM_RULES or rule.name in SET_RULES:
        raise ValueError(f"two rules are called {rule.name}")
    registry[rule.name] = rule
