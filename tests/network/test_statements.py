"""The statements of services' tables are held against what was seen; each of them can be wrong."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bootrig.network.addresses import GUEST_ADDRESS, GUEST_MAC, SERVER_ADDRESS, SERVER_NAME
from bootrig.network.errors import ServiceError
from bootrig.network.servers.personality import (
    ClientClass,
    DhcpPersonality,
    OptionMatch,
)
from bootrig.network.services.registry import find_services
from bootrig.network.statement import FAULTS_SHOWN, Statement, prove_statements
from bootrig.network.tap import open_tap
from bootrig.trace.events import (
    Dhcp,
    Dns,
    DnsAnswer,
    DnsQuestion,
    Event,
    HttpRequest,
    HttpResponse,
    RouterAdvertisement,
    TftpError,
    TftpOptions,
    TftpTransfer,
)
from bootrig.trace.events import (
    DhcpOption as SentOption,
)
from tests.network.inside import call_inside
from tests.network.requirements import require_namespaces
from tests.network.tables import read

XID = "00000001"


def discover() -> Dhcp:
    """Return a DISCOVER of the guest's."""
    sent = {93: b"\0\0", 60: b"PXEClient:Arch:00000", 77: b"iPXE"}
    return Dhcp(
        guest_s=1.0,
        from_guest=True,
        frame=1,
        message="discover",
        reply=False,
        xid=XID,
        client_mac=GUEST_MAC,
        options=tuple(SentOption(code, content.hex()) for code, content in sent.items()),
    )


def offer(options: dict[int, bytes] | None = None, **fields: Any) -> Dhcp:
    """Return what dnsmasq answers by an empty table, but for some fields."""
    usual = {"your_address": GUEST_ADDRESS, "next_server": SERVER_ADDRESS, "client_mac": GUEST_MAC, "xid": XID}
    return Dhcp(
        guest_s=1.1,
        from_guest=False,
        frame=2,
        message="offer",
        reply=True,
        options=tuple(SentOption(code, content.hex()) for code, content in (options or {}).items()),
        **(usual | fields),
    )


def prove(name: str, table: Any, *wire: Event) -> list[str]:
    """Return what proves the statements of a table."""
    configuration = read(name, table) if isinstance(table, dict) else table
    statements = find_services()[name].iter_statements(configuration, wire)
    return [f"{proof.statement}: {proof.seen}" for proof in prove_statements(f"the {name} service", statements)]


def differences(name: str, table: Any, *wire: Event) -> str:
    with pytest.raises(ServiceError) as caught:
        prove(name, table, *wire)
    return str(caught.value).removeprefix(f"the {name} service does not do what its table says: ")


USUAL = ["next_server: 10.0.2.1", "the guest's address: 10.0.2.15"]


@pytest.mark.parametrize(
    ("table", "answer", "proven"),
    [
        ({}, offer(), ["boot_file (header): nothing", *USUAL]),
        ({"boot_file": "a b"}, offer(boot_file_name="a b"), ['boot_file (header): "a b"', *USUAL]),
        (
            {"boot_file": {"hex": "5c ff"}},
            offer(boot_file_name=r"\x5c\xff"),
            [r'boot_file (header): "\x5c\xff"', *USUAL],
        ),
        (
            {"boot_file": "a", "fields": "both"},
            offer({66: b"10.0.2.1", 67: b"a\0"}, boot_file_name="a"),
            ['boot_file (header): "a"', 'boot_file (option 67): "a"', 'next_server (option 66): "10.0.2.1"', *USUAL],
        ),
        (
            {"boot_file": "a", "fields": "options", "next_server": False},
            offer({67: b"a"}, next_server="0.0.0.0"),
            [
                "boot_file (header): nothing",
                'boot_file (option 67): "a"',
                "next_server (option 66): nothing",
                "next_server: 0.0.0.0",
                USUAL[1],
            ],
        ),
        (
            {"boot_file": "a", "class": [{"user_class": "iPXE", "boot_file": "b"}]},
            offer(boot_file_name="b"),
            ['class[0].boot_file (header): "b"', *USUAL],
        ),
        (
            {"option": [{"code": 175, "sub": 1, "u8": 9}, {"code": 17, "text": "x"}]},
            offer({17: b"x\0", 175: b"\x01\x01\x09"}),
            ["boot_file (header): nothing", *USUAL, "option 17: 78", "option 175: 010109"],
        ),
        (
            {"option": [{"code": "Domain Search", "text": "a.bc"}]},
            offer({119: b"\x01a\x02bc\0"}),
            ["boot_file (header): nothing", *USUAL, "option 119: 0161026263" + "00"],
        ),
        ({"lines": ["dhcp-boot=x,,10.0.2.9"]}, offer(boot_file_name="x", next_server="10.0.2.9"), []),
    ],
)
def test_what_an_offer_proves(table: dict[str, Any], answer: Dhcp, proven: list[str]) -> None:
    assert prove("dhcp", table, discover(), answer) == proven


@pytest.mark.parametrize(
    ("table", "answer", "difference"),
    [
        ({"next_server": False}, offer(), "next_server means 0.0.0.0, and frame 2 has 10.0.2.1"),
        ({}, offer(your_address="10.0.2.16"), "the guest's address means 10.0.2.15, and frame 2 has 10.0.2.16"),
        ({"boot_file": "a"}, offer(), 'boot_file (header) means "a", and frame 2 has nothing'),
        ({}, offer(boot_file_name="a"), 'boot_file (header) means nothing, and frame 2 has "a"'),
        (
            {"boot_file": "a", "fields": "file-option"},
            offer(),
            'boot_file (option 67) means "a", and frame 2 has nothing',
        ),
        (
            {"boot_file": "a", "fields": "file-option"},
            offer({67: b"a"}, boot_file_name="a"),
            'boot_file (header) means nothing, and frame 2 has "a"',
        ),
        (
            {"boot_file": "a", "fields": "both"},
            offer({67: b"a"}, boot_file_name="a"),
            'next_server (option 66) means "10.0.2.1", and frame 2 has nothing',
        ),
        ({"option": [{"code": 128, "u8": 1}]}, offer(), "option 128 means 01, and frame 2 has nothing"),
        ({"option": [{"code": 128, "u8": 1}]}, offer({128: b"\2"}), "option 128 means 01, and frame 2 has 02"),
        (
            {"lines": ["x"], "boot_file": "a"},
            offer(boot_file_name="b"),
            'boot_file (header) means "a", and frame 2 has "b"',
        ),
        (
            {"boot_file": "a", "class": [{"architecture": 7, "boot_file": "b"}]},
            offer(boot_file_name="b"),
            'boot_file (header) means "a", and frame 2 has "b"',
        ),
    ],
)
def test_an_offer_that_is_not_what_the_table_says(table: dict[str, Any], answer: Dhcp, difference: str) -> None:
    assert differences("dhcp", table, discover(), answer) == difference


def test_what_no_guest_asked_for_proves_nothing() -> None:
    assert prove("dhcp", {"next_server": False}, offer()) == []
    assert prove("dhcp", {}) == []


@pytest.mark.parametrize(
    ("client", "matches"),
    [
        (ClientClass(architecture=0), True),
        (ClientClass(architecture=7), False),
        (ClientClass(user_class="iPXE", vendor_class="PXEClient", mac=GUEST_MAC.upper()), True),
        (ClientClass(user_class="gPXE"), False),
        (ClientClass(vendor_class="HTTPClient"), False),
        (ClientClass(mac="52:54:00:12:34:57"), False),
        (ClientClass(option=OptionMatch(60, b"Arch:", is_text=True)), True),
        (ClientClass(option=OptionMatch(60, b"Arch:", is_text=False)), False),
        (ClientClass(option=OptionMatch(60, b"PXE", is_text=False)), True),
        (ClientClass(option=OptionMatch(93, b"\0", is_text=False)), True),
        (ClientClass(option=OptionMatch(200, b"\0", is_text=False)), False),
    ],
)
def test_who_is_in_a_class(client: ClientClass, matches: bool) -> None:
    personality = DhcpPersonality("a", classes=(replace(client, boot_file="b"),))
    key_path, name = ("class[0].boot_file", "b") if matches else ("boot_file", "a")
    assert f'{key_path} (header): "{name}"' in prove("dhcp", personality, discover(), offer(boot_file_name=name))


def advertisement(*prefixes: str) -> RouterAdvertisement:
    return RouterAdvertisement(guest_s=2.0, from_guest=False, frame=3, prefixes=prefixes)


def test_router_advertisements() -> None:
    good = advertisement("fd00:b007::/64")
    assert prove("dhcp", {}, good, good) == ["router_advertisements: the prefix fd00:b007::/64"]
    meant = "router_advertisements means the prefix fd00:b007::/64, and frame 3 has the prefix"
    assert differences("dhcp", {}, advertisement("fd00::/64")) == f"{meant} fd00::/64"
    assert differences("dhcp", {}, advertisement()) == f"{meant} nothing"
    assert differences("dhcp", {"router_advertisements": False}, good) == (
        "router_advertisements means no advertisement, and frame 3 has the prefix fd00:b007::/64"
    )


def dns_answer(record_type: int, *found: str) -> Dns:
    return Dns(
        guest_s=2.0,
        from_guest=False,
        frame=4,
        id=1,
        reply=True,
        questions=(DnsQuestion(SERVER_NAME, record_type),),
        answers=tuple(DnsAnswer(SERVER_NAME, record_type, one) for one in found),
    )


def test_names() -> None:
    assert prove("dhcp", {}, dns_answer(1, "0a000201")) == ["A of server.bootrig.test: 10.0.2.1"]
    address = "fd00b007000000000000000000000001"
    assert prove("dhcp", {}, dns_answer(28, address)) == ["AAAA of server.bootrig.test: fd00:b007::1"]
    assert prove("dhcp", {}, dns_answer(16)) == []
    meant = "A of server.bootrig.test means 10.0.2.1, and frame 4 has"
    assert differences("dhcp", {}, dns_answer(1)) == f"{meant} nothing"
    assert differences("dhcp", {}, dns_answer(1, "0a000201", "0a000202")) == f"{meant} 10.0.2.1 and 10.0.2.2"


FILES = {
    "a/b": {"content": "probe"},
    "any": {"name": {"hex": "ff 5c"}, "content": "probe"},
    "gone": {"content": "missing"},
    "old": {"content": "error", "code": 2},
}


def transfer(file: str) -> TftpTransfer:
    return TftpTransfer(guest_s=3.0, from_guest=False, frame=5, file=file, bytes=512, completed=True)


def error(file: str, code: int) -> TftpError:
    return TftpError(guest_s=3.0, from_guest=False, frame=6, code=code, text="", file=file)


@pytest.mark.parametrize(
    ("event", "proven"),
    [
        (transfer("/a//b"), ['"a/b": a file']),
        (transfer(r"\xff\x5c"), ['"\\xff\\": a file']),
        (error("gone", 1), []),
        (error("old", 2), ["old: error 2"]),
        (error("other", 1), []),
        (error("a/b", 0), []),
    ],
)
def test_what_tftp_proves(event: Event, proven: list[str]) -> None:
    assert prove("tftp", FILES, event) == proven


@pytest.mark.parametrize(
    ("event", "difference"),
    [
        (error("a/b", 1), '"a/b" means a file, and frame 6 has error 1'),
        (transfer("gone"), "gone means error 1, and frame 5 has a file"),
        (transfer("old"), "old means error 2, and frame 5 has a file"),
        (error("old", 1), "old means error 2, and frame 6 has error 1"),
    ],
)
def test_tftp_that_does_not_do_what_its_table_says(event: Event, difference: str) -> None:
    assert differences("tftp", FILES, event) == difference


def test_options_that_tftp_refuses() -> None:
    def acknowledged(*names: str) -> TftpOptions:
        options = tuple((name, "1432") for name in names)
        return TftpOptions(guest_s=3.0, from_guest=False, frame=7, file="a/b", options=options)

    assert prove("tftp", {"refuse": ["blksize"]}, acknowledged("tsize")) == ["refuse: no blksize"]
    assert differences("tftp", {"refuse": ["blksize"]}, acknowledged("BLKSIZE")) == (
        "refuse means no blksize, and frame 7 has blksize"
    )
    assert prove("tftp", {}, acknowledged("blksize")) == []


def exchange(target: str, status: int) -> Sequence[Event]:
    request = HttpRequest(
        guest_s=4.0, from_guest=True, frame=8, method="GET", target=target, version="HTTP/1.1", connection=1
    )
    return request, HttpResponse(guest_s=4.0, from_guest=False, frame=9, status=status, connection=1)


def test_http() -> None:
    files = {name: FILES[name] for name in ("a/b", "any", "gone")}
    assert prove("http", files, *exchange("/a/b?x", 200)) == ['"a/b": a file']
    assert prove("http", files, *exchange("/%ff%5C", 206)) == ['"\\xff\\": a file']
    assert prove("http", files, *exchange("/gone", 404)) == ["gone: status 404"]
    assert prove("http", files, *exchange("/other", 404)) == []
    assert differences("http", files, *exchange("/a/b", 404)) == '"a/b" means a file, and frame 9 has status 404'
    assert differences("http", files, *exchange("/gone", 200)) == "gone means status 404, and frame 9 has a file"


def test_only_the_first_differences_are_told() -> None:
    wrong = [Statement(f"key{number}", "a", "b") for number in range(FAULTS_SHOWN + 1)]
    with pytest.raises(ServiceError, match=r"key4 means a, and an answer from inside the namespace has b$"):
        prove_statements("it", wrong)


@pytest.mark.rig
def test_a_port_that_nothing_listens_on() -> None:
    require_namespaces()
    service = find_services()["http"]

    def inside() -> list[list[str]]:
        with open_tap():
            statements = asyncio.run(service.ask_statements(read("http", {"families": ["ip6"]})))
            return [[statement.meant, statement.seen] for statement in statements]

    ((meant, seen),) = call_inside(inside)
    assert meant == "port 80 of fd00:b007::1"
    assert seen.startswith(f"{meant}: Connect call failed")
