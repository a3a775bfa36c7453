"""Lint: named rules over option ROMs and ROM sets, whose findings are values.

findings = lint_set(examine_set(mine), LintOptions(baseline=examine_set(theirs)))
"""

from firmware.lint.check import all_rules, lint_rom, lint_set
from firmware.lint.finding import Finding, Severity, worst_severity
from firmware.lint.rule import LintOptions, Rule
from firmware.lint.subject import RomSubject, SetSubject, examine_rom, examine_set

__all__ = [
    "Finding",
    "LintOptions",
    "RomSubject",
    "Rule",
    "SetSubject",
    "Severity",
    "all_rules",
    "examine_rom",
    "examine_set",
    "lint_rom",
    "lint_set",
    "worst_severity",
]
