import asyncio
import json
import os
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bootrig.network.errors import ServiceError
from bootrig.network.servers.http import HttpServer, start_http
from tests.network.processes import open_descriptors

HOST = "127.0.0.1"
CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def root(tmp_path) -> Path:
    root = tmp_path / "root"
    (root / "deep").mkdir(parents=True)
    (root / "file").write_bytes(CONTENT)
    (root / "with space").write_bytes(b"special")
    (tmp_path / "secret").write_text("out")
    (root / "escape").symlink_to(tmp_path / "secret")
    return root


@asynccontextmanager
async def _connected(server: HttpServer) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, server.places[0][1])
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def _serve(root: Path, use: Callable[[HttpServer], Awaitable[object]]) -> object:
    async def serve() -> object:
        async with start_http(root, root.parent, addresses=(HOST,), port=0) as server:
            return await use(server)

    return asyncio.run(serve())


def _exchange(root: Path, *requests: bytes) -> list[tuple[bytes, dict[bytes, bytes], bytes]]:
    """Send requests on one connection, one after the other; return status line, headers and body of each answer."""

    async def use(server: HttpServer) -> object:
        async with _connected(server) as (reader, writer):
            answers = []
            for request in requests:
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                line, *rest = head.split(b"\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (one.partition(b":") for one in rest if one)
                }
                length = 0 if request.startswith(b"HEAD") else int(headers.get(b"content-length", 0))
                answers.append((line, headers, await reader.readexactly(length)))
            return answers

    return _serve(root, use)


@pytest.mark.parametrize(
    ("request_head", "version", "closes"),
    [
        (b"GET /file HTTP/1.0\r\nUser-Agent: gPXE/0.9.9\r\nHost: x\r\n\r\n", b"HTTP/1.0", True),
        (b"GET /file HTTP/1.0\r\n\r\n", b"HTTP/1.0", True),
        (b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1", False),
        (b"GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"HTTP/1.1", True),
    ],
)
def test_speaks_both_versions(root, request_head, version, closes):
    async def use(server: HttpServer) -> object:
        async with _connected(server) as (reader, writer):
            writer.write(request_head)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(len(CONTENT))
            try:
                rest = await asyncio.wait_for(reader.read(), 5 if closes else 0.2)
            except TimeoutError:
                rest = None
            return head, body, rest

    head, body, rest = _serve(root, use)
    assert head.startswith(version + b" 200 OK\r\n")
    assert f"Content-Length: {len(CONTENT)}".encode() in head
    assert body == CONTENT
    assert rest == (b"" if closes else None)


def test_keeps_a_connection_for_several_requests(root):
    request = b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n"
    answers = _exchange(root, request, b"GET /missing HTTP/1.1\r\nHost: x\r\n\r\n", request)
    assert [line for line, _, _ in answers] == [b"HTTP/1.1 200 OK", b"HTTP/1.1 404 Not Found", b"HTTP/1.1 200 OK"]
    assert answers[2][2] == CONTENT


def test_head_has_the_length_and_no_body(root):
    head, get = b"HEAD /file HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n"
    answers = _exchange(root, head, get)
    assert answers[0][1][b"content-length"] == str(len(CONTENT)).encode()
    assert answers[1][2] == CONTENT


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        (b"bytes=0-9", b"HTTP/1.1 206 Partial Content", CONTENT[:10]),
        (b"bytes=255990-", b"HTTP/1.1 206 Partial Content", CONTENT[-10:]),
        (b"bytes=-10", b"HTTP/1.1 206 Partial Content", CONTENT[-10:]),
        (b"bytes=10-19", b"HTTP/1.1 206 Partial Content", CONTENT[10:20]),
    ],
)
def test_ranges(root, wanted, status, body):
    request = b"GET /file HTTP/1.1\r\nHost: x\r\nRange: " + wanted + b"\r\n\r\n"
    assert [(line, content) for line, _, content in _exchange(root, request)] == [(status, body)]


def test_a_range_beyond_the_end(root):
    request = b"GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=256000-\r\n\r\n"
    assert _exchange(root, request)[0][0].startswith(b"HTTP/1.1 416 ")


@pytest.mark.parametrize("target", [b"/with%20space", b"/deep/../with%20space", b"/with%20space?query=/../x"])
def test_names(root, target):
    assert _exchange(root, b"GET " + target + b" HTTP/1.0\r\n\r\n")[0][2] == b"special"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        (rb"Boot\iPXE\boot.ipxe", rb"/Boot\iPXE\boot.ipxe"),
        (rb"Boot\iPXE\boot.ipxe", b"/Boot%5CiPXE%5cboot.ipxe"),
        (b"\xff\xfe", b"/%ff%FE"),
        ("\u00e9".encode(), b"/%c3%a9"),
        (b"a?b#c", b"/a%3fb%23c"),
        (b"%41", b"/%2541"),
    ],
)
def test_names_are_bytes(root, name, target):
    Path(os.fsdecode(bytes(root) + b"/" + name)).write_bytes(b"found")
    assert _exchange(root, b"GET " + target + b" HTTP/1.0\r\n\r\n")[0][2] == b"found"


@pytest.mark.parametrize(
    "target",
    [
        b"/missing",
        b"/%ff%fe",
        rb"/..\secret",
        b"/" + b"a" * 5000,
        b"/../secret",
        b"/%2e%2e/secret",
        b"/..%2fsecret",
        b"/escape",
        b"//etc/passwd",
        b"/",
        b"/deep",
        b"/a%00",
    ],
)
def test_what_is_not_in_the_root_is_not_found(root, target):
    line, _, body = _exchange(root, b"GET " + target + b" HTTP/1.0\r\n\r\n")[0]
    assert line == b"HTTP/1.0 404 Not Found"
    assert b"out" not in body


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE"])
def test_nothing_but_get_and_head(root, method):
    request = method + b" /file HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    assert _exchange(root, request)[0][0] == b"HTTP/1.1 405 Method Not Allowed"


def test_bytes_that_are_no_request_harm_nobody(root, capfd):
    async def use(server: HttpServer) -> object:
        for nonsense in (
            b"GET /\xc3\xa9 HTTP/1.0\r\n\r\n",
            b"\xff" * 100 + b"\r\n\r\n",
            b"GET\r\n\r\n",
            b"",
            b"GET / HTTP/9.9\r\n\r\n",
        ):
            async with _connected(server) as (reader, writer):
                writer.write(nonsense)
                writer.write_eof()
                await reader.read()
        return None

    _serve(root, use)
    assert _exchange(root, b"GET /file HTTP/1.0\r\n\r\n")[0][2] == CONTENT
    assert capfd.readouterr() == ("", "")
    assert "Error handling request" in (root.parent / "http.log").read_text()


def test_the_log_has_what_the_client_said(root):
    _exchange(root, b"GET /file?a=%20 HTTP/1.1\r\nhost: Server:80\r\nUser-Agent: iPXE/1.0\r\n\r\n")
    line = json.loads((root.parent / "http.log").read_text())
    assert line == ["GET", "/file?a=%20", "HTTP/1.1", 200, [["host", "Server:80"], ["User-Agent", "iPXE/1.0"]]]


def test_a_full_disk_under_the_log_stops_nobody(root):
    (root.parent / "http.log").symlink_to("/dev/full")
    assert _exchange(root, b"GET /file HTTP/1.0\r\n\r\n")[0][2] == CONTENT


def test_a_client_that_leaves_midway_harms_nobody(root):
    (root / "big").write_bytes(bytes(20_000_000))

    async def use(server: HttpServer) -> object:
        async with _connected(server) as (reader, writer):
            writer.write(b"GET /big HTTP/1.0\r\n\r\n")
            await reader.read(1000)
            writer.transport.abort()
        async with _connected(server) as (reader, writer):
            writer.write(b"GET /file HTTP/1.0\r\n\r\n")
            return await reader.read()

    assert _serve(root, use).endswith(CONTENT)


def test_port_in_use(root):
    async def use(server: HttpServer) -> object:
        async with start_http(root, root.parent, addresses=(HOST,), port=server.places[0][1]):
            return None

    match = r"^the HTTP server cannot bind 127.0.0.1 port \d+: Address already in use$"
    with pytest.raises(ServiceError, match=match) as caught:
        _serve(root, use)
    assert "another server has it" in caught.value.remedy


def test_no_root(tmp_path):
    with pytest.raises(ServiceError, match=r"root is not a directory$"):
        _serve(tmp_path / "root", lambda _: asyncio.sleep(0))


def test_dies_midway(root):
    async def use(server: HttpServer) -> object:
        watching = asyncio.create_task(server.watch())
        await asyncio.sleep(0)
        server._servers[0].close()
        return await asyncio.wait_for(watching, 10)

    with pytest.raises(ServiceError, match=r"^the HTTP server died midway$"):
        _serve(root, use)


def test_nothing_is_left_even_of_an_open_connection(root):
    threads, descriptors = threading.active_count(), open_descriptors()
    with socket.socket() as client:
        client.setblocking(False)

        async def use(server: HttpServer) -> object:
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, (HOST, server.places[0][1]))
            await loop.sock_sendall(client, b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
            return await loop.sock_recv(client, 1000)

        assert _serve(root, use).startswith(b"HTTP/1.1 200 OK")
    assert threading.active_count() == threads
    assert open_descriptors() == descriptors
