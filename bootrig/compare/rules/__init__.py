"""Named rules, each an opinion about one thing in a pair of boots."""

from bootrig.compare.registry import RULES, Finding, Rule, rule
from bootrig.compare.rules import (
    dhcp_exchange,
    dhcp_identity,
    dhcp_options,
    http,
    outcome,
    rom,
    screen,
    stages,
    tftp,
    traffic,
)

__all__ = [
    "RULES",
    "Finding",
    "Rule",
    "dhcp_exchange",
    "dhcp_identity",
    "dhcp_options",
    "http",
    "outcome",
    "rom",
    "rule",
    "screen",
    "stages",
    "tftp",
    "traffic",
]
