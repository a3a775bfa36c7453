"""What disturbs a boot."""

import re
from collections.abc import Sequence

import dpkt
import pytest
from msgspec.structs import replace

from bootrig.trace.events import (
    Arp,
    Dhcp6,
    Event,
    NeighbourAdvertisement,
    NeighbourSolicitation,
    RouterAdvertisement,
    RouterSolicitation,
)
from bootrig.trace.reading.repetitions import DISTURBANCES, find_disturbances
from bootrig.trace.trace import Clock, Disturbance, Expectation, FaultHit, Trace
from tests.compare.factory import KVM, REAL, VIRTUAL, Boot, answer, dhcp, trace
from tests.network.frames import (
    BROADCAST,
    CLIENT,
    TFTP_OACK,
    TFTP_READ,
    Dialogue,
    arp,
    decode,
    dhcp_message,
    from_guest,
    from_server,
    http_answer,
    tftp_ack,
    tftp_data,
    udp,
)

HIGH, LOW = ("10.0.2.15", 5353), ("10.0.2.1", 53)
TFTP_ERROR = b"\0\5\0\1no\0"
READ_PLAIN = from_guest(b"\0\1a\0octet\0")
DISCOVER, OFFER, REQUEST, ACK, NAK, INFORM = 1, 2, 3, 5, 6, 8


def _dhcp(message: int, xid: int = 1) -> bytes:
    content = dhcp_message((53, bytes([message])), op=2 if message in (OFFER, ACK, NAK) else 1, xid=xid)
    return udp(
        *((CLIENT, BROADCAST) if message in (DISCOVER, REQUEST, INFORM) else (BROADCAST, CLIENT)),
        content,
        from_guest=message in (DISCOVER, REQUEST, INFORM),
    )


def _dns(name: str, *, reply: bool = False) -> bytes:
    message = dpkt.dns.DNS(id=1, qr=int(reply), qd=[dpkt.dns.DNS.Q(name=name, type=1, cls=1)])
    return udp(*((LOW, HIGH) if reply else (HIGH, LOW)), bytes(message), from_guest=not reply)


def _ask(target: str = "10.0.2.1") -> bytes:
    return arp(1, "10.0.2.15", target)


def _tell(sender: str = "10.0.2.1") -> bytes:
    return arp(2, sender, "10.0.2.15", from_guest=False)


def _http(*asked: int, answered: int = 1, port: int = 30000) -> list[bytes]:
    """Return a connection on which a file is asked for and comes once for each number: the request's copies."""
    dialogue = Dialogue(("10.0.2.15", port))
    for copies in asked:
        dialogue.ask()
        dialogue.frames += [dialogue.frames[-1]] * (copies - 1)
        dialogue.answer(http_answer(b"x" * 60))
        dialogue.frames += [dialogue.frames[-1]] * (answered - 1)
    return dialogue.frames


CAPTURES: dict[str, tuple[Sequence[bytes], dict[int, str]]] = {
    "nothing": ((), {}),
    "tftp: a transfer": ((TFTP_READ, TFTP_OACK, tftp_ack(0), tftp_data(1, 9), tftp_ack(1)), {}),
    "tftp: a request again before any block": ((TFTP_READ, TFTP_READ, TFTP_OACK), {2: "tftp-request"}),
    "tftp: a request again after the options": (
        (TFTP_READ, TFTP_OACK, tftp_ack(0), TFTP_READ, TFTP_OACK),
        {4: "tftp-request", 5: "tftp-options"},
    ),
    "tftp: a request that nobody answers": ((TFTP_READ, TFTP_READ, TFTP_READ), {}),
    "tftp: a request again before an error": ((READ_PLAIN, READ_PLAIN, from_server(TFTP_ERROR)), {2: "tftp-request"}),
    "tftp: options again": ((TFTP_READ, TFTP_OACK, TFTP_OACK, TFTP_OACK), {3: "tftp-options", 4: "tftp-options"}),
    "tftp: a file again after blocks were acknowledged": (
        (READ_PLAIN, tftp_data(1, 512), tftp_ack(1), READ_PLAIN, tftp_data(1, 512), tftp_ack(1)),
        {},
    ),
    "tftp: a file again after its end": ((READ_PLAIN, tftp_data(1, 5), tftp_ack(1)) * 2, {}),
    "tftp: a block again": ((READ_PLAIN, tftp_data(1, 5), tftp_data(1, 5), tftp_ack(1)), {3: "tftp-data"}),
    "tftp: an acknowledgement again": (
        (READ_PLAIN, tftp_data(1, 512), tftp_ack(1), tftp_ack(1), tftp_data(2, 5), tftp_ack(2)),
        {4: "tftp-data"},
    ),
    "tftp: a block of long ago": (
        (READ_PLAIN, tftp_data(1, 512), tftp_ack(1), tftp_data(2, 512), tftp_ack(2), tftp_data(1, 512), tftp_ack(2)),
        {6: "tftp-data", 7: "tftp-data"},
    ),
    "tftp: two transfers": (
        (READ_PLAIN, *[tftp_data(1, 5)] * 2, tftp_ack(1), READ_PLAIN, *[tftp_data(1, 5)] * 3, tftp_ack(1)),
        {3: "tftp-data", 7: "tftp-data", 8: "tftp-data"},
    ),
    "dhcp: an exchange": (tuple(map(_dhcp, (DISCOVER, OFFER, REQUEST, ACK))), {}),
    "dhcp: a DISCOVER again": (
        (*(_dhcp(DISCOVER),) * 3, _dhcp(OFFER)),
        {2: "dhcp-discover", 3: "dhcp-discover"},
    ),
    "dhcp: nobody answers": ((_dhcp(DISCOVER),) * 3, {}),
    "dhcp: nobody answers any more": (
        tuple(map(_dhcp, (DISCOVER, OFFER, DISCOVER, DISCOVER))),
        {4: "dhcp-discover"},
    ),
    "dhcp: an OFFER does not answer a REQUEST": (
        tuple(map(_dhcp, (DISCOVER, REQUEST, OFFER, REQUEST, ACK))),
        {4: "dhcp-request"},
    ),
    "dhcp: an ACK answers INFORM": (tuple(map(_dhcp, (INFORM, ACK, INFORM, ACK))), {}),
    "dhcp: an INFORM again": (tuple(map(_dhcp, (INFORM, INFORM, ACK))), {2: "dhcp-inform"}),
    "dhcp: a refusal": (
        tuple(map(_dhcp, (DISCOVER, OFFER, REQUEST, NAK, DISCOVER, OFFER, REQUEST, ACK))),
        {4: "dhcp-nak"},
    ),
    "dhcp: a DISCOVER after an OFFER": (tuple(map(_dhcp, (DISCOVER, OFFER, DISCOVER, OFFER, REQUEST, ACK))), {}),
    "dhcp: a REQUEST again": (
        tuple(map(_dhcp, (DISCOVER, DISCOVER, OFFER, REQUEST, REQUEST, ACK))),
        {2: "dhcp-discover", 5: "dhcp-request"},
    ),
    "dhcp: another transaction": ((_dhcp(DISCOVER, 1), _dhcp(DISCOVER, 2)), {}),
    "dhcp: an answer to another transaction": (
        (_dhcp(DISCOVER, 1), _dhcp(OFFER, 2), _dhcp(DISCOVER, 1), _dhcp(OFFER, 1)),
        {3: "dhcp-discover"},
    ),
    "dhcp: an answer to an earlier transaction": (
        (_dhcp(DISCOVER, 2), _dhcp(OFFER, 1), _dhcp(DISCOVER, 2), _dhcp(OFFER, 2)),
        {3: "dhcp-discover"},
    ),
    "dhcp: after other packets": (
        (TFTP_READ, _dhcp(DISCOVER), _dhcp(DISCOVER), _dhcp(OFFER)),
        {3: "dhcp-discover"},
    ),
    "dns: answered": ((_dns("a"), _dns("a", reply=True), _dns("a"), _dns("a", reply=True)), {}),
    "dns: again": ((_dns("a"), _dns("a"), _dns("a", reply=True)), {2: "dns"}),
    "dns: another name": ((_dns("a"), _dns("b")), {}),
    "dns: an answer to another question": (
        (_dns("a"), _dns("b", reply=True), _dns("a"), _dns("a", reply=True)),
        {3: "dns"},
    ),
    "dns: a name that nobody knows": ((_dns("a"), _dns("a"), _dns("b"), _dns("b", reply=True)), {}),
    "arp: answered": ((_ask(), _tell(), _ask()), {}),
    "arp: again": ((_ask(), _ask(), _tell()), {2: "arp"}),
    "arp: another address": ((_ask(), _ask("10.0.2.2")), {}),
    "arp: an answer of another": ((_ask(), _tell("10.0.2.2"), _ask(), _tell()), {3: "arp"}),
    "arp: the guest's own address": ((_ask("10.0.2.15"),) * 3, {}),
    "arp: the guest answers for its own address": (
        (_ask("10.0.2.15"), arp(2, "10.0.2.15", "10.0.2.1"), *[_ask("10.0.2.15")] * 2),
        {},
    ),
    "arp: asked by the server": ((arp(1, "10.0.2.1", "10.0.2.15", from_guest=False),) * 2, {}),
    "http: two responses on a connection": (_http(1, 1), {}),
    "http: a request again before each of two responses": (_http(2, 2), {4: "tcp", 7: "tcp"}),
    "http: a response again": (_http(1, 1, answered=2), {5: "tcp"}),
    "http: two connections": (_http(2) + _http(2, port=30001), {4: "tcp", 9: "tcp"}),
    "http: a SYN again": (_http(1)[:1] + _http(1), {2: "tcp"}),
}


def boot(*wire: Event, clock: Clock = REAL, allow: tuple[str, ...] = (), faults: tuple[int, ...] = ()) -> Trace:
    hits = tuple(FaultHit(0, frame) for frame in faults)
    return replace(trace(Boot(clock=clock)), wire=wire, expected=Expectation(allow=allow), faults=hits)


@pytest.mark.parametrize(("frames", "disturbances"), CAPTURES.values(), ids=CAPTURES.keys())
def test_what_was_sent_again_is_told_by_frame(frames: Sequence[bytes], disturbances: dict[int, str]) -> None:
    expected = tuple(Disturbance(frame, what) for frame, what in disturbances.items())
    assert find_disturbances(boot(*decode(*frames))) == expected


def framed(*events: Event) -> tuple[Event, ...]:
    return tuple(replace(event, frame=number) for number, event in enumerate(events, 1))


def solicit(guest_s: float, message: str = "solicit", *, from_guest: bool = True) -> Dhcp6:
    return Dhcp6(guest_s=guest_s, from_guest=from_guest, message=message, xid="1")


def ask_router(guest_s: float) -> RouterSolicitation:
    return RouterSolicitation(guest_s=guest_s, from_guest=True)


def ask_neighbour(guest_s: float, target: str = "fe80::1") -> NeighbourSolicitation:
    return NeighbourSolicitation(guest_s=guest_s, from_guest=True, target=target)


ROUTER = RouterAdvertisement(guest_s=4.0, from_guest=False)
NEIGHBOUR = NeighbourAdvertisement(guest_s=4.0, from_guest=False, target="fe80::1")


@pytest.mark.parametrize(
    ("wire", "disturbances"),
    [
        # a link that comes up late, and a network without a router
        ((ask_router(1.0), ask_router(2.0), ROUTER), []),
        ((ask_router(1.0), ask_router(2.0), ask_router(4.0), ask_router(8.0)), []),
        ((solicit(1.0), solicit(2.0), solicit(3.0, "advertise", from_guest=False)), ["dhcp6-solicit"]),
        ((solicit(1.0), solicit(2.0), solicit(3.0)), []),
        ((ask_neighbour(1.0), ask_neighbour(2.0), NEIGHBOUR), ["neighbour-solicitation"]),
        ((ask_neighbour(1.0), ask_neighbour(2.0, "fe80::2"), NEIGHBOUR), []),
        # looking for somebody with the same address
        ((ask_neighbour(1.0), ask_neighbour(2.0), ask_neighbour(3.0)), []),
    ],
)
def test_ipv6_is_silent_in_many_networks(wire: tuple[Event, ...], disturbances: list[str]) -> None:
    assert [found.what for found in find_disturbances(boot(*framed(*wire)))] == disturbances


def exchange(offer_s: float, again_s: float, ack_s: float) -> tuple[Event, ...]:
    """Return a DHCP exchange by how long its answers took."""
    return framed(
        dhcp(1.0, "discover"),
        answer(1.0 + offer_s, "offer"),
        dhcp(3.0, "discover"),
        answer(3.0 + again_s, "offer"),
        dhcp(5.0, "request"),
        answer(5.0 + ack_s, "ack"),
    )


@pytest.mark.parametrize(
    ("wire", "late"),
    [
        (exchange(0.0, 0.0, 0.0), {}),
        (exchange(0.97, 0.25, 0.25), {}),
        (exchange(0.97, 0.5, 0.0), {4: "dhcp-discover-late"}),
        (exchange(0.0, 0.0, 0.5), {6: "dhcp-request-late"}),
        (exchange(0.0, 0.5, 0.5), {4: "dhcp-discover-late", 6: "dhcp-request-late"}),
        # the first DISCOVER of another transaction is not the first one
        (framed(dhcp(1.0, "discover"), dhcp(9.0, "discover", xid="1"), replace(answer(10.0, "offer"), xid="1")),
         {3: "dhcp-discover-late"}),
        # only DHCP is asked for its time
        (framed(dhcp(0.5, "discover"), solicit(1.0), solicit(2.0, "advertise", from_guest=False)), {}),
    ],
)  # fmt: skip
def test_late_answers_disturb_in_virtual_time(wire: tuple[Event, ...], late: dict[int, str]) -> None:
    found = find_disturbances(boot(*wire, clock=VIRTUAL))
    assert {one.frame: one.what for one in found} == late
    for clock in (REAL, KVM):
        assert find_disturbances(boot(*wire, clock=clock)) == ()


DISTURBED = framed(
    dhcp(1.0, "discover"),
    dhcp(2.0, "discover"),
    answer(3.0, "offer"),
    dhcp(4.0, "request"),
    answer(5.0, "ack"),
)


@pytest.mark.parametrize(
    ("allow", "faults", "frames"),
    [
        ((), (), [2, 5]),
        (("dhcp-discover",), (), [5]),
        (("dhcp-request-late",), (), [2]),
        (("dhcp-discover", "dhcp-request-late"), (), []),
        (("dhcp-request",), (), [2, 5]),
        ((), (1,), []),
        ((), (2,), []),
        ((), (3,), [2]),
        ((), (9, 3), [2]),
        ((), (6,), [2, 5]),
    ],
)
def test_what_the_scenario_allows_or_does_disturbs_nothing(
    allow: tuple[str, ...], faults: tuple[int, ...], frames: list[int]
) -> None:
    found = find_disturbances(boot(*DISTURBED, clock=VIRTUAL, allow=allow, faults=faults))
    assert [one.frame for one in found] == frames


def test_an_address_that_somebody_else_claims_is_answered() -> None:
    ask = Arp(guest_s=1.0, from_guest=True, operation="request", sender_mac="", sender="", target_mac="", target="a")
    tell = replace(ask, from_guest=False, operation="reply", sender="a", target="")
    assert [one.what for one in find_disturbances(boot(*framed(ask, ask, tell)))] == ["arp"]


@pytest.mark.parametrize(
    "wire",
    [
        *(decode(*frames) for frames, _ in CAPTURES.values()),
        exchange(0.0, 0.5, 0.5),
        framed(dhcp(0.5, "discover"), dhcp(1.0, "inform"), answer(2.0, "ack")),
        framed(solicit(1.0), solicit(2.0), solicit(3.0, "advertise", from_guest=False)),
        framed(ask_neighbour(1.0), ask_neighbour(2.0), NEIGHBOUR),
    ],
)
def test_a_scenario_can_allow_whatever_disturbs(wire: tuple[Event, ...]) -> None:
    assert all(re.fullmatch(DISTURBANCES, one.what) for one in find_disturbances(boot(*wire, clock=VIRTUAL)))


@pytest.mark.parametrize(("offer_s", "frames"), [(1.95, []), (2.0, []), (2.2, [2])])
def test_a_discover_that_is_repeated_while_the_link_comes_up_disturbs_nothing(
    offer_s: float, frames: list[int]
) -> None:
    wire = framed(dhcp(1.0, "discover"), dhcp(1.9, "discover"), answer(offer_s, "offer"))
    assert [found.frame for found in find_disturbances(boot(*wire, clock=VIRTUAL))] == frames


@pytest.mark.parametrize(
    ("messages", "milestones", "frames"),
    [
        (("discover", "discover", "discover"), ("dhcp-ack",), [2, 3]),
        (("discover", "discover"), ("dhcp-offer",), [2]),
        (("discover", "request", "request"), ("dhcp-discover", "dhcp-ack"), [3]),
        (("discover", "request", "request"), ("dhcp-offer",), []),
        (("discover",), ("dhcp-ack",), []),
        # a network that is meant to be silent
        (("discover", "discover", "discover"), ("dhcp-discover",), []),
    ],
)
def test_a_server_that_has_to_answer_is_not_silent_but_late(
    messages: tuple[str, ...], milestones: tuple[str, ...], frames: list[int]
) -> None:
    """In virtual time a guest asks four times and gives up before a server's second has passed."""
    wire = framed(*(dhcp(float(guest_s), message) for guest_s, message in enumerate(messages)))
    expected = Expectation(milestones=milestones)
    for clock, disturbed in ((VIRTUAL, frames), (REAL, []), (KVM, [])):
        found = find_disturbances(replace(boot(*wire, clock=clock), expected=expected))
        assert [one.frame for one in found] == disturbed
