"""One decoded thing on the wire, and how bytes become JSON values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a fact is about."""

    DHCP = "dhcp"
    DHCP6 = "dhcp6"
    TFTP_REQUEST = "tftp-request"
    TFTP_OPTIONS = "tftp-options"
    TFTP_TRANSFER = "tftp-transfer"
    TFTP_ERROR = "tftp-error"
    HTTP_REQUEST = "http-request"
    HTTP_RESPONSE = "http-response"
    DNS = "dns"
    ARP = "arp"
    ROUTER_SOLICITATION = "router-solicitation"
    ROUTER_ADVERTISEMENT = "router-advertisement"
    NEIGHBOUR_SOLICITATION = "neighbour-solicitation"
    NEIGHBOUR_ADVERTISEMENT = "neighbour-advertisement"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class WireFact:
    """One decoded thing on the wire.

    Attributes:
        kind: a value of `Kind`.
        guest_s: the guest's clock, seconds since power-on.
        from_guest: whether the guest sent it.
        facts: what was decoded, JSON values by name.
    """

    kind: str
    guest_s: float
    from_guest: bool
    facts: Mapping[str, Any]


def text_of(content: bytes) -> str:
    """Return bytes as text: what is not printable ASCII is escaped, so that nothing is lost and JSON can hold it."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F and byte != 0x5C else f"\\x{byte:02x}" for byte in content)


def mac_of(content: bytes) -> str:
    """Return a hardware address as QEMU writes it."""
    return content.hex(":")
