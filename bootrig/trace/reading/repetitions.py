"""What was sent again: the sign of a host that was too slow for its guest, or of a server that did not answer."""

from collections.abc import Iterator, Sequence

from bootrig.trace.events import Arp, Dhcp, Dns, HttpResponse, TftpOptions, TftpRequest, TftpTransfer, WireEvent
from bootrig.trace.trace import Disturbance


def find_disturbances(events: Sequence[WireEvent]) -> tuple[Disturbance, ...]:
    """Return the packets that a peer had to send again, in the order of their frames.

    TFTP and TCP repetitions of either side count, and DHCP messages, DNS and ARP questions that a guest repeated before
    anybody answered. A DISCOVER that follows an OFFER does not count: ROMs go on asking while they collect offers.
    """
    found = (*_iter_unanswered(events), *_iter_tftp(events), *_iter_tcp(events))
    return tuple(sorted(found, key=lambda disturbance: disturbance.frame))


def _iter_unanswered(events: Sequence[WireEvent]) -> Iterator[Disturbance]:
    """Yield what a guest asked again although nobody had answered: DHCP, DNS and ARP."""
    asked: set[tuple[object, ...]] = set()
    for event in events:
        match event:
            case Dhcp():
                question: tuple[object, ...] = ("dhcp", event.xid, event.message)
                what, answers = f"dhcp-{event.message}", event.reply
                answered = {one for one in asked if one[:2] == question[:2]}
            case Dns():
                question = ("dns", event.questions)
                what, answers, answered = "dns", event.reply, {question}
            case Arp():
                question = ("arp", event.target)
                what, answers, answered = "arp", event.operation == "reply", {("arp", event.sender)}
            case _:
                continue
        if answers:
            asked -= answered
        elif event.from_guest:
            if question in asked:
                yield Disturbance(event.frame, what)
            asked.add(question)


def _iter_tftp(events: Sequence[WireEvent]) -> Iterator[Disturbance]:
    """Yield repeated requests, acknowledgements of options, and blocks with their acknowledgements."""
    for event in events:
        match event:
            case TftpRequest(repeated=True):
                yield Disturbance(event.frame, "tftp-request")
            case TftpOptions(repeated=True):
                yield Disturbance(event.frame, "tftp-options")
            case TftpTransfer():
                yield from (Disturbance(frame, "tftp-data") for frame in event.repeated_frames)


def _iter_tcp(events: Sequence[WireEvent]) -> Iterator[Disturbance]:
    """Yield repeated segments; each response tells those of its whole connection so far, so the last one tells all."""
    frames = {frame for event in events if isinstance(event, HttpResponse) for frame in event.repeated_frames}
    yield from (Disturbance(frame, "tcp") for frame in frames)
