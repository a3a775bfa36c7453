"""How the guest asks for hardware addresses, and whether it announces its own."""

from collections.abc import Iterator

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Needs, rule
from bootrig.trace.events import Arp
from bootrig.trace.reading.wire import iter_guest
from bootrig.trace.trace import Trace

EMPTY, BROADCAST = "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"
WHY = "port security and monitoring may notice it"


def _is_announcement(message: Arp) -> bool:
    """Whether it is a gratuitous ARP message: about the sender's own address (RFC 5227, section 3)."""
    return message.sender == message.target


def _first_request(trace: Trace) -> Arp | None:
    """Return the guest's first question: its later ones may be those of other programs."""
    questions = (event for event in iter_guest(trace, Arp) if event.operation == "request")
    return next((event for event in questions if not _is_announcement(event)), None)


def _describe_target(message: Arp) -> str:
    return {EMPTY: "zeros", BROADCAST: "the broadcast address"}.get(message.target_mac, "something else")


def _describe_sender(message: Arp) -> str:
    return "empty" if message.sender == "0.0.0.0" else "its own"  # noqa: S104 - an address in a message


@rule(
    "arp-form",
    topics={"switch"},
    witnesses=lambda trace: _first_request(trace) is not None,
    follows_from=("network-client",),
)
def check_form(pair: CellPair) -> Iterator[Finding]:
    """Is the guest's first ARP request of the same form: length, sender's address, target's hardware address? Info.

    On virtio-net gPXE 0.9.9 sends requests of 1,514 bytes, where 42 are needed and Ethernet pads to 60.
    """
    first, second = (_first_request(trace) for trace in pair.sides)
    if first is None or second is None:
        return
    if first.length != second.length and first.length and second.length:
        statement = "the guest's ARP requests are frames of {candidate}, it was {baseline}"
        yield Finding(Severity.INFO, "length of ARP requests", first.length, second.length, statement, WHY, "bytes")
    for name, describe in (("sender's address", _describe_sender), ("target's hardware address", _describe_target)):
        baseline, candidate = describe(first), describe(second)
        if baseline != candidate:
            statement = f"the {name} in the guest's ARP requests is {{candidate}}, it was {{baseline}}"
            yield Finding(Severity.INFO, f"{name} in ARP requests", baseline, candidate, statement, WHY)


def _announcements(trace: Trace) -> str | None:
    return "sent" if any(_is_announcement(event) for event in iter_guest(trace, Arp)) else None


def _asks(trace: Trace) -> bool:
    return trace.passed and _first_request(trace) is not None


@rule(
    "gratuitous-arp",
    topics={"switch"},
    needs=Needs.CLOCK,
    witnesses=_asks,
    follows_from=("network-client", "outcome"),
)
def check_announcements(pair: CellPair) -> Iterator[Finding]:
    """Does the guest announce its address by gratuitous ARP, where both boots passed and came to ask for any? Info."""
    first, second = (_announcements(trace) for trace in pair.sides)
    if not all(map(_asks, pair.sides)) or first == second:
        return
    if second is None:
        statement, why = "the guest does not announce its address by ARP any more", ""
    else:
        statement, why = "the guest announces its address by ARP, it did not before", WHY
    yield Finding(Severity.INFO, "gratuitous ARP", first, second, statement, why)
