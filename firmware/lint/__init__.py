"""Lint: named rules over option ROMs and ROM sets, whose findings are values.

findings = lint_set(examine_set(mine), LintOptions(baseline=examine_set(theirs)))
"""
