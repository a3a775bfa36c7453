"""Which network stack booted, on both sides."""

from typing import Any

import pytest

from bootrig.compare import Severity, compare_traces
from bootrig.report.sentences import format_finding
from tests.compare.factory import DISCOVER, Boot, trace

BARE: dict[str, Any] = {"options": {code: text for code, text in DISCOVER.items() if code not in (77, 175)}}
GPXE: dict[str, Any] = {"options": {**DISCOVER, 77: b"gPXE".hex()}}


def look(first: dict[str, Any], second: dict[str, Any], firmware: str = "ovmf") -> list[tuple[Severity, str]]:
    verdict = compare_traces([trace(Boot(firmware=firmware, **first))], [trace(Boot(firmware=firmware, **second))])
    return [
        (entry.finding.severity, format_finding(entry.finding))
        for entry in verdict.differences
        if entry.rule == "network-client"
    ]


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        (
            {},
            BARE,
            "OVMF's own PXE client asks for an address, with the baseline it was iPXE: the ROM's own network stack "
            "does not run, so there are no scripts, commands and options of iPXE",
        ),
        (
            BARE,
            {},
            "iPXE asks for an address, with the baseline it was OVMF's own PXE client: "
            "DHCP servers and scripts that expect the other one no longer fit",
        ),
        (
            GPXE,
            {},
            "iPXE asks for an address, with the baseline it was gPXE: "
            "DHCP servers and scripts that expect the other one no longer fit",
        ),
    ],
)
def test_another_stack_is_a_change(first: dict[str, Any], second: dict[str, Any], sentence: str) -> None:
    assert look(first, second) == [(Severity.CHANGE, sentence)]


@pytest.mark.parametrize("other", [{}, BARE, {"messages": ()}])
def test_the_same_stack_or_none_is_no_difference(other: dict[str, Any]) -> None:
    assert look(other, other) == []
    assert look({"messages": ()}, other) == []
    assert look(other, {"messages": ()}) == []
