"""HTTP requests and responses in TCP connections.

Sources: RFC 9112 (HTTP/1.1, section 6: how long a body is), RFC 1945 (HTTP/1.0).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from bootrig.network.decode.place import Place
from bootrig.network.decode.tcp import TcpStream
from bootrig.trace.events import HttpRequest, HttpResponse, escape

_REQUEST_LINE = re.compile(rb"([A-Z]+) (\S*) (HTTP/\d\.\d)")
_STATUS_LINE = re.compile(rb"(HTTP/\d\.\d) (\d{3})")
_HEAD_LIMIT = 65536


def looks_like_http(content: bytes) -> bool:
    """Whether what a client says first is, or may become, an HTTP request."""
    line = content.split(b"\r\n")[0]
    return bool(_REQUEST_LINE.fullmatch(line) or (b"\r\n" not in content and re.match(rb"[A-Z]{1,10}( |$)", content)))


@dataclass(frozen=True, slots=True)
class _Head:
    line: bytes
    headers: tuple[tuple[str, str], ...]

    def find(self, name: str) -> str | None:
        return next((value for other, value in self.headers if other.lower() == name), None)

    @property
    def length(self) -> int | None:
        value = self.find("content-length") or ""
        return int(value) if re.fullmatch(r"[0-9]{1,15}", value) else None


def _parse_head(content: bytes) -> _Head:
    line, *rest = content.split(b"\r\n")
    pairs = (header.partition(b":") for header in rest if header)
    return _Head(line, tuple((escape(name), escape(value.strip())) for name, _, value in pairs))


@dataclass(slots=True)
class _Response:
    """A response whose body is coming: its event but for the end, and how much is left where it says so."""

    event: HttpResponse
    left: int | None
    chunked: bool
    body_length: int = 0


@dataclass(slots=True)
class HttpConnection:
    """One TCP connection that carries HTTP: takes both streams' bytes, yields events.

    Attributes:
        number: which of the capture's connections it is, from 1, to tell what was sent on the same one.
        window: the window that the client's SYN offered, bytes.
        tcp_options: the options of the client's SYN, hexadecimal digits.
    """

    number: int
    window: int
    tcp_options: str
    client: TcpStream = field(default_factory=TcpStream)
    server: TcpStream = field(default_factory=TcpStream)
    _requests: bytes = b""
    _responses: bytes = b""
    _skip: int = 0
    _methods: list[str] = field(default_factory=list)
    _open: _Response | None = None

    def take_from_client(self, place: Place, content: bytes) -> Iterator[HttpRequest]:
        """Yield the requests that `content` completes."""
        self._requests += content
        while True:
            skipped = min(self._skip, len(self._requests))
            self._requests, self._skip = self._requests[skipped:], self._skip - skipped
            head, end, rest = self._requests.partition(b"\r\n\r\n")
            matched = _REQUEST_LINE.match(head)
            if not end or matched is None:
                if len(self._requests) > _HEAD_LIMIT:
                    self._requests = b""
                return
            parsed = _parse_head(head)
            self._requests, self._skip = rest, parsed.length or 0
            self._methods.append(escape(matched[1]))
            yield HttpRequest(
                **place,
                method=self._methods[-1],
                target=escape(matched[2]),
                version=escape(matched[3]),
                headers=parsed.headers,
                connection=self.number,
                window=self.window,
                tcp_options=self.tcp_options,
            )

    def take_from_server(self, place: Place, content: bytes) -> Iterator[HttpResponse]:
        """Yield the responses that `content` completes."""
        self._responses += content
        while True:
            self._open = self._open or self._begin_response(place)
            if self._open is None or not self._take_body(self._open):
                return
            yield from self._end_response(self._open, place["guest_s"], completed=True)

    def conclude(self, guest_s: float, *, ended: bool) -> Iterator[HttpResponse]:
        """Yield what was still open when the server's stream ended (`ended`) or the capture did."""
        if self._open is not None:
            whole = ended and self._open.left is None and not self._open.chunked
            yield from self._end_response(self._open, guest_s, completed=whole)

    def _begin_response(self, place: Place) -> _Response | None:
        head, end, rest = self._responses.partition(b"\r\n\r\n")
        matched = _STATUS_LINE.match(head)
        if not end or matched is None:
            if len(self._responses) > _HEAD_LIMIT:
                self._responses = b""
            return None
        parsed, status = _parse_head(head), int(matched[2])
        method = self._methods.pop(0) if self._methods and status >= 200 else None
        chunked = (parsed.find("transfer-encoding") or "").lower() == "chunked"
        left = parsed.length
        if method == "HEAD" or status < 200 or status in {204, 304}:
            left, chunked = 0, False
        self._responses = rest
        event = HttpResponse(
            **place,
            status=status,
            version=escape(matched[1]),
            method=method,
            headers=parsed.headers,
            connection=self.number,
        )
        return _Response(event, None if chunked else left, chunked)

    def _take_body(self, response: _Response) -> bool:
        """Take what belongs to the open response's body; return whether it is complete."""
        if response.chunked:
            return self._take_chunks(response)
        taken = len(self._responses) if response.left is None else min(response.left, len(self._responses))
        self._responses = self._responses[taken:]
        response.body_length += taken
        if response.left is None:
            return False
        response.left -= taken
        return response.left == 0

    def _take_chunks(self, response: _Response) -> bool:
        while True:
            size, end, rest = self._responses.partition(b"\r\n")
            if not end:
                return False
            matched = re.match(rb"[0-9A-Fa-f]{1,8}", size)
            length = int(matched[0], 16) if matched else 0
            if len(rest) < length + 2:
                return False
            self._responses = rest[length + 2 :]
            response.body_length += length
            if length == 0:
                return True

    def _end_response(self, response: _Response, guest_s: float, *, completed: bool) -> Iterator[HttpResponse]:
        self._open = None
        yield replace(
            response.event,
            body_length=response.body_length,
            end_guest_s=guest_s,
            completed=completed,
            repeated_frames=tuple(sorted(self.client.repeated_frames + self.server.repeated_frames)),
        )
