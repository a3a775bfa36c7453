"""`bootrig explain`: what a rule of compare or lint looks at, and what can be done about what it finds."""

import argparse

from bootrig.errors import ExitStatus, InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("rules", nargs="+", metavar="RULE", help="a rule's name, or the id of a difference")


def run(arguments: argparse.Namespace) -> int:
    """Print what is known of rules; returns the exit status."""
    from bootrig.compare.rules import RULES
    from bootrig.document.toml import suggest
    from bootrig.report.terminal.rules import render_lint_rule, render_rule
    from firmware.lint.check import all_rules

    lint_rules = all_rules()
    told = []
    for word in arguments.rules:
        name = word.partition("@")[0]
        if name in RULES:
            told.append(render_rule(RULES[name]))
        elif name in lint_rules:
            told.append(render_lint_rule(lint_rules[name]))
        else:
            hint = suggest(name, [*RULES, *lint_rules])
            raise InputError(f'there is no rule "{name}"{hint}', remedy="bootrig rules")
    print("\n\n".join(told))
    return ExitStatus.GOOD
