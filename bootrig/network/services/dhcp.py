"""DHCP, and with it DNS and router advertisements as long as they have no tables of their own: all by dnsmasq."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address

from bootrig.document.toml import TableReader, describe, suggest
from bootrig.network.addresses import SERVER_ADDRESS, SERVER_NAME, SERVICE_ADDRESSES
from bootrig.network.names import read_name, show_name
from bootrig.network.servers.dnsmasq import Dnsmasq, start_dnsmasq
from bootrig.network.servers.dnsmasq_lines import dnsmasq_configuration
from bootrig.network.servers.option_codes import OPTION_CODES
from bootrig.network.servers.personality import (
    BootFields,
    ClientClass,
    DhcpOption,
    DhcpPersonality,
    OptionMatch,
    OptionType,
    PersonalityError,
)
from bootrig.network.servers.questions import query_dns
from bootrig.network.services.dhcp_statements import RECORD_TYPES, iter_dhcp_statements, name_statement
from bootrig.network.services.service import Service, ServiceContext, Surroundings
from bootrig.network.statement import Statement
from bootrig.trace.events import Event

MAC_PATTERN = r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}"
_WIDTHS = {OptionType.U8: 1, OptionType.U16: 2, OptionType.U32: 4}


class DhcpServer(StrEnum):
    """The programs that answer DHCP."""

    DNSMASQ = "dnsmasq"


class DhcpService(Service[DhcpPersonality]):
    """`[dhcp]`."""

    is_always_started = True
    programs = ("dnsmasq",)

    def read(self, table: TableReader) -> DhcpPersonality:
        """Return how the server behaves."""
        table.choice("server", DhcpServer, default=DhcpServer.DNSMASQ)
        return DhcpPersonality(
            boot_file=read_name(table, "boot_file"),
            next_server=_read_next_server(table),
            fields=table.choice("fields", BootFields, default=BootFields.HEADER),
            router_advertisements=table.boolean("router_advertisements", default=True),
            classes=tuple(_read_class(inner) for inner in table.tables("class")),
            options=tuple(_iter_options(table.tables("option"))),
            lines=table.strings("lines", default=()),
        )

    def iter_faults(self, configuration: DhcpPersonality, surroundings: Surroundings) -> Iterator[tuple[str, str]]:
        """Yield what dnsmasq cannot be made to say, and boot files that no service has."""
        try:
            dnsmasq_configuration(configuration)
        except PersonalityError as error:
            yield error.key_path, f"{error}: {error.remedy}" if error.remedy else str(error)
        if surroundings.report == "disk":  # the absence of the boot file may be what is tried
            return
        named = {"boot_file": configuration.boot_file}
        named |= {f"class[{number}].boot_file": client.boot_file for number, client in enumerate(configuration.classes)}
        for key_path, name in named.items():
            if name and not surroundings.offers(name):
                message = f"no service of this scenario has a file {show_name(name)}"
                yield key_path, f"{message}; only a disk's report does without"

    async def ask_statements(self, configuration: DhcpPersonality) -> tuple[Statement, ...]:
        """Return what its DNS says of the rig's name, asked at every address; lines of its own may say otherwise."""
        if configuration.lines:
            return ()
        asked = [(address, record_type) for address in SERVICE_ADDRESSES for record_type in RECORD_TYPES]
        answers = await asyncio.gather(
            *(query_dns(address, SERVER_NAME, record_type) for address, record_type in asked)
        )
        return tuple(name_statement(record_type, found) for (_, record_type), found in zip(asked, answers, strict=True))

    def iter_statements(self, configuration: DhcpPersonality, wire: Sequence[Event]) -> Iterator[Statement]:
        """Yield what answers to the guest show."""
        return iter_dhcp_statements(configuration, wire)

    @asynccontextmanager
    async def start(self, configuration: DhcpPersonality, context: ServiceContext) -> AsyncIterator[Dnsmasq]:
        """Start dnsmasq."""
        with start_dnsmasq(configuration, context.logs) as server:
            yield server


def _read_next_server(table: TableReader) -> str | None:
    """Return what `next_server` says: true for the rig's own server, false for none, or an address."""
    value = table.free_value("next_server")
    if value is None or value is True:
        return SERVER_ADDRESS
    if value is False:
        return None
    if isinstance(value, str) and _is_address(value):
        return value
    table.add_problem("next_server", f"found {describe(value)}, expected true, false or an IPv4 address")
    return None


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def _read_class(table: TableReader) -> ClientClass:
    return ClientClass(
        boot_file=read_name(table, "boot_file"),
        architecture=table.optional_integer("architecture", minimum=0, maximum=0xFFFF),
        user_class=read_name(table, "user_class"),
        vendor_class=read_name(table, "vendor_class"),
        mac=table.optional_string("mac", pattern=MAC_PATTERN, expected="a hardware address"),
        option=_read_match(table.optional_table("option")),
    )


def _read_match(table: TableReader | None) -> OptionMatch | None:
    """Return the option of a client that a class asks for."""
    if table is None:
        return None
    code = _read_code(table)
    if "text" not in table and "hex" not in table:
        table.add_problem("", "found none, expected exactly one of text, hex")
    elif "text" not in table:
        return OptionMatch(code, table.hexadecimal("hex"), is_text=False)
    return OptionMatch(code, table.string("text", default="").encode(), is_text=True)


def _iter_options(tables: tuple[TableReader, ...]) -> Iterator[DhcpOption]:
    """Yield the options that are whole."""
    for table in tables:
        code = _read_code(table)
        path = _read_path(table)
        types = [kind for kind in OptionType if kind in table]
        if len(types) != 1:
            found = " and ".join(types) or "none"
            table.add_problem("", f"found {found}, expected exactly one of {', '.join(OptionType)}")
        for kind in types:
            yield DhcpOption(code, path, kind, _read_value(table, kind))


def _read_code(table: TableReader) -> int:
    """Return the number of an option, which may be named by IANA's word for it."""
    word = table.free_value("code")
    if not isinstance(word, str):
        return table.integer("code", minimum=0, maximum=255)
    code = OPTION_CODES.get(word)
    if code is None:
        table.add_problem("code", f'found "{word}", expected a number or IANA\'s name{suggest(word, OPTION_CODES)}')
    return code or 0


def _read_path(table: TableReader) -> tuple[int, ...]:
    """Return the numbers in `sub`: one, or those of deeper suboptions as a list."""
    if isinstance(table.free_value("sub"), list):
        path = table.integers("sub")
        if not path or not all(0 <= number <= 255 for number in path):
            table.add_problem("sub", "expected numbers from 0 to 255")
            return ()
        return path
    number = table.optional_integer("sub", minimum=0, maximum=255)
    return () if number is None else (number,)


def _read_value(table: TableReader, kind: OptionType) -> bytes:
    match kind:
        case OptionType.TEXT:
            return table.string(kind).encode()
        case OptionType.HEX:
            return table.hexadecimal(kind)
        case OptionType.U8 | OptionType.U16 | OptionType.U32:
            width = _WIDTHS[kind]
            number = table.integer(kind, minimum=0, maximum=(1 << 8 * width) - 1)
            return min(max(number, 0), (1 << 8 * width) - 1).to_bytes(width, "big")
        case OptionType.ADDRESS:
            words: tuple[str, ...] = (table.string(kind),)
        case OptionType.ADDRESSES:
            words = table.strings(kind)
    for word in words:
        if not _is_address(word):
            table.add_problem(kind, f'found "{word}", expected an IPv4 address')
    return b"".join(IPv4Address(word).packed for word in words if _is_address(word))


SERVICE = DhcpService()
