"""TFTP, by tftpy."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

from bootrig.document.toml import TableReader
from bootrig.network.addresses import SERVER_ADDRESS, SERVER_NAME
from bootrig.network.services.files import ServedFile
from bootrig.network.services.service import FileService, RunningService, ServiceContext


class TftpServer(StrEnum):
    """The programs that answer TFTP."""

    TFTPY = "tftpy"


class TftpService(FileService):
    """`[tftp]` and `[tftp."FILE"]`."""

    is_always_started = True

    def read_settings(self, settings: TableReader) -> None:
        """Read which program is the server; there is one only."""
        settings.choice("server", TftpServer, default=TftpServer.TFTPY)

    def offers(self, configuration: tuple[ServedFile, ...], name: str) -> bool:
        """Whether a path, or a URL of TFTP, is one of the files."""
        path = name
        for host in (SERVER_ADDRESS, SERVER_NAME):
            path = path.removeprefix(f"tftp://{host}/")
        return path.lstrip("/") in {served.name for served in configuration}

    @asynccontextmanager
    async def start(
        self, configuration: tuple[ServedFile, ...], context: ServiceContext
    ) -> AsyncIterator[RunningService]:
        """Start tftpy in a thread."""
        # its modules are heavy, and reading a file does not need them
        from bootrig.network.servers.tftp import TftpConfiguration, start_tftp  # noqa: PLC0415

        with start_tftp(TftpConfiguration(context.root), context.logs) as server:
            yield server


SERVICE = TftpService()
