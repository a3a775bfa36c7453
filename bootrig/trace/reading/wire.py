"""What a guest sent, read from the events of a trace."""

import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

from bootrig.trace.events import Dhcp, HttpRequest, TftpRequest, WireEvent
from bootrig.trace.reading.recall import recall
from bootrig.trace.trace import Trace

FileRequest = TftpRequest | HttpRequest
E = TypeVar("E", bound=WireEvent)

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_NONCE = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{16,}(?![0-9A-Za-z])")


def iter_guest(trace: Trace, kind: type[E]) -> Iterator[E]:
    """Yield the events of one kind that the guest sent."""
    wire: tuple[WireEvent, ...] = trace.wire
    return (event for event in wire if event.from_guest and isinstance(event, kind))


def find_file_request(trace: Trace) -> FileRequest | None:
    """Return the guest's first request for a file, by TFTP or HTTP."""
    return next((event for event in trace.wire if event.from_guest and isinstance(event, FileRequest)), None)


def iter_exchange(trace: Trace) -> Iterator[Dhcp]:
    """Yield the guest's DHCP messages up to its first request for a file: what is later belongs to other programs."""
    request = find_file_request(trace)
    return (event for event in iter_guest(trace, Dhcp) if request is None or event.guest_s <= request.guest_s)


@recall
def first_dhcp_messages(trace: Trace) -> dict[str, Dhcp]:
    """Return the guest's first DHCP message of each type."""
    first: dict[str, Dhcp] = {}
    for event in iter_guest(trace, Dhcp):
        first.setdefault(event.message, event)
    return first


def strip_varying(name: str) -> str:
    """Return a file name or URI without what changes from run to run: UUIDs and nonces."""
    return _NONCE.sub("<nonce>", _UUID.sub("<uuid>", name))


def map_names(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return names and values, as they were sent, by the names in lower case; of equal names the first.

    Neither TFTP options (RFC 2347) nor HTTP headers (RFC 9110, 5.1) tell upper case from lower.
    """
    mapping: dict[str, str] = {}
    for name, value in pairs:
        mapping.setdefault(name.lower(), value)
    return mapping
