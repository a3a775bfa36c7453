"""DHCP messages.

Sources: RFC 2131 (messages), RFC 2132 (options), RFC 3396 (options in several pieces), https://ipxe.org/howto/dhcpd
(option 175).
"""

from collections.abc import Iterator, Mapping, Sequence
from struct import Struct as Layout

from bootrig.network.decode.headers import name_address, require_length
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
_REPLY, _MAGIC = 2, bytes.fromhex("63825363")
_PAD, _END = 0, 0xFF
_HEADER = Layout(">BxBxIHH4s4s4s4s16s64s128s4s")


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


def _iter_pieces(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield code and content of the options of a message, up to their end.

    Raises:
        ValueError: an option is cut off.
    """
    offset = 0
    while offset < len(content) and content[offset] != _END:
        if content[offset] == _PAD:
            offset += 1
            continue
        end = offset + 2 + (content[offset + 1] if offset + 1 < len(content) else 0)
        if end > len(content):
            raise ValueError(f"option {content[offset]} is cut off")
        yield content[offset], content[offset + 2 : end]
        offset = end


def _iter_options(pieces: Sequence[tuple[int, bytes]]) -> Iterator[DhcpOption]:
    """Yield the options as sent; of one in several pieces the first has what is inside all of them."""
    whole: dict[int, list[bytes]] = {}
    for code, content in pieces:
        whole.setdefault(code, []).append(content)
    for code, content in pieces:
        inside = b"".join(whole.pop(code, ())) if code in ENCAPSULATING else b""
        yield DhcpOption(code, content.hex(), tuple(iter_suboptions(inside)))


def parse_dhcp(payload: bytes, ends: Ends) -> Dhcp:
    """Return a DHCP or BOOTP message; options are in wire order.

    Raises:
        ValueError: it is malformed.
    """
    require_length(payload, _HEADER.size)
    op, hardware_length, xid, secs, flags, *addresses, hardware, server_name, file, magic = _HEADER.unpack_from(payload)
    if magic != _MAGIC:
        raise ValueError(f"magic cookie {magic.hex()}")
    client, your, next_server, relay = map(name_address, addresses)
    pieces = list(_iter_pieces(payload[_HEADER.size :]))
    kind = next((int.from_bytes(content, "big") for code, content in pieces if code == MESSAGE_TYPE), None)
    return Dhcp(
        **ends,
        message="bootp" if kind is None else MESSAGES.get(kind, f"type {kind}"),
        reply=op == _REPLY,
        xid=f"{xid:08x}",
        secs=secs,
        flags=flags,
        client_mac=hardware[:hardware_length].hex(":"),
        client_address=client,
        your_address=your,
        next_server=next_server,
        relay=relay,
        server_name=escape(server_name.split(b"\0")[0]),
        boot_file_name=escape(file.split(b"\0")[0]),
        options=tuple(_iter_options(pieces)),
    )
