"""What a guest asks again and again, and what ends that."""

import pytest

from bootrig.trace.events import Arp, Dhcp, Dns, DnsQuestion, RouterSolicitation, TftpError, TftpRequest, WireEvent
from bootrig.trace.reading.vain_questions import VainQuestion, find_vain_question


def dhcp(guest_s: float, message: str, xid: str = "1") -> Dhcp:
    reply = message in ("offer", "ack", "nak")
    return Dhcp(guest_s=guest_s, from_guest=not reply, message=message, reply=reply, xid=xid)


def tftp(guest_s: float, file: str = "nbp.0") -> TftpRequest:
    return TftpRequest(guest_s=guest_s, from_guest=True, operation="read", file=file, mode="octet")


def arp(guest_s: float, operation: str) -> Arp:
    addresses = ("10.0.2.15", "10.0.2.1")
    sender, target = addresses if operation == "request" else addresses[::-1]
    return Arp(
        guest_s=guest_s,
        from_guest=operation == "request",
        operation=operation,
        sender_mac="",
        sender=sender,
        target_mac="",
        target=target,
    )


def dns(guest_s: float, *, reply: bool) -> Dns:
    questions = (DnsQuestion("server.bootrig.test", "A"),)
    return Dns(guest_s=guest_s, from_guest=not reply, id=1, reply=reply, questions=questions)


ADDRESS = "an address by DHCP"


@pytest.mark.parametrize(
    ("wire", "found"),
    [
        ([], None),
        ([dhcp(1, "discover"), dhcp(2, "discover"), dhcp(4, "discover")], VainQuestion(ADDRESS, 3, 3)),
        # a DHCP server that refuses for ever; each time another transaction
        (
            [dhcp(n, message, str(n // 4)) for n, message in enumerate(("discover", "offer", "request", "nak") * 3)],
            VainQuestion(ADDRESS, 6, 10),
        ),
        ([dhcp(1, "discover"), dhcp(2, "offer"), dhcp(3, "request"), dhcp(4, "ack")], None),
        (
            [dhcp(1, "discover"), RouterSolicitation(guest_s=2, from_guest=True), dhcp(3, "discover")],
            VainQuestion(ADDRESS, 2, 2),
        ),
        ([tftp(1), tftp(2), tftp(5)], VainQuestion("nbp.0 by TFTP", 3, 4)),
        ([tftp(1), tftp(2), tftp(5, "other")], VainQuestion("other by TFTP", 1, 0)),
        ([tftp(1), TftpError(guest_s=2, from_guest=False, code=1, text="")], None),
        ([arp(1, "request"), arp(2, "request")], VainQuestion("who has 10.0.2.1 by ARP", 2, 1)),
        ([arp(1, "request"), arp(2, "reply")], None),
        (
            [dns(1, reply=False), dns(2, reply=False)],
            VainQuestion("the address of server.bootrig.test by DNS", 2, 1),
        ),
        ([dns(1, reply=False), dns(2, reply=True)], None),
        # an answer to something else, and something else that the guest does
        ([tftp(1), arp(2, "reply"), tftp(3)], VainQuestion("nbp.0 by TFTP", 2, 2)),
        ([tftp(1), arp(2, "request"), arp(3, "reply"), tftp(4)], VainQuestion("nbp.0 by TFTP", 1, 0)),
    ],
)
def test_what_is_asked_in_vain(wire: list[WireEvent], found: VainQuestion | None) -> None:
    assert find_vain_question(wire) == found
