"""A real HTTP server on the loopback for tests: with ranges, and wrong on purpose where a test says so."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Resource:
    """What the server has at one path.

    Attributes:
        content: the bytes.
        tag: the ETag; empty for none.
        ranges: whether Range is honoured.
        break_after: for each request in turn, after how many bytes of its body the connection is cut; None and
            requests beyond the list: not at all.
        statuses: for each request in turn, a status to answer with instead (0: as usual).
        announce: whether Content-Length is sent.
        wrong_range: what is sent as Content-Range instead of the truth.
        hold: set it to let a held answer go on: after the first bytes the server waits for it.
    """

    content: bytes
    tag: str = '"1"'
    ranges: bool = True
    break_after: list[int | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    announce: bool = True
    wrong_range: str = ""
    hold: threading.Event | None = None


class Server:
    """The server: its resources by path, and the requests it has seen."""

    def __init__(self) -> None:
        self.resources: dict[str, Resource] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.started_body = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                server.requests.append((self.path, dict(self.headers)))
                answer(self, server)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = False
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"


def answer(handler: BaseHTTPRequestHandler, server: Server) -> None:
    resource = server.resources.get(handler.path)
    handler.close_connection = True
    if resource is None:
        handler.send_error(404)
        return
    if resource.statuses and (status := resource.statuses.pop(0)):
        handler.send_error(status)
        return
    body, start = resource.content, 0
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    if asked and resource.ranges and handler.headers.get("If-Range", resource.tag) == resource.tag:
        start = int(asked[1])
        if start >= len(body):
            handler.send_error(416)
            return
        handler.send_response(206)
        shown = resource.wrong_range or f"bytes {start}-{len(body) - 1}/{len(body)}"
        handler.send_header("Content-Range", shown)
        body = body[start:]
    else:
        handler.send_response(200)
    if resource.announce:
        handler.send_header("Content-Length", str(len(body)))
    if resource.tag:
        handler.send_header("ETag", resource.tag)
    handler.send_header("Connection", "close")
    handler.end_headers()
    limit = resource.break_after.pop(0) if resource.break_after else None
    if resource.hold:
        handler.wfile.write(body[:10])
        handler.wfile.flush()
        server.started_body.set()
        resource.hold.wait(30)
        body = body[10:]
    try:
        handler.wfile.write(body if limit is None else body[:limit])
        handler.wfile.flush()
    except (BrokenPipeError, ConnectionResetError):
        pass


@contextmanager
def start_server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        for resource in server.resources.values():
            if resource.hold:
                resource.hold.set()
        server.http.shutdown()
        thread.join()
        server.http.server_close()
