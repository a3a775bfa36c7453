"""Rules: how they are named, found and explained.

A rule is a function with a name and a severity that yields faults; its docstring is its paragraph in the rule list.
Rules of a ROM take a `RomSubject`; rules of a set take a `SetSubject` and `LintOptions`.
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
    """

    name: str
    severity: Severity
    check: Check

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
    return _register(ROM_RULES, name, severity)


def set_rule(name: str, severity: Severity) -> Callable[[CheckType], CheckType]:
    """Register the decorated function as a rule for a ROM set."""
    return _register(SET_RULES, name, severity)


def _register(registry: dict[str, Rule], name: str, severity: Severity) -> Callable[[CheckType], CheckType]:
    def add(check: CheckType) -> CheckType:
        if name in ROM_RULES or name in SET_RULES:
            raise ValueError(f"two rules are called {name}")
        registry[name] = Rule(name, severity, check)
        return check

    return add
