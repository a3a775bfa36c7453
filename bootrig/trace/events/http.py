"""TCP connections, HTTP requests and responses."""

from bootrig.trace.events.base import Endpoints, Recorded, WireEvent


class Tcp(Endpoints, frozen=True, kw_only=True, tag="tcp"):
    """The first segment that was seen of a connection.

    Attributes:
        connection: its number in the capture, from 1.
        window: the window that it offers, bytes.
        tcp_options: the TCP options.
    """

    connection: Recorded[int]
    window: Recorded[int] = 0
    tcp_options: Recorded[str] = ""


class HttpRequest(WireEvent, frozen=True, kw_only=True, tag="http-request"):
    """An HTTP request.

    Attributes:
        method: `GET`, `HEAD`.
        target: as sent.
        version: `HTTP/1.1`.
        headers: names and values in their order, as sent.
        connection: the number of its TCP connection in the capture, from 1.
        window: the window that the connection's SYN offered, bytes.
        tcp_options: the TCP options of the SYN.
    """

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...] = ()
    connection: Recorded[int] = 0
    window: int | None = None
    tcp_options: str | None = None

    def find_header(self, name: str) -> str | None:
        """Return the first header of this name, which is in lower case."""
        return next((value for other, value in self.headers if other.lower() == name), None)


class HttpResponse(WireEvent, frozen=True, kw_only=True, tag="http-response"):
    """An HTTP response, at the frame that completed its head.

    Attributes:
        status: the status code.
        version: `HTTP/1.1`.
        method: of the request that it answers; None where that was not seen.
        headers: names and values in their order.
        connection: the number of its TCP connection in the capture.
        body_length: bytes of the body, without the framing of chunks.
        end_guest_s: when the last byte was sent.
        completed: whether the body is whole.
        repeated_frames: frames of the connection up to here that brought nothing new.
    """

    status: int
    version: Recorded[str] = "HTTP/1.1"
    method: Recorded[str | None] = None
    headers: Recorded[tuple[tuple[str, str], ...]] = ()
    connection: Recorded[int] = 0
    body_length: int = 0
    end_guest_s: float = 0.0
    completed: bool = True
    repeated_frames: tuple[int, ...] = ()
