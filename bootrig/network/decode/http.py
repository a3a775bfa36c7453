"""HTTP requests and responses in TCP connections.

Sources: RFC 9112 (HTTP/1.1, section 6: how long a body is), RFC 1945 (HTTP/1.0).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bootrig.network.decode.fact import Kind, WireFact, text_of
from bootrig.network.decode.tcp import TcpStream

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
    return _Head(line, tuple((text_of(name), text_of(value.strip())) for name, _, value in pairs))


@dataclass(slots=True)
class _Response:
    """A response whose body is coming."""

    facts: dict[str, Any]
    guest_s: float
    left: int | None
    chunked: bool
    body_length: int = 0


@dataclass(slots=True)
class HttpConnection:
    """One TCP connection that carries HTTP: takes both streams' bytes, yields facts.

    Attributes:
        number: which of the capture's connections it is, from 1, to tell what was sent on the same one.
        syn: what the client's SYN said (window, options).
    """

    number: int
    syn: dict[str, Any]
    client: TcpStream = field(default_factory=TcpStream)
    server: TcpStream = field(default_factory=TcpStream)
    _requests: bytes = b""
    _responses: bytes = b""
    _skip: int = 0
    _methods: list[str] = field(default_factory=list)
    _open: _Response | None = None

    def take_from_client(self, guest_s: float, content: bytes) -> Iterator[WireFact]:
        """Yield the requests that `content` completes."""
        self._requests += content
        while True:
            skipped = min(self._skip, len(self._requests))
            self._requests, self._skip = self._requests[skipped:], self._skip - skipped
            head, end, rest = self._requests.partition(b"\r\n\r\n")
            matched = _REQUEST_LINE.match(head)
            if not end or matched is None:
                self._requests = self._requests[-_HEAD_LIMIT:]
                return
            parsed = _parse_head(head)
            self._requests, self._skip = rest, parsed.length or 0
            self._methods.append(text_of(matched[1]))
            yield WireFact(
                Kind.HTTP_REQUEST,
                guest_s,
                True,
                {
                    "method": text_of(matched[1]),
                    "target": text_of(matched[2]),
                    "version": text_of(matched[3]),
                    "headers": [list(pair) for pair in parsed.headers],
                    "user_agent": parsed.find("user-agent"),
                    "host": parsed.find("host"),
                    "connection": self.number,
                    **self.syn,
                },
            )

    def take_from_server(self, guest_s: float, content: bytes) -> Iterator[WireFact]:
        """Yield the responses that `content` completes."""
        self._responses += content
        while self._responses or (self._open and self._open.left == 0):
            if self._open is None and not self._begin_response(guest_s):
                return
            if self._open is not None and not self._take_body():
                return
            yield from self._end_response(guest_s, completed=True)

    def conclude(self, guest_s: float, *, ended: bool) -> Iterator[WireFact]:
        """Yield what was still open when the server's stream ended (`ended`) or the capture did."""
        yield from self._end_response(guest_s, completed=ended and self._open is not None and self._open.left is None)

    def _begin_response(self, guest_s: float) -> bool:
        head, end, rest = self._responses.partition(b"\r\n\r\n")
        matched = _STATUS_LINE.match(head)
        if not end or matched is None:
            self._responses = self._responses[-_HEAD_LIMIT:]
            return False
        parsed, status = _parse_head(head), int(matched[2])
        method = self._methods.pop(0) if self._methods and status >= 200 else None
        chunked = (parsed.find("transfer-encoding") or "").lower() == "chunked"
        left = parsed.length
        if method == "HEAD" or status < 200 or status in {204, 304}:
            left, chunked = 0, False
        self._responses = rest
        self._open = _Response(
            {
                "status": status,
                "version": text_of(matched[1]),
                "method": method,
                "headers": [list(pair) for pair in parsed.headers],
                "connection": self.number,
            },
            guest_s,
            None if chunked else left,
            chunked,
        )
        return True

    def _take_body(self) -> bool:
        """Take what belongs to the open response's body; return whether it is complete."""
        response = self._open
        if response is None:
            return False
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

    def _end_response(self, guest_s: float, *, completed: bool) -> Iterator[WireFact]:
        response, self._open = self._open, None
        if response is not None:
            yield WireFact(
                Kind.HTTP_RESPONSE,
                response.guest_s,
                False,
                {
                    **response.facts,
                    "body_length": response.body_length,
                    "end_guest_s": guest_s,
                    "completed": completed,
                    "retransmissions": self.client.retransmissions + self.server.retransmissions,
                },
            )
