"""How the DHCP exchange goes: which messages, when again, with which counters."""

from collections.abc import Iterator
from itertools import groupby, pairwise, takewhile

from bootrig.compare.dhcp_messages import iter_unequal
from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Needs, rule
from bootrig.trace.events import Dhcp
from bootrig.trace.reading.wire import iter_exchange, iter_guest
from bootrig.trace.trace import Trace

# in real time a loaded host may keep a guest waiting after its timer has run out
REAL_GAP_S = 1.0
REAL_GAP_SHARE = 0.5


def _sequence(trace: Trace) -> str:
    """Return the types of messages in their order, repeated ones once."""
    return " ".join(message.upper() for message, _ in groupby(event.message for event in iter_exchange(trace)))


@rule(
    "dhcp-sequence",
    topics={"dhcp-order"},
    needs=Needs.CLOCK,
    witnesses=lambda trace: trace.passed and bool(_sequence(trace)),
    owns_dhcp_options={53},
    owns_ports={67, 68},
    follows_from=("network-client",),
)
def check_sequence(pair: CellPair) -> Iterator[Finding]:
    """Does the guest send the same types of messages in the same order before it asks for a file? A change.

    Repeated messages count once; when they are repeated is the business of `dhcp-retries`. Looked at where both boots
    passed and both sent anything.
    """
    first, second = (_sequence(trace) for trace in pair.sides)
    if pair.both_passed and first and second and first != second:
        statement = "the guest sends {candidate}, it was {baseline}"
        why = "servers and relays see another conversation"
        yield Finding(Severity.CHANGE, "DHCP messages", first, second, statement, why)


def _first_gaps(trace: Trace) -> list[float]:
    """Return the seconds between the guest's first DISCOVERs, as many as it sends before anything else."""
    discovers = takewhile(lambda event: event.message == "discover", iter_guest(trace, Dhcp))
    return [round(second.guest_s - first.guest_s, 3) for first, second in pairwise(discovers)]


@rule(
    "dhcp-retries",
    topics={"dhcp-timing"},
    needs=Needs.CLOCK,
    witnesses=lambda trace: bool(_sequence(trace)),
    follows_from=("network-client", "outcome"),
)
def check_retries(pair: CellPair) -> Iterator[Finding]:
    """Does the guest repeat its DISCOVER at the same times, as often?

    Gaps are waits, whatever the clock. Those that differ by more than half a second are a change; in real time, by more
    than a second and more than half. Fewer or more repeats are an info where a server answered, for then it is the
    answer that ends them, and a change where nobody answers.
    """
    if pair.is_mixed or pair.is_disturbed:
        return
    first, second = (_first_gaps(trace) for trace in pair.sides)
    for number, (old, new) in enumerate(zip(first, second, strict=False), start=1):
        if abs(new - old) > (pair.tolerance.wait_s if pair.is_virtual else max(REAL_GAP_S, REAL_GAP_SHARE * old)):
            subject = f"retry {number} of DISCOVER"
            statement = f"the guest sends DISCOVER number {number + 1} after {{candidate}}, it was {{baseline}}"
            yield Finding(Severity.CHANGE, subject, old, new, statement, "slow servers and ports may miss it", "s")
            return
    if len(first) != len(second) and _sequence(pair.baseline) and _sequence(pair.candidate):
        answered = all(_is_answered(trace) for trace in pair.sides)
        if answered and (pair.is_virtual or any(trace.outcome.disturbed for trace in pair.sides)):
            return  # how many fit before the answer is a matter of the server's speed
        statement = "number of DISCOVERs that the guest sends before anything else: {candidate}, it was {baseline}"
        severity = Severity.INFO if answered else Severity.CHANGE
        why = "" if answered else "it gives up sooner or later than before"
        yield Finding(severity, "number of DISCOVERs", str(len(first) + 1), str(len(second) + 1), statement, why)


def _is_answered(trace: Trace) -> bool:
    return any(isinstance(event, Dhcp) and event.message == "offer" and not event.from_guest for event in trace.wire)


def _secs_policy(trace: Trace) -> str | None:
    """Return how the guest counts in the field secs; None where too little was sent to tell."""
    seconds = [event.secs for event in iter_exchange(trace)]
    if any(seconds):
        return "counts up"
    return "stays 0" if len(seconds) > 1 else None


@rule("dhcp-secs", topics={"dhcp-timing"}, follows_from=("network-client",))
def check_secs(pair: CellPair) -> Iterator[Finding]:
    """Does the guest count seconds in the field secs, or leave it 0? A change: relays and second servers wait by it."""
    first, second = (_secs_policy(trace) for trace in pair.sides)
    if first and second and first != second:
        statement = "the field secs of DHCP requests {candidate}, before it {baseline}"
        why = "relays and servers that answer only after some seconds decide by it"
        yield Finding(Severity.CHANGE, "field secs", first, second, statement, why)


@rule("dhcp-flags", topics={"dhcp-options"}, follows_from=("network-client",))
def check_flags(pair: CellPair) -> Iterator[Finding]:
    """Does the guest ask for broadcast answers in the same way (field flags), in each type of message?

    A change: some networks pass only one of the two.
    """
    for where, baseline, candidate in iter_unequal(pair, _read_flags):
        statement = f"the guest asks for {{candidate}} answers, it was {{baseline}}{where}"
        why = "some switches and relays pass only one of the two"
        yield Finding(Severity.CHANGE, f"field flags{where}", baseline, candidate, statement, why)


def _read_flags(message: Dhcp) -> str:
    return "broadcast" if message.flags & 0x8000 else "unicast"


@rule("dhcp-xid", topics={"dhcp-options"}, follows_from=("network-client", "mac"))
def check_xid(pair: CellPair) -> Iterator[Finding]:
    """Where does the guest take its transaction id from: the MAC address, or a random number?

    Random ids say nothing by themselves and are never compared. Taken from the MAC address they repeat with every boot:
    to go there is a change, to leave it an improvement.
    """
    first, second = (_xid_policy(trace) for trace in pair.sides)
    if first and second and first != second:
        worse = second == FROM_MAC
        statement = "the transaction id is {candidate}, it was {baseline}"
        why = "machines with like addresses take each other's answers" if worse else ""
        yield Finding(
            Severity.CHANGE if worse else Severity.IMPROVEMENT, "transaction id", first, second, statement, why
        )


FROM_MAC, RANDOM = "made from the MAC address", "random"


def _xid_policy(trace: Trace) -> str | None:
    """Return where the id of the first message is from; None where there is none."""
    event = next(iter_guest(trace, Dhcp), None)
    if event is None:
        return None
    return FROM_MAC if event.xid == event.client_mac.replace(":", "")[-8:] else RANDOM
