"""What disturbs a boot: packets that were sent again, and DHCP that was answered late, which nothing explains.

Both are signs of a host that was too slow for its guest: in virtual time a guest that waits goes on at once, while its
servers need their wall time.
"""

from collections.abc import Iterator, Sequence
from math import inf

from bootrig.trace.events import Dhcp, HttpResponse, TftpError, TftpOptions, TftpRequest, TftpTransfer, WireEvent
from bootrig.trace.reading.exchanges import Exchange, find_exchanges
from bootrig.trace.trace import Disturbance, Trace

LATE_GUEST_S = 0.25
# So long after the first DISCOVER the link of e1000 may come up, with the OFFER to it; ROMs ask again after a second.
LINK_GUEST_S = 1.1
# The milestones that come after the answer to a question.
AFTER_ANSWERS = {
    "dhcp-discover": frozenset({"dhcp-offer", "dhcp-request", "dhcp-ack"}),
    "dhcp-request": frozenset({"dhcp-ack"}),
}
# what a scenario can allow: the words for what disturbs a boot
DISTURBANCES = (
    "dhcp-(?:discover|request|inform)(?:-late)?|dhcp-nak|dhcp6-[a-z-]+|tftp-(?:request|options|data)|tcp|dns|arp|"
    "neighbour-solicitation"
)
# Routers may be asked before the link is up: e1000 asks three times in good boots.
MAY_REPEAT = frozenset({"router-solicitation"})


def find_disturbances(trace: Trace) -> tuple[Disturbance, ...]:
    """Return what disturbed a boot, in the order of frames.

    Packets sent again count: of TFTP and TCP those of either side; DHCP messages, and questions of DNS, ARP and
    neighbours, where a guest repeats them before they are answered. What nobody answers in the whole boot is a network
    that is silent, so its repeats do not count; in virtual time those of DHCP do where the scenario expects the answer:
    a guest gives up within a moment of its server's time. Nor does a DISCOVER count that follows an OFFER, since ROMs
    go on asking while they collect offers. In virtual time a DHCP message counts that is answered late: the guest may
    go on at once, and send nothing again. The first DISCOVER may be answered late, and be sent again in the last
    moment, since the link of some NICs is not up before.

    What the scenario allows is left out, and what comes after a fault of the cable.
    """
    exchanges = find_exchanges(trace.wire)
    awaited = _find_awaited(trace) if trace.clock.is_virtual else frozenset()
    found = [
        *_iter_repeated(exchanges, awaited),
        *_iter_tftp(trace.wire),
        *_iter_tcp(trace.wire),
        *_iter_refused(exchanges),
    ]
    if trace.clock.is_virtual:
        found += _iter_late(exchanges)
    faults = [hit.frame for hit in trace.faults]
    return tuple(
        disturbance
        for disturbance in sorted(found, key=lambda disturbance: disturbance.frame)
        if disturbance.what not in trace.expected.allow and not any(frame <= disturbance.frame for frame in faults)
    )


def _find_awaited(trace: Trace) -> frozenset[str]:
    """Return the questions of DHCP that the scenario expects to be answered."""
    return frozenset(asked for asked, after in AFTER_ANSWERS.items() if after.intersection(trace.expected.milestones))


def _iter_repeated(exchanges: Sequence[Exchange], awaited: frozenset[str]) -> Iterator[Disturbance]:
    """Yield what a guest asked again before the answer, or in vain where it is `awaited`."""
    first = next((exchange for exchange in exchanges if exchange.what.startswith("dhcp-")), None)
    for exchange in exchanges:
        is_silent = exchange.answer is None and not exchange.was_answered and exchange.what not in awaited
        waited_for_link = exchange is first and _answer_s(exchange) <= LINK_GUEST_S
        if not is_silent and not waited_for_link and exchange.what not in MAY_REPEAT:
            yield from (Disturbance(event.frame, exchange.what) for event in exchange.asked[1:])


def _answer_s(exchange: Exchange) -> float:
    """Return how long a question waited for its answer; for ever where there is none."""
    return inf if exchange.answer is None else exchange.answer.guest_s - exchange.asked[0].guest_s


def _iter_late(exchanges: Sequence[Exchange]) -> Iterator[Disturbance]:
    """Yield late answers to DHCP messages, but for the first DISCOVER."""
    messages = [exchange for exchange in exchanges if exchange.what.startswith("dhcp-")]
    for exchange in messages[1:]:
        if exchange.answer is not None and _answer_s(exchange) > LATE_GUEST_S:
            yield Disturbance(exchange.answer.frame, f"{exchange.what}-late")


def _iter_refused(exchanges: Sequence[Exchange]) -> Iterator[Disturbance]:
    """Yield the answers that make a guest begin its DHCP exchange again."""
    for exchange in exchanges:
        if isinstance(exchange.answer, Dhcp) and exchange.answer.message == "nak":
            yield Disturbance(exchange.answer.frame, "dhcp-nak")


def _iter_tftp(events: Sequence[WireEvent]) -> Iterator[Disturbance]:
    """Yield requests that were repeated before the answer, acknowledgements of options, blocks, and their own."""
    answered = {event.client_port for event in events if isinstance(event, TftpOptions | TftpTransfer | TftpError)}
    for event in events:
        match event:
            case TftpRequest(repeated=True) if event.client_port in answered:
                yield Disturbance(event.frame, "tftp-request")
            case TftpOptions(repeated=True):
                yield Disturbance(event.frame, "tftp-options")
            case TftpTransfer():
                yield from (Disturbance(frame, "tftp-data") for frame in event.repeated_frames)


def _iter_tcp(events: Sequence[WireEvent]) -> Iterator[Disturbance]:
    """Yield repeated segments; each response tells those of its whole connection so far, so the last one tells all."""
    frames = {frame for event in events if isinstance(event, HttpResponse) for frame in event.repeated_frames}
    yield from (Disturbance(frame, "tcp") for frame in frames)
