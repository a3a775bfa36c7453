"""TFTP, by tftpy."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from bootrig.document.toml import TableReader
from bootrig.network.addresses import SERVER_ADDRESS, SERVER_NAME
from bootrig.network.servers.tftp import TftpConfiguration, start_tftp
from bootrig.network.services.files import ServedFile, iter_file_faults, read_files, split_table
from bootrig.network.services.service import RunningService, Service, ServiceContext, Surroundings


class TftpServer(StrEnum):
    """The programs that answer TFTP."""

    TFTPY = "tftpy"


@dataclass(frozen=True, slots=True)
class Tftp:
    """What `[tftp]` says: the files."""

    files: tuple[ServedFile, ...]


class TftpService(Service[Tftp]):
    """`[tftp]` and `[tftp."FILE"]`."""

    is_always_started = True
    has_files = True

    def read(self, table: TableReader) -> Tftp:
        """Return what is served."""
        settings, files = split_table(table)
        settings.choice("server", TftpServer, default=TftpServer.TFTPY)
        return Tftp(read_files(files))

    def iter_faults(self, configuration: Tftp, surroundings: Surroundings) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with files that cannot be made."""
        yield from iter_file_faults(configuration.files, surroundings.builds)

    def files(self, configuration: Tftp) -> tuple[ServedFile, ...]:
        """Return the files."""
        return configuration.files

    def offers(self, configuration: Tftp, name: str) -> bool:
        """Whether a path, or a URL of TFTP, is one of the files."""
        path = name
        for host in (SERVER_ADDRESS, SERVER_NAME):
            path = path.removeprefix(f"tftp://{host}/")
        return path.lstrip("/") in {served.name for served in configuration.files}

    @asynccontextmanager
    async def start(self, configuration: Tftp, context: ServiceContext) -> AsyncIterator[RunningService]:
        """Start tftpy in a thread."""
        with start_tftp(TftpConfiguration(context.root), context.logs) as server:
            yield server


SERVICE = TftpService()
