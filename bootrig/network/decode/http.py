"""HTTP requests and responses in TCP connections.

Sources: RFC 9112 (HTTP/1.1, section 6: how long a body is), RFC 1945 (HTTP/1.0).
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from bootrig.network.decode.budget import REPEATED_WORK, Budget
from bootrig.network.decode.place import Place
from bootrig.network.decode.tcp import TcpStream
from bootrig.network.decode.unread import Unread
from bootrig.trace.events import HttpRequest, HttpResponse, escape

_REQUEST_LINE = re.compile(rb"([A-Z]+) (\S*) (HTTP/\d\.\d)")
_STATUS_LINE = re.compile(rb"(HTTP/\d\.\d) (\d{3})")
_HEAD_END, _LINE_END = b"\r\n\r\n", b"\r\n"
_HEAD_LIMIT = 65536
# of a line that says how long a chunk is
_CHUNK_HEAD_LIMIT = 4096
HEADS_GIVEN_UP = "HTTP heads that are too long"


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
    """A response whose body is coming: its event but for the end, and how much is left where it says so.

    Of a body in chunks `left` is of the chunk, with the end of its line; None before a chunk.
    """

    event: HttpResponse
    left: int | None
    chunked: bool
    body_length: int = 0
    is_last: bool = False


@dataclass(slots=True)
class HttpConnection:
    """One TCP connection that carries HTTP: takes both streams' bytes, yields events.

    Attributes:
        number: which of the capture's connections it is, from 1, to tell what was sent on the same one.
        window: the window that the client's SYN offered, bytes.
        tcp_options: the options of the client's SYN, hexadecimal digits.
        budget: what decoding its capture may cost.
        client: what the client says; both directions have the same list of repeated frames.
        server: what the server says.
    """

    number: int
    window: int
    tcp_options: str
    budget: Budget
    client: TcpStream
    server: TcpStream
    _requests: Unread = field(init=False)
    _responses: Unread = field(init=False)
    _skip: int = 0
    _methods: deque[str] = field(default_factory=deque)
    _open: _Response | None = None

    def __post_init__(self) -> None:
        self._requests, self._responses = Unread(self.budget), Unread(self.budget)

    def take_from_client(self, place: Place, content: bytes) -> Iterator[HttpRequest]:
        """Yield the requests that `content` completes."""
        self._requests.add(content)
        while True:
            self._skip -= self._requests.drop(self._skip)
            head = self._read_head(self._requests, self.client)
            if head is None:
                return
            matched = _REQUEST_LINE.match(head)
            if matched is None:
                self.client.give_up()
                return
            parsed = _parse_head(head)
            self._skip = parsed.length or 0
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
        self._responses.add(content)
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

    def _read_head(self, unread: Unread, stream: TcpStream, mark: bytes = _HEAD_END) -> bytes | None:
        """Return the next head, None where it has not come; one that is too long ends the reading of its stream."""
        head = unread.read_to(mark)
        if head is None and len(unread) > (_HEAD_LIMIT if mark == _HEAD_END else _CHUNK_HEAD_LIMIT):
            self.budget.give_up(HEADS_GIVEN_UP)
            unread.drop(len(unread))
            stream.give_up()
        self.budget.parse(head or b"")
        return head

    def _begin_response(self, place: Place) -> _Response | None:
        head = self._read_head(self._responses, self.server)
        if head is None:
            return None
        matched = _STATUS_LINE.match(head)
        if matched is None:
            self.server.give_up()
            return None
        parsed, status = _parse_head(head), int(matched[2])
        method = self._methods.popleft() if self._methods and status >= 200 else None
        chunked = (parsed.find("transfer-encoding") or "").lower() == "chunked"
        left = parsed.length
        if method == "HEAD" or status < 200 or status in {204, 304}:
            left, chunked = 0, False
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
        left = response.left
        taken = self._responses.drop(len(self._responses) if left is None else left)
        response.body_length += taken
        if left is None:
            return False
        response.left = left - taken
        return response.left == 0

    def _take_chunks(self, response: _Response) -> bool:
        while True:
            if response.left is None:
                size = self._read_head(self._responses, self.server, _LINE_END)
                if size is None:
                    return False
                matched = re.match(rb"[0-9A-Fa-f]{1,8}", size)
                length = int(matched[0], 16) if matched else 0
                response.left, response.is_last = length + len(_LINE_END), not length
            taken = self._responses.drop(response.left)
            response.body_length += max(0, min(taken, response.left - len(_LINE_END)))
            response.left -= taken
            if response.left:
                return False
            if response.is_last:
                return True
            response.left = None

    def _end_response(self, response: _Response, guest_s: float, *, completed: bool) -> Iterator[HttpResponse]:
        self._open = None
        self.budget.spend(REPEATED_WORK * len(self.client.repeated_frames))
        yield replace(
            response.event,
            body_length=response.body_length,
            end_guest_s=guest_s,
            completed=completed,
            repeated_frames=tuple(self.client.repeated_frames),
        )
