"""HTTP, by aiohttp."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import unquote

from bootrig.document.toml import TableReader
from bootrig.network.addresses import SERVER_ADDRESS, SERVER_NAME
from bootrig.network.servers.http import HttpConfiguration, start_http
from bootrig.network.services.files import ServedFile, iter_file_faults, read_files, split_table
from bootrig.network.services.service import RunningService, Service, ServiceContext, Surroundings


@dataclass(frozen=True, slots=True)
class Http:
    """What `[http]` says: the files."""

    files: tuple[ServedFile, ...]


class HttpService(Service[Http]):
    """`[http]` and `[http."FILE"]`."""

    has_files = True

    def read(self, table: TableReader) -> Http:
        """Return what is served."""
        _, files = split_table(table)
        return Http(read_files(files))

    def iter_faults(self, configuration: Http, surroundings: Surroundings) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with files that cannot be made."""
        yield from iter_file_faults(configuration.files, surroundings.builds)

    def files(self, configuration: Http) -> tuple[ServedFile, ...]:
        """Return the files."""
        return configuration.files

    def offers(self, configuration: Http, name: str) -> bool:
        """Whether a URL is one of the files."""
        names = {served.name for served in configuration.files}
        path = unquote(name.partition("?")[0])
        return path in {f"http://{host}/{served}" for host in (SERVER_ADDRESS, SERVER_NAME) for served in names}

    @asynccontextmanager
    async def start(self, configuration: Http, context: ServiceContext) -> AsyncIterator[RunningService]:
        """Start aiohttp in this event loop."""
        async with start_http(HttpConfiguration(context.root), context.logs) as server:
            yield server


SERVICE = HttpService()
