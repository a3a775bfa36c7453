"""When guests ask again what nobody has answered, beside DHCP, which has a rule of its own."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Needs, rule
from bootrig.trace.reading.exchanges import find_exchanges
from bootrig.trace.reading.recall import recall
from bootrig.trace.trace import Trace

WORDS: Mapping[str, str] = {
    "arp": "ARP request",
    "dhcp6-solicit": "DHCPv6 SOLICIT",
    "dns": "DNS question",
    "neighbour-solicitation": "neighbour solicitation",
    "router-solicitation": "router solicitation",
}


@recall
def _find_gaps(trace: Trace) -> Mapping[str, list[float]]:
    """Return the seconds between the packets with which the guest asked for the first thing that it asked again."""
    gaps: dict[str, list[float]] = {}
    for exchange in find_exchanges(trace.wire):
        if len(exchange.asked) > 1:
            between = [round(later.guest_s - asked.guest_s, 3) for asked, later in pairwise(exchange.asked)]
            gaps.setdefault(exchange.what, between)
    return gaps


@rule(
    "retries",
    topics={"ipv6", "dns"},
    needs=Needs.CLOCK,
    follows_from=("network-client", "outcome"),
    witnesses=lambda trace: bool(_find_gaps(trace)),
)
def check_retries(pair: CellPair) -> Iterator[Finding]:
    """Does the guest ask again after the same time, where nobody answers? Info: ARP, DNS, DHCPv6, neighbours, routers.

    Looked at in virtual time. Gaps are waits, so that one clock is enough; they differ by more than half a second.
    """
    if not pair.is_virtual or pair.is_disturbed:
        return
    first, second = (_find_gaps(trace) for trace in pair.sides)
    for what, words in WORDS.items():
        gaps = zip(first.get(what, ()), second.get(what, ()), strict=False)
        for number, (old, new) in enumerate(gaps, start=2):
            if abs(new - old) > pair.tolerance.wait_s:
                statement = f"the guest sends its {words} number {number} after {{candidate}}, it was {{baseline}}"
                yield Finding(Severity.INFO, f"retries of {what}", old, new, statement, unit="s")
                break
