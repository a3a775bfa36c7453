"""Questions of a guest and their answers: what it asked, how often, and which packet answered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

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


def find_exchanges(events: Iterable[WireEvent]) -> list[Exchange]:
    """Return what a guest asked, in the order in which it asked first: DHCP, DNS, ARP and their like of IPv6."""
    found: list[Exchange] = []
    unanswered: dict[_Key, int] = {}  # the place in `found`
    answered: set[_Key] = set()
    for event in events:
        for key in _find_answered(event, unanswered):
            place = unanswered.pop(key)
            found[place] = replace(found[place], answer=event)
            answered.add(key)
        question = _find_question(event)
        if question is None:
            continue
        key, what = question
        if key in unanswered:
            place = unanswered[key]
            found[place] = replace(found[place], asked=(*found[place].asked, event))
        else:
            unanswered[key] = len(found)
            found.append(Exchange(what, (event,), was_answered=key in answered))
    return found


def _find_question(event: WireEvent) -> tuple[_Key, str] | None:
    """Return what tells a guest's question from others, and what it is; None for what is not a question."""
    found: tuple[_Key, str] | None = None
    match event:
        case Dhcp(reply=False):
            found = ("dhcp", event.xid, event.message), f"dhcp-{event.message}"
        case Dhcp6():
            found = ("dhcp6", event.xid), f"dhcp6-{event.message}"
        case Dns(reply=False):
            found = ("dns", event.questions), "dns"
        case Arp(operation="request"):
            found = ("arp", event.target), "arp"
        case RouterSolicitation():
            found = ("router",), "router-solicitation"
        case NeighbourSolicitation():
            found = ("neighbour", event.target), "neighbour-solicitation"
    return found if event.from_guest else None


def _find_answered(event: WireEvent, unanswered: Iterable[_Key]) -> list[_Key]:
    """Return the questions that an event answers."""
    if event.from_guest:
        return []
    match event:
        case Dhcp(reply=True):
            messages = DHCP_ANSWERED.get(event.message)
            return [
                key for key in unanswered if key[:2] == ("dhcp", event.xid) and (messages is None or key[2] in messages)
            ]
        case Dhcp6():
            answered: _Key = ("dhcp6", event.xid)
        case Dns(reply=True):
            answered = ("dns", event.questions)
        case Arp(operation="reply"):
            answered = ("arp", event.sender)
        case RouterAdvertisement():
            answered = ("router",)
        case NeighbourAdvertisement():
            answered = ("neighbour", event.target)
        case _:
            return []
    return [key for key in unanswered if key == answered]
