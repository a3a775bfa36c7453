"""Questions of a guest and their answers: what it asked, how often, and which packet answered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bootrig.trace.events import (
    Arp,
    Dhcp,
    Dhcp6,
    Dns,
    NeighbourAdvertisement,
    NeighbourSolicitation,
    RouterAdvertisement,
    RouterSolicitation,
    WireEvent,
)

# which messages of DHCP a server answers with which (RFC 2131, section 3); what is not here answers all of its id
DHCP_ANSWERED: Mapping[str, tuple[str, ...]] = {
    "offer": ("discover",),
    "ack": ("request", "inform"),
    "nak": ("request",),
}

_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question of a guest, until it is answered; asked once more after that, it is another exchange.

    Attributes:
        what: `dhcp-discover`, `dhcp6-solicit`, `dns`, `arp`, `router-solicitation`, `neighbour-solicitation`.
        asked: the packets that asked, one at least.
        answer: the first packet that answered; None where none did.
        was_answered: whether the same question was answered before.
    """

    what: str
    asked: tuple[WireEvent, ...]
    answer: WireEvent | None = None
    was_answered: bool = False


@dataclass(slots=True)
class _Open:
    """A question that is asked: its exchange but for what is not known yet."""

    what: str
    was_answered: bool
    asked: list[WireEvent] = field(default_factory=list)
    answer: WireEvent | None = None

    def close(self) -> Exchange:
        return Exchange(self.what, tuple(self.asked), self.answer, self.was_answered)


def find_exchanges(events: Iterable[WireEvent]) -> list[Exchange]:
    """Return what a guest asked, in the order in which it asked first: DHCP, DNS, ARP and their like of IPv6."""
    found: list[_Open] = []
    unanswered: dict[_Key, dict[str, _Open]] = {}  # by the message of DHCP
    answered: set[tuple[_Key | None, str]] = set()
    for event in events:
        key = _find_answered(event)
        waiting = unanswered.get(key, {}) if key is not None else {}
        for message in [message for message in waiting if _is_answered(message, event)]:
            waiting.pop(message).answer = event
            answered.add((key, message))
        question = _find_question(event)
        if question is None:
            continue
        key, message, what = question
        waiting = unanswered.setdefault(key, {})
        if message not in waiting:
            waiting[message] = _Open(what, (key, message) in answered)
            found.append(waiting[message])
        waiting[message].asked.append(event)
    return [one.close() for one in found]


def _find_question(event: WireEvent) -> tuple[_Key, str, str] | None:
    """Return what tells a guest's question from others, the message of DHCP, and what it is; None for no question."""
    found: tuple[_Key, str, str] | None = None
    match event:
        case Dhcp(reply=False):
            found = ("dhcp", event.xid), event.message, f"dhcp-{event.message}"
        case Dhcp6():
            found = ("dhcp6", event.xid), "", f"dhcp6-{event.message}"
        case Dns(reply=False):
            found = ("dns", event.questions), "", "dns"
        case Arp(operation="request"):
            found = ("arp", event.target), "", "arp"
        case RouterSolicitation():
            found = ("router",), "", "router-solicitation"
        case NeighbourSolicitation():
            found = ("neighbour", event.target), "", "neighbour-solicitation"
    return found if event.from_guest else None


def _find_answered(event: WireEvent) -> _Key | None:
    """Return what tells the questions that an event may answer from others; None for what answers nothing."""
    found: _Key | None = None
    match event:
        case Dhcp(reply=True):
            found = "dhcp", event.xid
        case Dhcp6():
            found = "dhcp6", event.xid
        case Dns(reply=True):
            found = "dns", event.questions
        case Arp(operation="reply"):
            found = "arp", event.sender
        case RouterAdvertisement():
            found = ("router",)
        case NeighbourAdvertisement():
            found = "neighbour", event.target
    return None if event.from_guest else found


def _is_answered(asked: str, event: WireEvent) -> bool:
    """Whether an event answers a question that it may answer by its identifier; `asked` is the message of DHCP."""
    messages = DHCP_ANSWERED.get(event.message) if isinstance(event, Dhcp) else None
    return messages is None or asked in messages
