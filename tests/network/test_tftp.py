import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tftpy.TftpShared import TftpException

from bootrig.network.addresses import SERVICE_ADDRESSES, address_family
from bootrig.network.errors import ServiceError
from bootrig.network.servers.tftp import TftpConfiguration, TftpServer, parse_request, start_tftp
from bootrig.network.tap import open_tap
from tests.network.inside import call_inside
from tests.network.processes import open_descriptors
from tests.network.requirements import require_namespaces

HOST = "127.0.0.1"


@pytest.fixture
def root(tmp_path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "small").write_bytes(b"s" * 100)
    (root / "even").write_bytes(b"e" * 1024)
    (root / "empty").write_bytes(b"")
    (root / "with space \u00e9").write_bytes(b"special")
    (tmp_path / "secret").write_text("out")
    (root / "escape").symlink_to(tmp_path / "secret")
    return root


@pytest.fixture
def server(root, tmp_path) -> Iterator[TftpServer]:
    with start_tftp(TftpConfiguration(root, (HOST,), 0), tmp_path) as server:
        yield server


class Client:
    """A TFTP client of a few lines; remembers the answer's options."""

    def __init__(self, port: int, host: str = HOST) -> None:
        self.socket = socket.socket(address_family(host), socket.SOCK_DGRAM)
        self.host = host
        self.socket.settimeout(10)
        self.port = port
        self.options: dict[bytes, bytes] | None = None

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def ask(self, *words: bytes, opcode: int = 1) -> bytes:
        self.socket.sendto(bytes([0, opcode]) + b"\0".join(words) + b"\0", (self.host, self.port))
        return self.next()

    def next(self) -> bytes:
        payload, self.peer = self.socket.recvfrom(65536)
        return payload

    def ack(self, number: int) -> None:
        self.socket.sendto(b"\0\4" + (number & 0xFFFF).to_bytes(2, "big"), self.peer)

    def fetch(self, name: bytes, *options: bytes) -> bytes:
        payload, content, length = self.ask(name, b"octet", *options), b"", 512
        if payload[1] == 6:
            words = payload[2:-1].split(b"\0")
            self.options = dict(zip(words[::2], words[1::2], strict=False))
            length = int(self.options.get(b"blksize", 512))
            self.ack(0)
            payload = self.next()
        for number in range(1, 1 << 20):
            assert payload[:4] == b"\0\3" + (number & 0xFFFF).to_bytes(2, "big"), payload[:100]
            content += payload[4:]
            self.ack(number)
            if len(payload) - 4 < length:
                return content
            payload = self.next()
        raise AssertionError("endless")


@pytest.mark.parametrize("name", ["small", "even", "empty"])
@pytest.mark.parametrize("options", [(), (b"blksize", b"1432", b"tsize", b"0"), (b"blksize", b"512")])
def test_serves_files(server, root, name, options):
    with Client(server.places[0][1]) as client:
        assert client.fetch(name.encode(), *options) == (root / name).read_bytes()


def test_acknowledges_what_was_asked_for(server):
    with Client(server.places[0][1]) as client:
        client.fetch(b"even", b"blksize", b"1432", b"tsize", b"0")
        assert client.options == {b"blksize": b"1432", b"tsize": b"1024"}


def test_acknowledges_nothing_that_was_not(server):
    with Client(server.places[0][1]) as client:
        client.fetch(b"even", b"tsize", b"0")
        assert client.options == {b"tsize": b"1024"}


@pytest.mark.parametrize(
    "options", [(b"windowsize", b"4"), (b"blksize", b"many"), (b"blksize", b""), (b"tsize", b"\xff"), (b"odd",)]
)
def test_ignores_options_that_it_does_not_know_or_understand(server, options):
    with Client(server.places[0][1]) as client:
        assert client.fetch(b"even", *options) == b"e" * 1024
        assert client.options is None


def test_names_of_options_have_no_case(server):
    with Client(server.places[0][1]) as client:
        client.fetch(b"even", b"BlkSize", b"1000")
        assert (client.options or {})[b"blksize"] == b"1000"


def test_block_numbers_wrap(server, root):
    content = os.urandom(8 * 65537 + 3)
    (root / "long").write_bytes(content)
    with Client(server.places[0][1]) as client:
        assert client.fetch(b"long", b"blksize", b"8") == content


def test_names_with_blanks_and_other_letters(server):
    with Client(server.places[0][1]) as client:
        assert client.fetch("with space \u00e9".encode()) == b"special"


def test_names_are_bytes(server, root):
    names = (rb"Boot\iPXE\boot.ipxe", b"\xff\xfe \x01\n#,", b"b" * 255)
    for name in names:
        Path(os.fsdecode(bytes(root) + b"/" + name)).write_bytes(name)
    with Client(server.places[0][1]) as client:
        assert [client.fetch(name) for name in names] == list(names)


@pytest.mark.parametrize("refused", [{"blksize"}, {"tsize"}, {"blksize", "tsize"}])
def test_options_that_are_refused(root, tmp_path, refused):
    configuration = TftpConfiguration(root, (HOST,), 0, refused=frozenset(refused))
    with start_tftp(configuration, tmp_path) as server, Client(server.places[0][1]) as client:
        assert client.fetch(b"even", b"blksize", b"1432", b"tsize", b"0") == b"e" * 1024
        acknowledged = {name.decode() for name in client.options or {}}
        assert acknowledged == {"blksize", "tsize"} - refused


def test_a_name_that_is_answered_by_an_error(root, tmp_path):
    configuration = TftpConfiguration(root, (HOST,), 0, errors={"a\udcff": 2})
    with start_tftp(configuration, tmp_path) as server, Client(server.places[0][1]) as client:
        assert client.ask(b"/a\xff", b"octet") == b"\0\5\0\2as the scenario says\0"
        assert client.fetch(b"small") == b"s" * 100
    assert "answered by error 2" in (tmp_path / "tftp.log").read_text()


@pytest.mark.rig
def test_both_families(root, tmp_path):
    require_namespaces()

    def inside() -> list[int]:
        with open_tap(), start_tftp(TftpConfiguration(root), tmp_path):
            lengths = []
            for host in SERVICE_ADDRESSES:
                with Client(69, host) as client:
                    lengths.append(len(client.fetch(b"even", b"blksize", b"100")))
            return lengths

    assert call_inside(inside) == [1024, 1024]
    assert "[fd00:b007::1]:" in (tmp_path / "tftp.log").read_text()


@pytest.mark.parametrize(
    "name",
    [
        *(b"missing", b"../secret", b"/../secret", b"escape", b"/etc/passwd", b"", b"/", b"\xff\xfe", b"a" * 400),
        *(rb"..\secret", rb"\\host\share", b"./../secret", b"small/", b"small/..", b"\x01\n", b"a" * 60000),
    ],
)
def test_what_is_not_in_the_root_is_not_found(server, name):
    with Client(server.places[0][1]) as client:
        assert client.ask(name, b"octet") == b"\0\5\0\1File not found\0"


def test_nothing_can_be_written(server, root):
    before = sorted(root.iterdir())
    with Client(server.places[0][1]) as client:
        assert client.ask(b"new", b"octet", opcode=2) == b"\0\5\0\2Access violation\0"
        assert client.ask(b"../new", b"octet", opcode=2) == b"\0\5\0\2Access violation\0"
    assert sorted(root.iterdir()) == before


def test_two_at_a_time(server):
    with Client(server.places[0][1]) as one, Client(server.places[0][1]) as other:
        assert one.ask(b"even", b"octet")[4:] == b"e" * 512
        assert other.fetch(b"small") == b"s" * 100
        one.ack(1)
        assert one.next()[4:] == b"e" * 512


def test_a_repeated_request_is_not_a_second_transfer(server):
    with Client(server.places[0][1]) as client:
        client.ask(b"even", b"octet")
        client.socket.sendto(b"\0\1even\0octet\0", (HOST, server.places[0][1]))
        client.ack(1)
        assert client.next()[:4] == b"\0\3\0\2"


def test_a_request_repeated_before_the_acknowledgement_is_not_a_new_one(server, monkeypatch):
    """In virtual time a guest repeats itself before the answer reaches it; then both lie in the server's sockets."""
    gate, select = threading.Event(), server._selector.select

    def wait_and_select(timeout_s: float | None) -> object:
        gate.wait(10)
        return select(timeout_s)

    monkeypatch.setattr(server._selector, "select", wait_and_select)
    with Client(server.places[0][1]) as client:
        assert client.ask(b"even", b"octet", b"blksize", b"1000")[1] == 6
        first = client.peer
        for _ in range(3):
            client.socket.sendto(b"\0\1even\0octet\0blksize\x001000\0", (HOST, server.places[0][1]))
        client.ack(0)
        gate.set()
        assert (client.next()[:4], client.peer) == (b"\0\3\0\1", first)
        client.ack(1)
        assert (client.next()[:4], client.peer) == (b"\0\3\0\2", first)


def test_a_client_may_ask_for_another_file_from_the_same_port(server):
    with Client(server.places[0][1]) as client:
        client.ask(b"even", b"octet")
        assert client.ask(b"small", b"octet")[4:] == b"s" * 100
        client.ack(1)
        assert client.fetch(b"even") == b"e" * 1024


def test_a_client_may_begin_anew(server):
    with Client(server.places[0][1]) as client:
        first = client.ask(b"even", b"octet")
        client.ack(1)
        client.next()
        assert client.ask(b"even", b"octet") == first


def test_what_is_not_acknowledged_is_sent_again(root, tmp_path):
    with (
        start_tftp(TftpConfiguration(root, (HOST,), 0, timeout_s=0.05), tmp_path) as server,
        Client(server.places[0][1]) as client,
    ):
        first = client.ask(b"even", b"octet")
        assert client.next() == first


def test_a_client_that_is_silent_is_given_up(root, tmp_path):
    configuration = TftpConfiguration(root, (HOST,), 0, timeout_s=0.02, retries=2)
    with start_tftp(configuration, tmp_path) as server, Client(server.places[0][1]) as client:
        first = client.ask(b"even", b"octet")
        assert [client.next(), client.next()] == [first, first]
        client.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.next()
    assert "even' octet: no answer" in (tmp_path / "tftp.log").read_text()


def test_a_client_that_is_gone_is_given_up(server, tmp_path):
    client = Client(server.places[0][1])
    client.ask(b"even", b"octet", b"blksize", b"8")
    client.ack(0)
    client.socket.close()
    with Client(server.places[0][1]) as other:
        assert other.fetch(b"small") == b"s" * 100


@pytest.mark.parametrize(
    "datagram", [b"", b"\0", b"\0\1", b"\0\1x", b"\0\1x\0", b"\0\3\0\1data", b"\0\4\0\0", b"\xff" * 9]
)
def test_a_datagram_that_is_no_request_harms_nobody(server, datagram):
    with Client(server.places[0][1]) as client:
        client.socket.sendto(datagram, (HOST, server.places[0][1]))
        with Client(server.places[0][1]) as other:
            assert other.fetch(b"small") == b"s" * 100


@settings(deadline=None, max_examples=100)
@given(st.lists(st.binary(max_size=100), max_size=5), st.binary(max_size=40))
def test_any_datagrams_leave_the_server_alive(tmp_path_factory, datagrams, answer):
    directory = tmp_path_factory.mktemp("any")
    (directory / "small").write_bytes(b"s" * 600)
    with start_tftp(TftpConfiguration(directory, (HOST,), 0), directory) as server:
        with Client(server.places[0][1]) as client:
            client.ask(b"small", b"octet")
            client.socket.sendto(answer, client.peer)
            for datagram in datagrams:
                client.socket.sendto(datagram, (HOST, server.places[0][1]))
        with Client(server.places[0][1]) as client:
            assert len(client.fetch(b"small")) == 600


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_a_request_or_none(datagram):
    try:
        request = parse_request(datagram)
    except TftpException:
        return
    assert request.encode_for_engine().isascii()


def test_a_request_keeps_what_the_client_said():
    request = parse_request(b"\0\1/a b\\c\0OCTET\0tsize\0000\0blksize\x001432\0")
    assert (request.file, request.mode) == ("/a b\\c", "OCTET")
    assert request.options == (("tsize", "0"), ("blksize", "1432"))


def test_port_in_use(root, tmp_path):
    with start_tftp(TftpConfiguration(root, (HOST,), 0), tmp_path) as server:
        configuration = TftpConfiguration(root, (HOST,), server.places[0][1])
        match = rf"^the TFTP server cannot bind 127.0.0.1 port {server.places[0][1]}: Address already in use$"
        with pytest.raises(ServiceError, match=match) as caught, start_tftp(configuration, tmp_path):
            pass
    assert "another server has it" in caught.value.remedy


def test_an_address_that_is_not_ours(root, tmp_path):
    with (
        pytest.raises(ServiceError, match=r"cannot bind 192.0.2.1 port 69: Cannot assign requested address$"),
        start_tftp(TftpConfiguration(root, ("192.0.2.1",)), tmp_path),
    ):
        pass


def test_no_root(tmp_path):
    with (
        pytest.raises(ServiceError, match=r"none is not a directory$"),
        start_tftp(TftpConfiguration(tmp_path / "none", (HOST,), 0), tmp_path),
    ):
        pass


def test_nothing_is_left(root, tmp_path):
    threads, descriptors = threading.active_count(), open_descriptors()
    with start_tftp(TftpConfiguration(root, (HOST,), 0), tmp_path) as server, Client(server.places[0][1]) as client:
        client.ask(b"even", b"octet")  # a transfer under way
    assert threading.active_count() == threads
    assert open_descriptors() == descriptors
    assert {path.name for path in tmp_path.iterdir()} == {"root", "secret", "tftp.log"}


def test_dies_midway(server, monkeypatch):
    async def watch() -> None:
        watching = asyncio.create_task(server.watch())
        await asyncio.sleep(0)
        monkeypatch.setattr(server, "_accept", lambda _listening: 1 // 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"x", (HOST, server.places[0][1]))
            await asyncio.wait_for(watching, 10)

    with pytest.raises(ServiceError, match=r"^the TFTP server died midway: ZeroDivisionError"):
        asyncio.run(watch())


def test_watching_can_be_given_up(server):
    async def watch() -> None:
        await asyncio.wait_for(server.watch(), 0.05)

    with pytest.raises(TimeoutError):
        asyncio.run(watch())
    with Client(server.places[0][1]) as client:
        assert client.fetch(b"small") == b"s" * 100


def test_a_full_disk_under_the_log_stops_nobody(root, tmp_path):
    (tmp_path / "tftp.log").symlink_to("/dev/full")
    with start_tftp(TftpConfiguration(root, (HOST,), 0), tmp_path) as server, Client(server.places[0][1]) as client:
        assert client.fetch(b"small") == b"s" * 100


def test_the_log_says_who_asked_for_what(root, tmp_path):
    with start_tftp(TftpConfiguration(root, (HOST,), 0), tmp_path) as server, Client(server.places[0][1]) as client:
        client.fetch(b"small", b"tsize", b"0")
        client.ask(b"missing", b"octet")
    # the server has ended, so all is written
    log = (tmp_path / "tftp.log").read_text()
    assert "read 'small' octet tsize=0: complete, 100 bytes\n" in log
    assert "read 'missing' octet: File not found\n" in log
