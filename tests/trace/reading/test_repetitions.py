from collections.abc import Sequence

import dpkt
import pytest

from bootrig.trace.reading.repetitions import find_disturbances
from bootrig.trace.trace import Disturbance
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
    http_answer,
    tftp_ack,
    tftp_data,
    udp,
)

HIGH, LOW = ("10.0.2.15", 5353), ("10.0.2.1", 53)
READ_PLAIN = from_guest(b"\0\1a\0octet\0")
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5


def _dhcp(message: int, xid: int = 1) -> bytes:
    content = dhcp_message((53, bytes([message])), op=2 if message in (OFFER, ACK) else 1, xid=xid)
    return udp(
        *((CLIENT, BROADCAST) if message in (DISCOVER, REQUEST) else (BROADCAST, CLIENT)),
        content,
        from_guest=message in (DISCOVER, REQUEST),
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
    "dhcp: a DISCOVER again": ((_dhcp(DISCOVER),) * 3, {2: "dhcp-discover", 3: "dhcp-discover"}),
    "dhcp: a DISCOVER after an OFFER": (tuple(map(_dhcp, (DISCOVER, OFFER, DISCOVER, OFFER, REQUEST, ACK))), {}),
    "dhcp: a REQUEST again": (
        tuple(map(_dhcp, (DISCOVER, DISCOVER, OFFER, REQUEST, REQUEST, ACK))),
        {2: "dhcp-discover", 5: "dhcp-request"},
    ),
    "dhcp: another transaction": ((_dhcp(DISCOVER, 1), _dhcp(DISCOVER, 2)), {}),
    "dhcp: an answer to another transaction": (
        (_dhcp(DISCOVER, 1), _dhcp(OFFER, 2), _dhcp(DISCOVER, 1)),
        {3: "dhcp-discover"},
    ),
    "dhcp: an answer to an earlier transaction": (
        (_dhcp(DISCOVER, 2), _dhcp(OFFER, 1), _dhcp(DISCOVER, 2)),
        {3: "dhcp-discover"},
    ),
    "dhcp: after other packets": ((TFTP_READ, _dhcp(DISCOVER), _dhcp(DISCOVER)), {3: "dhcp-discover"}),
    "dns: answered": ((_dns("a"), _dns("a", reply=True), _dns("a"), _dns("a", reply=True)), {}),
    "dns: again": ((_dns("a"), _dns("a"), _dns("a", reply=True)), {2: "dns"}),
    "dns: another name": ((_dns("a"), _dns("b")), {}),
    "dns: an answer to another question": ((_dns("a"), _dns("b", reply=True), _dns("a")), {3: "dns"}),
    "arp: answered": ((_ask(), _tell(), _ask()), {}),
    "arp: again": ((_ask(), _ask(), _tell()), {2: "arp"}),
    "arp: another address": ((_ask(), _ask("10.0.2.2")), {}),
    "arp: an answer of another": ((_ask(), _tell("10.0.2.2"), _ask()), {3: "arp"}),
    "arp: asked by the server": ((arp(1, "10.0.2.1", "10.0.2.15", from_guest=False),) * 2, {}),
    "http: two responses on a connection": (_http(1, 1), {}),
    "http: a request again before each of two responses": (_http(2, 2), {4: "tcp", 7: "tcp"}),
    "http: a response again": (_http(1, 1, answered=2), {5: "tcp"}),
    "http: two connections": (_http(2) + _http(2, port=30001), {4: "tcp", 9: "tcp"}),
    "http: a SYN again": (_http(1)[:1] + _http(1), {2: "tcp"}),
}


@pytest.mark.parametrize(("frames", "disturbances"), CAPTURES.values(), ids=CAPTURES.keys())
def test_what_was_sent_again_is_told_by_frame(frames, disturbances):
    expected = tuple(Disturbance(frame, what) for frame, what in disturbances.items())
    assert find_disturbances(decode(*frames)) == expected
