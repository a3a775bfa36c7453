"""Which question of a guest was the last that nobody answered."""

from collections.abc import Sequence

import pytest

from bootrig.trace.events import (
    Arp,
    Dhcp,
    Dns,
    DnsQuestion,
    HttpRequest,
    HttpResponse,
    TftpError,
    TftpOptions,
    TftpRequest,
    TftpTransfer,
    WireEvent,
)
from bootrig.trace.reading.questions import find_last_unanswered


def tftp(file: str, port: int = 2000) -> WireEvent:
    return TftpRequest(guest_s=1.0, from_guest=True, operation="read", file=file, mode="octet", client_port=port)


def refused(port: int = 2000, code: int = 1, text: str = "File not found", file: str | None = None) -> WireEvent:
    return TftpError(guest_s=1.0, from_guest=False, code=code, text=text, client_port=port, file=file)


def sent(file: str) -> WireEvent:
    return TftpTransfer(guest_s=1.0, from_guest=False, file=file)


def options(file: str) -> WireEvent:
    return TftpOptions(guest_s=1.0, from_guest=False, file=file)


def get(target: str, connection: int = 1) -> WireEvent:
    return HttpRequest(
        guest_s=1.0, from_guest=True, method="GET", target=target, version="HTTP/1.1", connection=connection
    )


def response(status: int, connection: int = 1) -> WireEvent:
    return HttpResponse(guest_s=1.0, from_guest=False, status=status, connection=connection)


def dhcp(message: str) -> WireEvent:
    reply = message in ("offer", "ack", "nak")
    return Dhcp(guest_s=1.0, from_guest=not reply, message=message, reply=reply, xid="1")


def dns(name: str, rcode: int | None = None) -> WireEvent:
    questions = (DnsQuestion(name, 1),)
    if rcode is None:
        return Dns(guest_s=1.0, from_guest=True, id=1, reply=False, questions=questions)
    return Dns(guest_s=1.0, from_guest=False, id=1, reply=True, rcode=rcode, questions=questions)


def arp(target: str, sender: str = "10.0.2.15", operation: str = "request") -> WireEvent:
    return Arp(
        guest_s=1.0,
        from_guest=operation == "request",
        operation=operation,
        sender_mac="",
        sender=sender,
        target_mac="",
        target=target,
    )


ADDRESS = [dhcp("discover"), dhcp("offer"), dhcp("request"), dhcp("ack")]
BOOTED = [*ADDRESS, tftp("nbp.0"), sent("nbp.0")]


@pytest.mark.parametrize(
    ("wire", "sentence"),
    [
        ([], None),
        (ADDRESS, None),
        (BOOTED, None),
        ([dhcp("discover")] * 4, "DHCP: DISCOVER: no answer, asked 4 times"),
        (
            [dhcp("discover"), dhcp("offer"), dhcp("request"), dhcp("request")],
            "DHCP: REQUEST: no answer, asked 2 times",
        ),
        ([dhcp("discover"), dhcp("offer"), dhcp("request"), dhcp("nak")], "DHCP: REQUEST: refused, asked once"),
        ([*ADDRESS, tftp("nbp.0"), tftp("nbp.0")], "TFTP: nbp.0: no answer, asked 2 times"),
        ([*BOOTED, *[tftp("boot/grub.cfg"), refused()] * 5], "TFTP: boot/grub.cfg not found, asked 5 times"),
        ([*BOOTED, tftp("x", 7), tftp("y", 8), refused(7), sent("y")], None),
        ([tftp("x"), refused(code=2, text="Access violation")], "TFTP: x: Access violation, asked once"),
        ([tftp("x"), refused(code=0, text="")], "TFTP: x: error 0, asked once"),
        ([tftp("x"), options("x")], None),
        ([tftp("x"), sent("x"), tftp("x")], "TFTP: x: no answer, asked once"),
        # an error of the guest answers nothing, and one of somebody unknown refuses nothing
        (
            [tftp("x"), TftpError(guest_s=1.0, from_guest=True, code=1, text="", client_port=2000)],
            "TFTP: x: no answer, asked once",
        ),
        ([tftp("x"), refused(9, file="x")], "TFTP: x not found, asked once"),
        ([tftp("x"), refused(9)], "TFTP: x: no answer, asked once"),
        # one file in several directories, and another one
        (
            [tftp("y"), refused(), tftp("c32"), refused(), tftp("/a/c32"), refused(), tftp("b\\c32"), refused()],
            "TFTP: c32 not found, asked 3 times",
        ),
        ([tftp("a/c32"), tftp("c32", 7), refused(7)], "TFTP: c32 not found, asked once"),
        ([*BOOTED, get("/x"), response(404)], "HTTP: /x: status 404, asked once"),
        ([*BOOTED, get("/x"), response(200)], None),
        ([*BOOTED, get("/x"), response(399)], None),
        ([*BOOTED, get("/x"), response(400)], "HTTP: /x: status 400, asked once"),
        ([*BOOTED, get("/x", 1), get("/y", 2), response(200, 2)], None),
        ([*BOOTED, get("/x", 1), get("/y", 2), response(200, 1)], "HTTP: /y: no answer, asked once"),
        ([response(404)], None),
        # the last file decides
        ([tftp("missing"), refused(), tftp("found"), sent("found")], None),
        ([tftp("missing"), refused(), *ADDRESS], "TFTP: missing not found, asked once"),
        ([dhcp("discover"), tftp("found"), sent("found")], None),
        ([*ADDRESS, dhcp("discover"), dhcp("discover")], "DHCP: DISCOVER: no answer, asked 2 times"),
        ([*BOOTED, dns("a.test"), dns("a.test")], "DNS: a.test: no answer, asked 2 times"),
        ([*BOOTED, dns("a.test"), dns("a.test", 3)], "DNS: a.test: no such name, asked once"),
        ([*BOOTED, dns("a.test"), dns("a.test", 2)], "DNS: a.test: error 2, asked once"),
        ([*BOOTED, dns("a.test"), dns("a.test", 0)], None),
        ([*BOOTED, *[arp("10.0.2.9")] * 3], "ARP: 10.0.2.9: no answer, asked 3 times"),
        ([*BOOTED, arp("10.0.2.9"), arp("10.0.2.15", "10.0.2.9", "reply")], None),
        ([*BOOTED, arp("10.0.2.15"), arp("0.0.0.0")], None),
        (
            [*BOOTED, dns("a.test"), arp("10.0.2.9"), arp("10.0.2.15", "10.0.2.9", "reply")],
            "DNS: a.test: no answer, asked once",
        ),
    ],
)
def test_the_last_question_that_nobody_answered(wire: Sequence[WireEvent], sentence: str | None) -> None:
    assert find_last_unanswered(wire) == sentence
