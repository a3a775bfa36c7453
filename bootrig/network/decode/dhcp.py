"""DHCP messages.

Sources: RFC 2131 (messages), RFC 2132 (options), RFC 3396 (options in several pieces), https://ipxe.org/howto/dhcpd
(option 175).
"""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address

from dpkt import dhcp

from bootrig.network.decode.place import Ends
from bootrig.trace.events import IPXE_OPTIONS, Dhcp, DhcpOption, escape

MESSAGES: Mapping[int, str] = {
    1: "discover",
    2: "offer",
    3: "request",
    4: "decline",
    5: "ack",
    6: "nak",
    7: "release",
    8: "inform",
}
MESSAGE_TYPE, VENDOR_OPTIONS = 53, 43
ENCAPSULATING = (VENDOR_OPTIONS, IPXE_OPTIONS)


def iter_suboptions(content: bytes) -> Iterator[DhcpOption]:
    """Yield the options inside an option, up to the end or the first that is cut off."""
    offset = 0
    while offset < len(content) and content[offset] != 0xFF:
        if content[offset] == 0:
            offset += 1
            continue
        if offset + 1 >= len(content) or offset + 2 + content[offset + 1] > len(content):
            return
        length = content[offset + 1]
        yield DhcpOption(content[offset], content[offset + 2 : offset + 2 + length].hex())
        offset += 2 + length


def _iter_options(pieces: Sequence[tuple[int, bytes]]) -> Iterator[DhcpOption]:
    """Yield the options as sent; of one in several pieces the first has what is inside all of them."""
    whole: dict[int, bytes] = {}
    for code, content in pieces:
        whole[code] = whole.get(code, b"") + content
    for code, content in pieces:
        inside = whole.pop(code, b"") if code in ENCAPSULATING else b""
        yield DhcpOption(code, content.hex(), tuple(iter_suboptions(inside)))


def parse_dhcp(payload: bytes, ends: Ends) -> Dhcp:
    """Return a DHCP or BOOTP message; options are in wire order.

    Raises:
        Exception: it is malformed (dpkt raises what it likes).
    """
    message = dhcp.DHCP(payload)
    if message.magic != dhcp.DHCP_MAGIC:
        raise ValueError(f"magic cookie {message.magic:08x}")
    pieces = [(code, bytes(content)) for code, content in message.opts]
    types = [int.from_bytes(content, "big") for code, content in pieces if code == MESSAGE_TYPE]
    return Dhcp(
        **ends,
        message=MESSAGES.get(types[0], f"type {types[0]}") if types else "bootp",
        reply=message.op == dhcp.DHCP_OP_REPLY,
        xid=f"{message.xid:08x}",
        secs=message.secs,
        flags=message.flags,
        client_mac=message.chaddr.hex(":"),
        client_address=str(IPv4Address(message.ciaddr)),
        your_address=str(IPv4Address(message.yiaddr)),
        next_server=str(IPv4Address(message.siaddr)),
        relay=str(IPv4Address(message.giaddr)),
        server_name=escape(message.sname.split(b"\0")[0]),
        boot_file_name=escape(message.file.split(b"\0")[0]),
        options=tuple(_iter_options(pieces)),
    )
