"""TFTP, by tftpy."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from bootrig.document.toml import TableReader, suggest
from bootrig.network.names import decode_name, encode_name
from bootrig.network.services.content.error import KIND as ERROR
from bootrig.network.services.file_statements import iter_tftp_statements
from bootrig.network.services.files import ServedFile
from bootrig.network.services.location import parse_location
from bootrig.network.services.service import FileService, FileTable, RunningService, ServiceContext
from bootrig.network.statement import Statement
from bootrig.trace.events import Event

OPTIONS = ("blksize", "tsize", "timeout", "windowsize")


class TftpServer(StrEnum):
    """The programs that answer TFTP."""

    TFTPY = "tftpy"


@dataclass(frozen=True, slots=True)
class TftpTable(FileTable):
    """`[tftp]`: the files, and the options that are left out of what the server acknowledges."""

    refuse: frozenset[str] = frozenset()


class TftpService(FileService[TftpTable]):
    """`[tftp]` and `[tftp."FILE"]`."""

    is_always_started = True
    packages = ("tftpy",)

    def read_settings(self, settings: TableReader, files: tuple[ServedFile, ...]) -> TftpTable:
        """Return the files and the refused options; there is one server only."""
        settings.choice("server", TftpServer, default=TftpServer.TFTPY)
        refused = settings.strings("refuse", default=())
        for index, option in enumerate(refused):
            if option not in OPTIONS:
                message = f'found "{option}", expected one of {", ".join(OPTIONS)}{suggest(option, OPTIONS)}'
                settings.document.add_problem(f"{settings.place('refuse')}[{index}]", message)
        return TftpTable(files, frozenset(refused))

    def offers(self, configuration: TftpTable, name: str) -> bool:
        """Whether a path, or a URL of TFTP, is one of the files."""
        location = parse_location(name)
        if location is None:
            return any(served.is_called(name) for served in configuration.files)
        path = decode_name(unquote_to_bytes(encode_name(location.path)))
        return location.is_ours("tftp", 69) and any(served.is_called(path) for served in configuration.files)

    def iter_statements(self, configuration: TftpTable, wire: Sequence[Event]) -> Iterator[Statement]:
        """Yield what answers to the guest show."""
        return iter_tftp_statements(configuration.files, configuration.refuse, wire)

    @asynccontextmanager
    async def start(self, configuration: TftpTable, context: ServiceContext) -> AsyncIterator[RunningService]:
        """Start tftpy in a thread."""
        # its modules are heavy, and reading a file does not need them
        from bootrig.network.servers.tftp import TftpConfiguration, start_tftp  # noqa: PLC0415

        errors = {served.name: served.content for served in configuration.files if served.kind == ERROR}
        settings = TftpConfiguration(context.root, refused=configuration.refuse, errors=errors)
        with start_tftp(settings, context.logs) as server:
            yield server


SERVICE = TftpService()
