"""TFTP, HTTP and other traffic."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from bootrig.compare import Severity, compare_traces
from bootrig.compare.rules import http
from bootrig.trace.events import (
    Arp,
    Dhcp6,
    Dns,
    DnsQuestion,
    Eapol,
    Event,
    Lacp,
    NeighbourAdvertisement,
    Other,
    RouterAdvertisement,
    RouterSolicitation,
    Tcp,
    TftpRequest,
)
from tests.compare.conftest import Look
from tests.compare.factory import Boot, dhcp, http_request, trace

PLAIN = (("blksize", "1432"), ("tsize", "0"))
SENT: dict[str, Any] = {"guest_s": 5.0, "from_guest": True}
EAPOL = Eapol(**SENT)


@pytest.mark.parametrize(
    ("options", "severity", "sentence"),
    [
        (
            (("tsize", "0"),),
            Severity.CHANGE,
            "the guest asks for the TFTP options tsize 0, it was blksize 1432, tsize 0: without blksize servers answer "
            "in another way",
        ),
        (
            (("blksize", "512"), ("tsize", "0")),
            Severity.CHANGE,
            "the guest asks for the TFTP options blksize 512, tsize 0, it was blksize 1432, tsize 0: smaller blocks "
            "make transfers slower, and files of more than 65,535 blocks fail with some servers",
        ),
        (
            (),
            Severity.CHANGE,
            "the guest asks for the TFTP options none, it was blksize 1432, tsize 0: without blksize, tsize servers "
            "answer in another way",
        ),
        (
            (*PLAIN, ("windowsize", "4")),
            Severity.INFO,
            "the guest asks for the TFTP options blksize 1432, tsize 0, windowsize 4, it was blksize 1432, tsize 0",
        ),
        (
            tuple(reversed(PLAIN)),
            Severity.INFO,
            "the guest asks for the TFTP options tsize 0, blksize 1432, it was blksize 1432, tsize 0",
        ),
    ],
)
def test_other_tftp_options_are_told(look: Look, options: Any, severity: Severity, sentence: str) -> None:
    (found,) = look("tftp-options", {"tftp": (("nbp.0", options, 42430),)})
    assert (found.severity, found.sentence) == (severity, sentence)


def test_the_same_options_for_several_files_are_one_difference(look: Look) -> None:
    first, second = ([(name, options, 512) for name in ("a", "b")] for options in (PLAIN, PLAIN[:1]))
    assert len(look("tftp-options", {"tftp": second}, tftp=first)) == 1


@pytest.mark.parametrize("rule", ["tftp-options", "tftp-mode", "tftp-blocks", "tftp-files", "tftp-errors"])
def test_equal_transfers_are_no_difference(look: Look, rule: str) -> None:
    assert look(rule, {"last_byte_s": 5.0}) == []


def test_another_mode_is_a_change(look: Look) -> None:
    first, second, third = (
        [TftpRequest(guest_s=4.0, from_guest=True, operation="read", file="f", mode=mode)]
        for mode in ("octet", "netascii", "OCTET")
    )
    assert look("tftp-mode", {"other": third}, tftp=(), other=first) == []
    (found,) = look("tftp-mode", {"other": second}, tftp=(), other=first)
    assert (found.severity, found.candidate) == (Severity.CHANGE, "netascii")
    assert "fetches files in the mode netascii, it was octet" in found.sentence


def test_other_bytes_are_a_change_and_other_blocks_an_info(look: Look) -> None:
    (shorter,) = look("tftp-blocks", {"tftp": (("nbp.0", PLAIN, 42000),)})
    assert shorter.severity is Severity.CHANGE
    assert (
        "nbp.0 is transferred in 42000 bytes instead of 42430: the guest did not get the same file" in shorter.sentence
    )
    (smaller,) = look("tftp-blocks", {"tftp": (("nbp.0", (("blksize", "1024"),), 42430),)})
    assert smaller.severity is Severity.INFO
    assert "nbp.0 is transferred in 42 blocks instead of 30" in smaller.sentence


def test_other_file_names_are_a_change(look: Look) -> None:
    (found,) = look("tftp-files", {"tftp": (("/nbp.0", PLAIN, 42430),)})
    assert found.severity is Severity.CHANGE
    assert "the guest asks TFTP for /nbp.0, it was nbp.0" in found.sentence


def test_a_file_that_nobody_asks_for_any_more_is_a_change(look: Look) -> None:
    (found,) = look("tftp-files", {"tftp": ()})
    assert found.sentence == "the guest does not ask TFTP for nbp.0 any more"


def test_other_order_of_files_is_an_info(look: Look) -> None:
    files = [("a", PLAIN, 1), ("b", PLAIN, 1)]
    (found,) = look("tftp-files", {"tftp": files[::-1]}, tftp=files)
    assert found.severity is Severity.INFO


@pytest.mark.parametrize(
    "names",
    [
        ("pxelinux.cfg/b8945908-d6a6-41a9-611d-74a6ab80b83d", "pxelinux.cfg/00000000-d6a6-41a9-611d-74a6ab80b83d"),
        ("nbp-0123456789abcdef", "nbp-fedcba9876543210"),
    ],
)
def test_names_that_hold_what_changes_from_run_to_run_are_the_same(look: Look, names: tuple[str, str]) -> None:
    first, second = ([(name, PLAIN, 1)] for name in names)
    assert look("tftp-files", {"tftp": second}, tftp=first) == []


def test_files_of_a_failed_boot_are_not_compared(look: Look) -> None:
    assert look("tftp-files", {"tftp": (), "passed": False}) == []
    assert look("tftp-errors", {"tftp_errors": [(0, "no")], "passed": False}) == []


def test_errors_at_the_end_of_transfers_are_an_info(look: Look) -> None:
    (found,) = look("tftp-errors", {"tftp_errors": [(0, "TFTP Aborted")]})
    assert found.severity is Severity.INFO
    assert 'ends TFTP transfers with error 0 "TFTP Aborted", it was nothing: servers log them' in found.sentence


@pytest.mark.parametrize(
    ("rule", "fields", "severity", "sentence"),
    [
        (
            "http-version",
            {"version": "HTTP/1.0"},
            Severity.CHANGE,
            "the guest speaks HTTP/1.0, it was HTTP/1.1: servers answer with other transfer encodings",
        ),
        (
            "http-user-agent",
            {"headers": {"User-Agent": "iPXE/1.21.1+"}},
            Severity.INFO,
            'the user agent is "iPXE/1.21.1+", it was "iPXE/1.0.0+"',
        ),
        (
            "http-user-agent",
            {"headers": {"User-Agent": "UefiHttpBoot/1.0"}},
            Severity.CHANGE,
            'the user agent is "UefiHttpBoot/1.0", it was "iPXE/1.0.0+": servers that choose what they send',
        ),
        (
            "http-headers",
            {"headers": {"Host": "10.0.2.1:80"}},
            Severity.CHANGE,
            'the HTTP header Host is "10.0.2.1:80", it was "10.0.2.1"',
        ),
        (
            "http-headers",
            {"headers": {"Connection": None}},
            Severity.CHANGE,
            'the HTTP header Connection is gone, it was "keep-alive": servers may need it',
        ),
        (
            "http-headers",
            {"headers": {"Accept": "*/*"}},
            Severity.INFO,
            'there is a new HTTP header Accept: "*/*"',
        ),
    ],
)
def test_other_http_requests_are_told(look: Look, rule: str, fields: Any, severity: Severity, sentence: str) -> None:
    (found,) = look(rule, {"http": [http_request(**fields)]}, http=[http_request()])
    assert found.severity is severity
    assert sentence in found.sentence


def test_other_tcp_windows_and_options_are_an_info(look: Look) -> None:
    first = http_request(window=4096, tcp_options="020405b4")
    (window,) = look("http-tcp", {"http": [replace(first, window=65532)]}, http=[first])
    assert window.severity is Severity.INFO
    assert "the TCP window of the guest's HTTP connections: 65532 bytes, it was 4096 bytes" in window.sentence
    (options,) = look("http-tcp", {"http": [replace(first, tcp_options="020405b401030309")]}, http=[first])
    assert "segment size, window scale, it was segment size" in options.sentence
    stamped = [replace(first, tcp_options=f"0101080a{number:08x}00000000") for number in (1, 2)]
    assert look("http-tcp", {"http": stamped[1:]}, http=stamped[:1]) == []


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (Other(**SENT, protocol="udp", destination_port=514), "syslog (port 514)"),
        (Tcp(**SENT, connection=1, destination_port=443), "TCP to port 443"),
        (Tcp(**SENT, connection=1, destination_port=3260), "iSCSI (port 3260)"),
        (Other(**SENT, protocol="icmp6", type=143), "IPv6 multicast listener reports"),
        (Other(**SENT, protocol="2"), "IGMP"),
        (Other(**SENT, ethertype="9999"), "frames of the ethertype 9999"),
        (Other(**SENT, ethertype="88cc"), "LLDP"),
        (Lacp(**SENT), "LACP"),
    ],
)
def test_traffic_is_named(look: Look, event: Event, name: str) -> None:
    (found,) = look("traffic", {"other": [event]})
    assert found.candidate == name


def test_requests_to_boot_servers_are_told(look: Look) -> None:
    asked = dhcp(7.2, "request", destination_port=4011)
    (found,) = look("traffic", {"other": [asked]})
    assert found.candidate == "PXE boot servers (port 4011)"


def test_headers_of_many_requests_are_looked_at_once(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    read_header = http._read_header

    def count(name: str, headers: Mapping[str, str]) -> str | None:
        looked.append(name)
        return read_header(name, headers)

    monkeypatch.setattr(http, "_read_header", count)
    many = [[http_request({f"X-{n}": value}, target=f"/{n}") for n in range(200)] for value in "ab"]
    found = look("http-headers", {"http": many[1]}, http=many[0])
    assert [one.subject for one in found] == [f"HTTP header X-{n}" for n in range(200)]
    assert len(looked) <= 2 * 3 * 200  # on two sides the headers of each request that no other rule owns


@pytest.mark.parametrize("rule", ["http-version", "http-user-agent", "http-headers", "http-tcp"])
def test_equal_or_missing_http_requests_are_no_difference(look: Look, rule: str) -> None:
    ranges = [http_request(headers={"Range": value}) for value in ("bytes=0-1", "bytes=2-3")]
    assert look(rule, {"http": [http_request()]}, http=[http_request()]) == []
    assert look(rule, {"http": ranges[1:]}, http=ranges[:1]) == []
    assert look(rule, {"http": [http_request(version="HTTP/1.0")]}) == []


def test_new_kinds_of_traffic_are_an_info(look: Look) -> None:
    frames = [
        EAPOL,
        RouterSolicitation(**SENT),
        Dhcp6(**SENT, message="solicit", xid="000001"),
    ]
    found = look("traffic", {"other": frames})
    assert [entry.candidate for entry in found] == ["DHCPv6", "EAPOL (802.1X)", "IPv6 router solicitations"]
    assert {entry.severity for entry in found} == {Severity.INFO}
    assert "the guest now also sends EAPOL (802.1X)" in found[1].sentence
    gone = look("traffic", {"other": ()}, other=frames)
    assert "the guest does not send EAPOL (802.1X) any more" in gone[1].sentence


def test_answers_and_known_traffic_are_no_difference(look: Look) -> None:
    frames = [
        Eapol(guest_s=4.1, from_guest=False),
        Arp(**SENT, operation="request", sender_mac="", sender="10.0.2.15", target_mac="", target="10.0.2.1"),
        NeighbourAdvertisement(**SENT),
        Tcp(**SENT, connection=1, destination_port=80),
        Other(**SENT, protocol="icmp", type=0),
        Other(**SENT, protocol="icmp6", type=129),
        Other(**SENT, protocol="udp", destination_port=1024),
    ]
    assert look("traffic", {"other": frames}) == []
    assert look("traffic", {"other": frames, "passed": False}) == []


def dns(*types: int) -> list[Event]:
    return [Dns(**SENT, id=1, reply=False, questions=tuple(DnsQuestion("server", one) for one in types))]


def test_fewer_types_of_dns_records_are_a_change(look: Look) -> None:
    (found,) = look("dns-types", {"other": dns(1)}, other=dns(1, 28))
    assert found.severity is Severity.CHANGE
    assert "asks name servers for A records, it was A AAAA" in found.sentence
    (more,) = look("dns-types", {"other": dns(1, 28)}, other=dns(1))
    assert more.severity is Severity.INFO
    assert look("dns-types", {"other": dns(1, 1)}, other=dns(1)) == []


def test_a_kind_that_the_other_set_sends_in_another_boot_is_no_difference() -> None:
    first = [trace(Boot(other=[EAPOL])), trace(Boot(nic="pcnet"))]
    second = [trace(Boot()), trace(Boot(nic="pcnet", other=[EAPOL]))]
    assert compare_traces(first, second).identical
    elsewhere = [trace(Boot()), trace(Boot(nic="pcnet", machine="q35", other=[EAPOL]))]
    assert not compare_traces([*first, trace(Boot(nic="pcnet", machine="q35"))], elsewhere).identical


def test_with_a_router_it_is_chance_whether_the_guest_asks_for_one(look: Look) -> None:
    router = RouterAdvertisement(guest_s=69.0, from_guest=False)
    asked = RouterSolicitation(**SENT)
    assert look("traffic", {"other": [router, asked]}, other=[router]) == []
    assert len(look("traffic", {"other": [asked]})) == 1
