"""What a guest sent, read from the wire events of a trace.

The decoder writes the facts, and traces may be older than this version or made by hand: whatever is missing reads as
absent, never as an error.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bootrig.trace.trace import Trace, WireEvent

ENCAPSULATED_OPTION = 175
PAD_CODE, END_CODE = 0, 255
UUID_PATTERN = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
NONCE_PATTERN = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{16,}(?![0-9A-Za-z])")
FILE_REQUEST_KINDS = ("tftp-request", "http-request")


@dataclass(frozen=True, slots=True)
class DhcpMessage:
    """One DHCP message.

    Attributes:
        message: its type in capitals: `DISCOVER`.
        guest_s: the guest's clock.
        from_guest: whether the guest sent it.
        options: option code to its bytes in hex, in the order of the message.
        values: option code to what the decoder made of it.
        facts: all that was decoded.
    """

    message: str
    guest_s: float
    from_guest: bool
    options: Mapping[int, str]
    values: Mapping[int, Any]
    facts: Mapping[str, Any]

    @property
    def suboptions(self) -> Mapping[int, str]:
        """The options inside option 175, code to bytes in hex."""
        return parse_suboptions(self.options.get(ENCAPSULATED_OPTION, ""))

    def text(self, code: int, fact: str) -> str | None:
        """Return an option as text: the fact of that name, else what the option's bytes spell."""
        known = self.facts.get(fact)
        if isinstance(known, str):
            return known
        content = self.options.get(code)
        if content is None:
            return None
        decoded = bytes.fromhex(content)
        return decoded.decode("ascii") if decoded.isascii() and decoded.decode("ascii").isprintable() else content


class _Identity:
    """A trace as a key: traces hold mappings and have no hash, but the very same one stays the same."""

    __slots__ = ("trace",)

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self.trace is other.trace

    def __hash__(self) -> int:
        return id(self.trace)


@lru_cache(maxsize=4)
def _all_dhcp(identity: _Identity) -> tuple[DhcpMessage, ...]:
    return tuple(_parse_dhcp(event) for event in identity.trace.wire if event.kind == "dhcp")


def all_dhcp(trace: Trace) -> tuple[DhcpMessage, ...]:
    """Return the DHCP messages of both sides, in the order of the capture."""
    return _all_dhcp(_Identity(trace))


def guest_dhcp(trace: Trace) -> tuple[DhcpMessage, ...]:
    """Return the DHCP messages that the guest sent."""
    return tuple(message for message in all_dhcp(trace) if message.from_guest)


def first_of_type(trace: Trace) -> dict[str, DhcpMessage]:
    """Return the guest's first message of each type."""
    first: dict[str, DhcpMessage] = {}
    for message in guest_dhcp(trace):
        first.setdefault(message.message, message)
    return first


def _parse_dhcp(event: WireEvent) -> DhcpMessage:
    options: dict[int, str] = {}
    values: dict[int, Any] = {}
    for option in event.facts.get("options") or ():
        code = int(option.get("code", PAD_CODE))
        if code not in (PAD_CODE, END_CODE):  # a long option comes in several pieces (RFC 3396)
            options[code] = options.get(code, "") + str(option.get("hex") or "")
            values.setdefault(code, option.get("value"))
    name = str(event.facts.get("message") or "unknown").upper().removeprefix("DHCP")
    return DhcpMessage(name, event.guest_s, event.from_guest, options, values, event.facts)


def parse_suboptions(content: str) -> dict[int, str]:
    """Return the suboptions in the hex string `content`: code, length, bytes each; what is cut off is left out."""
    octets = bytes.fromhex(content)
    suboptions: dict[int, str] = {}
    offset = 0
    while offset + 2 <= len(octets) and octets[offset] != END_CODE:
        length = octets[offset + 1]
        if octets[offset] == PAD_CODE:
            offset += 1
            continue
        suboptions[octets[offset]] = octets[offset + 2 : offset + 2 + length].hex()
        offset += 2 + length
    return suboptions


def normal_name(name: object) -> str:
    """Return a file name or URI without what changes from run to run: UUIDs and nonces."""
    return NONCE_PATTERN.sub("<nonce>", UUID_PATTERN.sub("<uuid>", str(name)))


def guest_events(trace: Trace, kind: str) -> tuple[WireEvent, ...]:
    """Return the events of one kind that the guest sent."""
    return tuple(event for event in trace.wire if event.kind == kind and event.from_guest)


def first_file_request_s(trace: Trace) -> float | None:
    """Return when the guest first asked for a file, by TFTP or HTTP."""
    return next((event.guest_s for event in trace.wire if event.kind in FILE_REQUEST_KINDS and event.from_guest), None)


def name_values(event: WireEvent, fact: str) -> dict[str, str]:
    """Return an ordered list of `[name, value]` as a mapping with names in lower case; of equal names the first."""
    mapping: dict[str, str] = {}
    for pair in event.facts.get(fact) or ():
        mapping.setdefault(str(pair[0]).lower(), str(pair[1]))
    return mapping
