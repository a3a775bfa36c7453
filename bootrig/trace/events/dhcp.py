"""DHCP and DHCPv6 messages."""

from msgspec import Struct

from bootrig.trace.events.base import Endpoints, Recorded, Varying, escape

IPXE_OPTIONS = 175


class DhcpOption(Struct, frozen=True):
    """An option of a DHCP message.

    Attributes:
        code: its number.
        hex: its content.
        suboptions: the options inside it, for those that are known to encapsulate (43, 175).
    """

    code: int
    hex: str
    suboptions: "tuple[DhcpOption, ...]" = ()


class Dhcp(Endpoints, frozen=True, kw_only=True, tag="dhcp"):
    """A DHCP message (RFC 2131), or one of BOOTP.

    Attributes:
        message: `discover`, `offer`, `request`, `decline`, `ack`, `nak`, `release`, `inform`, `bootp`, `type N`.
        reply: whether a server sent it, by its op field.
        xid: transaction id, 8 hexadecimal digits.
        secs: the field secs.
        flags: the field flags, 0x8000 for broadcast answers.
        client_mac: the field chaddr.
        client_address: the field ciaddr.
        your_address: the field yiaddr.
        next_server: the field siaddr.
        relay: the field giaddr.
        server_name: the field sname.
        boot_file_name: the field file.
        options: in the order of the message.
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
    boot_file_name: Recorded[str] = ""
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
    hex: str


class Dhcp6(Endpoints, frozen=True, kw_only=True, tag="dhcp6"):
    """A DHCPv6 message (RFC 8415): `solicit`, `advertise`, ..., its transaction id, its options in their order."""

    message: Recorded[str]
    xid: Varying[str]
    options: Recorded[tuple[Dhcp6Option, ...]] = ()
