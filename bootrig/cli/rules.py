"""`bootrig rules`: what boots are compared by, and the topics that a policy may rely on."""

import argparse

from bootrig.cli.documents import print_json
from bootrig.errors import ExitStatus


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--topics", action="store_true", help="the topics of policies, and the rules that look at each")
    kind.add_argument("--json", action="store_true", help="print JSON")
    parser.epilog = "bootrig explain RULE tells more of one; bootrig lint --rules lists those for the bytes of ROMs."


def run(arguments: argparse.Namespace) -> int:
    """List the rules; returns the exit status."""
    from bootrig.compare.rules import RULES
    from bootrig.report.terminal.rules import render_list, render_topics

    if arguments.json:
        rows = [
            {
                "name": rule.name,
                "description": " ".join(rule.description.split()),
                "topics": sorted(rule.topics),
                "needs": str(rule.needs),
                "needs_own_cell": rule.needs_own_cell,
                "follows_from": list(rule.follows_from),
                "same_emulator": rule.same_emulator,
            }
            for rule in RULES.values()
        ]
        print_json("rules", rules=rows)
    else:
        print((render_topics if arguments.topics else render_list)(RULES.values()))
    return ExitStatus.GOOD
