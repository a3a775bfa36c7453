"""What a switch reads, and whatever has no kind of its own."""

from bootrig.trace.events.base import Endpoints, Recorded, WireEvent


class Lacp(WireEvent, frozen=True, kw_only=True, tag="lacp"):
    """A frame of the link aggregation control protocol (IEEE 802.1AX): the states that both ends claim."""

    actor_state: Recorded[int] = 0
    partner_state: Recorded[int] = 0


class Eapol(WireEvent, frozen=True, kw_only=True, tag="eapol"):
    """A frame of port authentication (IEEE 802.1X): `packet` is its type, 1 for EAPOL-Start."""

    version: Recorded[int] = 0
    packet: Recorded[int] = 0


class Other(Endpoints, frozen=True, kw_only=True, tag="other"):
    """Whatever has no kind of its own, or could not be decoded.

    Attributes:
        ethertype: four hexadecimal digits, for frames of another protocol than IP and ARP.
        protocol: `udp`, `tcp`, `icmp`, `icmp6`, or the number of an IP protocol.
        type: of an ICMP message.
        code: of an ICMP message.
        length: bytes of payload or frame.
        reason: why it could not be decoded.
        hex: its first bytes, where it could not be decoded.
    """

    ethertype: str = ""
    protocol: str = ""
    type: int | None = None
    code: Recorded[int | None] = None
    length: Recorded[int] = 0
    reason: str = ""
    hex: Recorded[str] = ""
