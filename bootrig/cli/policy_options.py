"""What `compare` and `judge` are told of a site: its policy, its waivers. Imports nothing heavy."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bootrig.cli.argument_types import parse_path

if TYPE_CHECKING:
    from bootrig.compare import Policy

STRICT_WORD = "strict"
SEVERITIES = ("regression", "change")


def add_policy_options(parser: argparse.ArgumentParser) -> None:
    """Add `--policy`, `--waivers` and `--fail-on`."""
    parser.add_argument(
        "--policy",
        metavar="FILE",
        help=f"what this site relies on (TOML), which makes such changes regressions; '{STRICT_WORD}': every change",
    )
    parser.add_argument("--waivers", type=parse_path, metavar="FILE", help="differences that are accepted (TOML)")
    parser.add_argument(
        "--fail-on", choices=SEVERITIES, help="the mildest severity that ends with status 1 (default: regression)"
    )


def read_policy(arguments: argparse.Namespace) -> "Policy":
    """Return the policy that a command line asks for.

    Raises:
        DocumentError: a file cannot be read or says something wrong.
    """
    from dataclasses import replace

    from bootrig.compare import STRICT, FailOn, Policy, load_policy, load_waivers

    policy = Policy()
    if arguments.policy is not None:
        policy = STRICT if arguments.policy == STRICT_WORD else load_policy(Path(arguments.policy))
    if arguments.waivers is not None:
        policy = replace(policy, waivers=(*policy.waivers, *load_waivers(arguments.waivers)))
    if arguments.fail_on is not None:
        policy = replace(policy, fail_on=FailOn(arguments.fail_on))
    return policy
