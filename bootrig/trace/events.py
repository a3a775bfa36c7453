r"""What was on the wire: one frozen type for each kind of thing that a capture shows.

`WireEvent` is what all kinds have in common; in JSON the field `kind` says which one an event is. Network addresses
are text as people write it, bytes are hexadecimal digits, text from the wire is printable ASCII with everything else
escaped as `\xNN`.

A field of the type `Varying[...]` differs from boot to boot of the same guest (random identifiers, ports). A field of
the type `Recorded[...]` has no reader yet: it is kept for rules to come.
"""

from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct

T = TypeVar("T")
Varying = Annotated[T, Meta(extra={"varies": True})]
Recorded = Annotated[T, Meta(extra={"recorded": True})]
Hexadecimal = Annotated[str, Meta(pattern=r"^([0-9a-f]{2})*\Z")]


class WireEvent(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """One decoded thing on the wire.

    Attributes:
        guest_s: the guest's clock, seconds since power-on.
        from_guest: whether the guest sent it.
        frame: number of its (first) frame in the capture, from 1; 0 where no capture has it.
        interface: the guest's NIC: `nic0`.
        ethernet_source: the frame's sender by its Ethernet header; empty in traces that do not say.
    """

    guest_s: float
    from_guest: bool
    frame: int = 0
    interface: str = "nic0"
    ethernet_source: str = ""


class Routed(WireEvent, frozen=True, kw_only=True):
    """An event that has a sender and a receiver: their addresses."""

    source: Recorded[str] = ""
    destination: Recorded[str] = ""


class Endpoints(Routed, frozen=True, kw_only=True):
    """An event that has ports as well: those of UDP or TCP, 0 for none."""

    source_port: Varying[int] = 0
    destination_port: int = 0


_AS_TEXT = [chr(byte) if 0x20 <= byte < 0x7F and byte != 0x5C else f"\\x{byte:02x}" for byte in range(256)]


def escape(content: bytes) -> str:
    """Return bytes as text: what is not printable ASCII is escaped, so that nothing is lost and JSON can hold it."""
    return content.decode("latin-1").translate(_AS_TEXT)


IPXE_OPTIONS = 175


class DhcpOption(Struct, frozen=True):
    """An option of a DHCP message: its number, its content, the options inside it where those are known (43, 175)."""

    code: int
    hex: Hexadecimal
    suboptions: "tuple[DhcpOption, ...]" = ()


class Dhcp(Endpoints, frozen=True, kw_only=True, tag="dhcp"):
    """A DHCP message (RFC 2131), or one of BOOTP.

    `message` is `discover`, `offer`, `request`, `decline`, `ack`, `nak`, `release`, `inform`, `bootp`, `type N`;
    `reply` whether a server sent it, by its op field; `xid` 8 hexadecimal digits; `flags` 0x8000 for broadcast answers.
    The others are the fields chaddr, ciaddr, yiaddr, siaddr, giaddr, sname and file, and the options in their order.
    """

    message: str
    reply: bool
    xid: Varying[str]
    secs: int = 0
    flags: int = 0
    client_mac: str = ""
    client_address: Recorded[str] = "0.0.0.0"  # noqa: S104 - an address in a message, not one to bind
    your_address: Recorded[str] = "0.0.0.0"  # noqa: S104
    next_server: Recorded[str] = "0.0.0.0"  # noqa: S104
    relay: Recorded[str] = "0.0.0.0"  # noqa: S104
    server_name: Recorded[str] = ""
    boot_file_name: str = ""
    options: tuple[DhcpOption, ...] = ()

    def find_option(self, code: int) -> DhcpOption | None:
        """Return the first option with this code; of one in several pieces it has the suboptions of all."""
        return next((option for option in self.options if option.code == code), None)

    def find_hex(self, code: int) -> str | None:
        """Return the content of the option with this code in hexadecimal digits, its pieces joined (RFC 3396)."""
        pieces = [option.hex for option in self.options if option.code == code]
        return "".join(pieces) if pieces else None

    def find_text(self, code: int) -> str | None:
        """Return the content of the option with this code as text."""
        content = self.find_hex(code)
        return None if content is None else escape(bytes.fromhex(content))


class Dhcp6Option(Struct, frozen=True):
    """An option of a DHCPv6 message: its number, its content."""

    code: int
    hex: Hexadecimal


class Dhcp6(Endpoints, frozen=True, kw_only=True, tag="dhcp6"):
    """A DHCPv6 message (RFC 8415): `solicit`, `advertise`, ..., its transaction id, its options in their order."""

    message: Recorded[str]
    xid: Varying[str]
    options: Recorded[tuple[Dhcp6Option, ...]] = ()


class TftpRequest(WireEvent, frozen=True, kw_only=True, tag="tftp-request"):
    """A request for a file (RFC 1350), its mode and options (RFC 2347) as sent; `server` is the address asked.

    It is `repeated` where it is the same question again, before anything of the file was acknowledged.
    """

    operation: Recorded[Literal["read", "write"]]
    file: str
    mode: str
    options: tuple[tuple[str, str], ...] = ()
    client_port: Varying[int] = 0
    server: Recorded[str] = ""
    repeated: bool = False


class TftpOptions(WireEvent, frozen=True, kw_only=True, tag="tftp-options"):
    """A server's acknowledgement of options (OACK): names and values; `repeated` where it was sent before."""

    file: Recorded[str]
    options: Recorded[tuple[tuple[str, str], ...]] = ()
    client_port: Varying[int] = 0
    repeated: bool = False


class TftpTransfer(WireEvent, frozen=True, kw_only=True, tag="tftp-transfer"):
    """The blocks of one file, from the first to the last.

    Attributes:
        block_length: bytes of a whole block.
        blocks: how many came, each once.
        bytes: how many bytes they hold.
        acks: how many acknowledgements were sent.
        end_guest_s: when the last block or its acknowledgement was sent.
        share_guest_s: the guest's share: how long it took from new blocks to their acknowledgements, all in all.
        completed: whether the last, short block was acknowledged.
        repeated_frames: frames that brought nothing new: blocks and acknowledgements sent again.
    """

    file: str
    client_port: Varying[int] = 0
    block_length: Recorded[int] = 512
    blocks: int = 0
    bytes: int = 0
    acks: Recorded[int] = 0
    end_guest_s: float = 0.0
    share_guest_s: float = 0.0
    completed: bool = False
    repeated_frames: tuple[int, ...] = ()


class TftpError(WireEvent, frozen=True, kw_only=True, tag="tftp-error"):
    """An error packet: number and text; `file` is None outside of a transfer."""

    code: int
    text: str
    file: Recorded[str | None] = None
    client_port: Varying[int] = 0


class Tcp(Endpoints, frozen=True, kw_only=True, tag="tcp"):
    """The first segment seen of a connection: its number in the capture, from 1, its window in bytes, its options."""

    connection: int
    window: Recorded[int] = 0
    tcp_options: Recorded[Hexadecimal] = ""


class HttpRequest(WireEvent, frozen=True, kw_only=True, tag="http-request"):
    """An HTTP request with its headers in their order, all as sent.

    `connection` is the number of its TCP connection in the capture, from 1; `window` (bytes) and `tcp_options` are
    those of the connection's SYN.
    """

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...] = ()
    connection: int = 0
    window: int | None = None
    tcp_options: Hexadecimal | None = None

    def find_header(self, name: str) -> str | None:
        """Return the first header of this name, which is in lower case."""
        return next((value for other, value in self.headers if other.lower() == name), None)


class HttpResponse(WireEvent, frozen=True, kw_only=True, tag="http-response"):
    """An HTTP response, at the frame that completed its head.

    Attributes:
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
    connection: int = 0
    body_length: int = 0
    end_guest_s: float = 0.0
    completed: bool = True
    repeated_frames: tuple[int, ...] = ()


class DnsQuestion(Struct, frozen=True):
    """A question: the name, the number of the type."""

    name: str
    type: int


class DnsAnswer(Struct, frozen=True):
    """An answer: the name, the number of the type, the first bytes of its data."""

    name: str
    type: int
    hex: str


class Dns(Endpoints, frozen=True, kw_only=True, tag="dns"):
    """A DNS message (RFC 1035)."""

    id: Varying[int]
    reply: bool
    rcode: int = 0
    questions: tuple[DnsQuestion, ...] = ()
    answers: Recorded[tuple[DnsAnswer, ...]] = ()


class Arp(WireEvent, frozen=True, kw_only=True, tag="arp"):
    """An ARP message (RFC 826); `operation` is `request`, `reply` or `operation N`.

    `length` is the frame's in bytes, 0 in traces that do not say.
    """

    operation: str
    sender_mac: str
    sender: str
    target_mac: str
    target: str
    length: int = 0


class RouterSolicitation(Routed, frozen=True, kw_only=True, tag="router-solicitation"):
    """A guest asks for routers (RFC 4861, section 4.1)."""

    source_mac: Recorded[str] = ""


class RouterAdvertisement(Routed, frozen=True, kw_only=True, tag="router-advertisement"):
    """A router tells of itself (RFC 4861, section 4.2): the flags M and O, how long it serves, its prefixes."""

    source_mac: Recorded[str] = ""
    managed: Recorded[bool] = False
    other: Recorded[bool] = False
    lifetime_s: Recorded[int] = 0
    prefixes: Recorded[tuple[str, ...]] = ()


class NeighbourSolicitation(Routed, frozen=True, kw_only=True, tag="neighbour-solicitation"):
    """A guest asks for the hardware address of `target` (RFC 4861, section 4.3)."""

    source_mac: Recorded[str] = ""
    target: Recorded[str] = ""


class NeighbourAdvertisement(Routed, frozen=True, kw_only=True, tag="neighbour-advertisement"):
    """The answer to such a question (RFC 4861, section 4.4)."""

    source_mac: Recorded[str] = ""
    target: Recorded[str] = ""


class Lacp(WireEvent, frozen=True, kw_only=True, tag="lacp"):
    """A frame of the link aggregation control protocol (IEEE 802.1AX): the states that both ends claim."""

    actor_state: Recorded[int] = 0
    partner_state: Recorded[int] = 0


class Eapol(WireEvent, frozen=True, kw_only=True, tag="eapol"):
    """A frame of port authentication (IEEE 802.1X): `packet` is its type, 1 for EAPOL-Start."""

    version: Recorded[int] = 0
    packet: Recorded[int] = 0


class Other(Endpoints, frozen=True, kw_only=True, tag="other"):
    """Whatever has no kind of its own, or could not be decoded: `reason` says why, `hex` its first bytes.

    `ethertype` is four hexadecimal digits, for frames of another protocol than IP and ARP; `protocol` is `udp`, `tcp`,
    `icmp`, `icmp6`, or the number of an IP protocol; `type` and `code` are those of an ICMP message; `length` is bytes
    of payload or frame.
    """

    ethertype: str = ""
    protocol: str = ""
    type: int | None = None
    code: Recorded[int | None] = None
    length: Recorded[int] = 0
    reason: str = ""
    hex: Recorded[str] = ""


Event = (
    Dhcp
    | Dhcp6
    | TftpRequest
    | TftpOptions
    | TftpTransfer
    | TftpError
    | Tcp
    | HttpRequest
    | HttpResponse
    | Dns
    | Arp
    | RouterSolicitation
    | RouterAdvertisement
    | NeighbourSolicitation
    | NeighbourAdvertisement
    | Lacp
    | Eapol
    | Other
)
