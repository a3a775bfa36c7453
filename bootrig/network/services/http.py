"""HTTP, by aiohttp."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from bootrig.document.toml import TableReader, suggest
from bootrig.network.addresses import SERVER_ADDRESS, SERVER_ADDRESS_IP6
from bootrig.network.names import decode_name, encode_name
from bootrig.network.services.content.error import KIND as ERROR
from bootrig.network.services.file_statements import iter_http_statements
from bootrig.network.services.files import ServedFile
from bootrig.network.services.location import parse_location
from bootrig.network.services.service import FileService, FileTable, RunningService, ServiceContext, Surroundings
from bootrig.network.statement import Statement
from bootrig.trace.events import Event

FAMILIES: Mapping[str, str] = {"ip4": SERVER_ADDRESS, "ip6": SERVER_ADDRESS_IP6}

PORT = 80


@dataclass(frozen=True, slots=True)
class HttpTable(FileTable):
    """`[http]`: the files, and the families of the addresses that it listens on, by default all that DNS hands out."""

    families: tuple[str, ...] = tuple(FAMILIES)


class HttpService(FileService[HttpTable]):
    """`[http]` and `[http."FILE"]`."""

    packages = ("aiohttp",)

    def read_settings(self, settings: TableReader, files: tuple[ServedFile, ...]) -> HttpTable:
        """Return the files and the families."""
        families = settings.strings("families", default=tuple(FAMILIES))
        if not families:
            settings.add_problem("families", f"found an empty array, expected one of {', '.join(FAMILIES)}")
        for index, family in enumerate(families):
            if family not in FAMILIES:
                message = f'found "{family}", expected one of {", ".join(FAMILIES)}{suggest(family, FAMILIES)}'
                settings.document.add_problem(f"{settings.place('families')}[{index}]", message)
        return HttpTable(files, tuple(dict.fromkeys(families)))

    def iter_faults(self, configuration: HttpTable, surroundings: Surroundings) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with files that cannot be made, and contents of another protocol."""
        yield from super().iter_faults(configuration, surroundings)
        for served in configuration.files:
            if served.kind == ERROR:
                yield f"{served.key_path}.content", f'"{ERROR}" is an answer of TFTP'

    def offers(self, configuration: HttpTable, name: str) -> bool:
        """Whether a URL is one of the files."""
        location = parse_location(name)
        if location is None or not location.is_ours("http", PORT):
            return False
        path = decode_name(unquote_to_bytes(encode_name(location.path)))
        return any(served.is_called(path) for served in configuration.files)

    async def ask_statements(self, configuration: HttpTable) -> tuple[Statement, ...]:
        """Return whether it listens on every family."""
        statements = []
        for family in configuration.families:
            meant = f"port {PORT} of {FAMILIES[family]}"
            try:
                _, writer = await asyncio.open_connection(FAMILIES[family], PORT)
            except OSError as error:
                statements.append(Statement("families", meant, f"{meant}: {error.strerror or error}"))
            else:
                writer.close()
                statements.append(Statement("families", meant, meant))
        return tuple(statements)

    def iter_statements(self, configuration: HttpTable, wire: Sequence[Event]) -> Iterator[Statement]:
        """Yield what answers to the guest show."""
        return iter_http_statements(configuration.files, wire)

    def start(self, configuration: HttpTable, context: ServiceContext) -> AbstractAsyncContextManager[RunningService]:
        """Start aiohttp in this event loop."""
        # its modules are heavy, and reading a file does not need them
        from bootrig.network.servers.http import start_http  # noqa: PLC0415

        addresses = tuple(FAMILIES[family] for family in configuration.families)
        return start_http(context.root, context.logs, addresses=addresses)


SERVICE = HttpService()
