"""How the DHCP server of a cell behaves: a value, and the dnsmasq configuration that makes it true."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address
from types import MappingProxyType

from bootrig.errors import InputError
from bootrig.network.addresses import (
    DOMAIN,
    GUEST_ADDRESS,
    GUEST_MAC,
    LEASE_RANGE,
    SERVER_ADDRESS,
    SERVER_ADDRESS_IP6,
    SERVER_NAME,
    TAP_NAME,
)


class BootFields(StrEnum):
    """Where a DHCP message says what to boot.

    `header`: in its `siaddr` and `file` fields (RFC 951, RFC 2131). `options`: in options 66 and 67 (RFC 2132, section
    9) and nowhere else. `both`: in both places. `file-option`: the next server in the header, the boot file in option
    67 only, as servers do that fill in their own address but no file.
    """

    HEADER = "header"
    OPTIONS = "options"
    BOTH = "both"
    FILE_OPTION = "file-option"


class PersonalityError(InputError):
    """A DHCP personality that cannot be."""


@dataclass(frozen=True, slots=True)
class DhcpPersonality:
    """How the DHCP server behaves.

    Attributes:
        boot_file_name: for every client that `boot_files` does not name; None for no boot file.
        next_server: an IPv4 address, the rig's own server by default; only sent with a boot file.
        fields: where the boot file and the next server are said.
        boot_files: boot file by client architecture (option 93, RFC 4578: 0 BIOS, 7 and 9 EFI x86-64); an empty name
            is no boot file for that architecture.
        router_advertisements: whether the server is an IPv6 router as well.
        extra_options: further options, each as dnsmasq's `dhcp-option` takes it (`175,...`, `option:root-path,...`);
            they are sent whether the client asks for them or not.
        extra_lines: further lines of dnsmasq's configuration file, for what has no name here yet.
    """

    boot_file_name: str | None = None
    next_server: str | None = SERVER_ADDRESS
    fields: BootFields = BootFields.HEADER
    boot_files: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    router_advertisements: bool = True
    extra_options: tuple[str, ...] = ()
    extra_lines: tuple[str, ...] = ()


def _require_plain(text: str, what: str) -> str:
    """Return `text` if dnsmasq can read it back from a configuration file unchanged."""
    if not text or re.search(r'[\x00-\x1f"\\,#]', text) or text != text.strip() or not text.isascii():
        raise PersonalityError(
            f"{what} {text!r} cannot be given to dnsmasq",
            remedy="use printable ASCII without comma, quote, backslash, # or outer blanks",
        )
    if len(text) > 127:
        raise PersonalityError(
            f"{what} {text!r} has {len(text)} characters", remedy="the file field of a DHCP message takes 127"
        )
    return text


def _iter_boot_lines(personality: DhcpPersonality) -> Iterator[str]:
    """Yield the lines that name the boot file, by architecture and for all others."""
    server = personality.next_server or ""
    if server:
        try:
            IPv4Address(server)
        except ValueError as error:
            raise PersonalityError(f"next server {server!r} is not an IPv4 address") from error
    names: dict[str, str] = {}
    for architecture, name in sorted(personality.boot_files.items()):
        if not 0 <= architecture <= 0xFFFF:
            raise PersonalityError(f"client architecture {architecture} is not a 16-bit number")
        tag = f"architecture-{architecture}"
        yield f"dhcp-match=set:{tag},option:client-arch,{architecture}"
        names[f"tag:{tag},"] = name
    others = "".join(f"tag:!architecture-{architecture}," for architecture in sorted(personality.boot_files))
    names[others] = personality.boot_file_name or ""
    for condition, name in names.items():
        if not name:
            continue
        _require_plain(name, "boot file name")
        if personality.fields in (BootFields.HEADER, BootFields.BOTH):
            yield f"dhcp-boot={condition}{name},,{server}".rstrip(",")
        if personality.fields != BootFields.HEADER:
            yield f"dhcp-option-force={condition}67,{name}"
            if server and personality.fields != BootFields.FILE_OPTION:
                yield f'dhcp-option-force={condition}66,"{server}"'


def dnsmasq_configuration(personality: DhcpPersonality, interface: str = TAP_NAME) -> str:
    """Return the content of dnsmasq's configuration file.

    Answers are immediate (no ping before an offer, authoritative, no lease file whose fsync would cost guest time), the
    guest's first NIC always gets the same address, and nothing of the host is read.

    Raises:
        PersonalityError: the personality cannot be expressed.
    """
    lines = [
        f"interface={interface}",
        "except-interface=lo",
        "bind-interfaces",
        "no-resolv",
        "no-hosts",
        "log-dhcp",
        "log-queries",
        "log-facility=-",
        "leasefile-ro",
        "no-ping",
        "dhcp-authoritative",
        "dhcp-no-override",
        f"dhcp-range={LEASE_RANGE},12h",
        f"dhcp-host={GUEST_MAC},{GUEST_ADDRESS}",
        f"domain={DOMAIN}",
        f"host-record={SERVER_NAME},{SERVER_ADDRESS},{SERVER_ADDRESS_IP6}",
        f"local=/{DOMAIN}/",
    ]
    if personality.router_advertisements:
        lines += ["enable-ra", f"dhcp-range=::,constructor:{interface},ra-only,64,12h"]
    if personality.fields == BootFields.OPTIONS:
        lines.append("dhcp-option=option:server-ip-address,0.0.0.0")
    elif personality.fields == BootFields.FILE_OPTION and personality.next_server:
        lines.append(f"dhcp-option=option:server-ip-address,{personality.next_server}")
    lines += _iter_boot_lines(personality)
    for option in personality.extra_options:
        if "\n" in option:
            raise PersonalityError(f"extra option {option!r} has a line break")
        lines.append(f"dhcp-option-force={option}")
    lines += personality.extra_lines
    return "\n".join(lines) + "\n"
