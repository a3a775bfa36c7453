"""Questions that a guest goes on asking though nobody answers them as it needs."""

from collections.abc import Iterable
from dataclasses import dataclass

from bootrig.trace.events import (
    Arp,
    Dhcp,
    Dhcp6,
    Dns,
    NeighbourAdvertisement,
    NeighbourSolicitation,
    RouterSolicitation,
    TftpError,
    TftpOptions,
    TftpRequest,
    TftpTransfer,
    WireEvent,
)

# What a guest sends beside what it does.
_ASIDE = (Dhcp6, NeighbourAdvertisement, NeighbourSolicitation, RouterSolicitation)


@dataclass(frozen=True, slots=True)
class VainQuestion:
    """What a guest asked last, how often in a row, and over how many guest seconds."""

    what: str
    count: int
    guest_s: float


def find_vain_question(wire: Iterable[WireEvent]) -> VainQuestion | None:
    """Return what a guest has asked last and has no answer to; None where it has done something else since.

    An address is one question, whatever the messages: only an ACK answers it, a NAK or a further OFFER does not.
    """
    what, moments = "", list[float]()
    for event in wire:
        if not event.from_guest:
            if what and _answers(event, what):
                what, moments = "", []
            continue
        question = _find_question(event)
        if question is None and isinstance(event, _ASIDE):
            continue
        if question != what:
            what, moments = question or "", []
        moments.append(event.guest_s)
    return VainQuestion(what, len(moments), moments[-1] - moments[0]) if what else None


def _find_question(event: WireEvent) -> str | None:
    """Return what a guest's packet asks, for people; None for what is not a question."""
    match event:
        case Dhcp(message="discover" | "request"):
            return "an address by DHCP"
        case TftpRequest():
            return f"{event.file} by TFTP"
        case Dns():
            return f"the address of {', '.join(question.name for question in event.questions)} by DNS"
        case Arp(operation="request"):
            return f"who has {event.target} by ARP"
    return None


def _answers(event: WireEvent, what: str) -> bool:
    """Return whether a packet to the guest is what it needs to go on."""
    match event:
        case Dhcp(message="ack"):
            return what == "an address by DHCP"
        case TftpTransfer() | TftpOptions() | TftpError():
            return what.endswith(" by TFTP")
        case Dns():
            return what.endswith(" by DNS")
        case Arp(operation="reply"):
            return what == f"who has {event.sender} by ARP"
    return False
