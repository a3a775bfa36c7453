"""DHCP messages.

Sources: RFC 2131 (messages), RFC 2132 (options), RFC 3004 (user class, which PXE ROMs send raw), RFC 4578 (options 93,
94, 97), https://ipxe.org/howto/dhcpd (option 175).
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any
from uuid import UUID

from dpkt import dhcp

from bootrig.network.decode.fact import mac_of, text_of

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
ENCAPSULATING = (43, 175)

_ADDRESSES = frozenset({1, 3, 4, 5, 6, 28, 42, 44, 50, 54})
_TEXTS = frozenset({12, 14, 15, 17, 18, 40, 56, 60, 62, 64, 66, 67, 77})
_NUMBERS = frozenset({2, 19, 23, 26, 51, 52, 53, 57, 58, 59})


def iter_options(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield code and content of encapsulated options, up to the end or the first that is cut off."""
    offset = 0
    while offset < len(content) and content[offset] != 0xFF:
        if content[offset] == 0:
            offset += 1
            continue
        if offset + 1 >= len(content) or offset + 2 + content[offset + 1] > len(content):
            return
        length = content[offset + 1]
        yield content[offset], content[offset + 2 : offset + 2 + length]
        offset += 2 + length


def _addresses(content: bytes) -> list[str]:
    return [str(IPv4Address(content[at : at + 4])) for at in range(0, len(content) - 3, 4)]


def _uuid(content: bytes) -> str | None:
    return str(UUID(bytes=content[1:17])) if len(content) == 17 else None


def _interface(content: bytes) -> str:
    return ".".join(str(byte) for byte in content)


def _value(code: int, content: bytes) -> Any:
    """Return what an option says; None where only its hexadecimal form tells."""
    if code in _ADDRESSES:
        return _addresses(content)
    if code in _TEXTS:
        return text_of(content)
    if code in _NUMBERS:
        return int.from_bytes(content, "big")
    if code == 55:
        return list(content)
    if code == 93:
        return [int.from_bytes(content[at : at + 2], "big") for at in range(0, len(content) - 1, 2)]
    return {94: _interface, 97: _uuid}.get(code, lambda _: None)(content)


# name of the fact, option, how it is read
_NAMED: tuple[tuple[str, int, Callable[[bytes], Any]], ...] = (
    ("vendor_class", 60, text_of),
    ("user_class", 77, text_of),
    ("parameter_request_list", 55, list),
    ("client_ndi", 94, _interface),
    ("uuid", 97, _uuid),
    ("client_identifier", 61, bytes.hex),
    ("max_message_size", 57, lambda content: int.from_bytes(content, "big")),
    ("client_architecture", 93, lambda content: int.from_bytes(content[:2], "big")),
)


def decode_dhcp(payload: bytes) -> dict[str, Any]:
    """Return the facts of a DHCP or BOOTP message; options are in wire order.

    Raises:
        Exception: it is malformed (dpkt raises what it likes).
    """
    message = dhcp.DHCP(payload)
    if message.magic != dhcp.DHCP_MAGIC:
        raise ValueError(f"magic cookie {message.magic:08x}")
    options: list[tuple[int, bytes]] = [(code, bytes(content)) for code, content in message.opts]
    first = dict(reversed(options))
    kind = int.from_bytes(first[53], "big") if 53 in first else 0
    named = {name: None for name, _, _ in _NAMED}
    for name, code, read in _NAMED:
        if code in first:
            with contextlib.suppress(ValueError):
                named[name] = read(first[code])
    return {
        "message": MESSAGES.get(kind, f"type {kind}") if 53 in first else "bootp",
        "reply": message.op == dhcp.DHCP_OP_REPLY,
        "xid": f"{message.xid:08x}",
        "secs": message.secs,
        "flags": message.flags,
        "client_mac": mac_of(message.chaddr),
        "ciaddr": str(IPv4Address(message.ciaddr)),
        "yiaddr": str(IPv4Address(message.yiaddr)),
        "next_server": str(IPv4Address(message.siaddr)),
        "relay": str(IPv4Address(message.giaddr)),
        "server_name": text_of(message.sname.split(b"\0")[0]),
        "boot_file_name": text_of(message.file.split(b"\0")[0]),
        "options": [{"code": code, "hex": content.hex(), "value": _value(code, content)} for code, content in options],
        **named,
        "encapsulated": {
            str(code): [{"code": inner, "hex": content.hex()} for inner, content in iter_options(first[code])]
            for code in ENCAPSULATING
            if code in first
        },
    }
