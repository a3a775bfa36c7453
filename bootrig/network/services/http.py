"""HTTP, by aiohttp."""

from contextlib import AbstractAsyncContextManager
from urllib.parse import unquote

from bootrig.network.addresses import SERVER_ADDRESS, SERVER_NAME
from bootrig.network.services.files import ServedFile
from bootrig.network.services.service import FileService, RunningService, ServiceContext


class HttpService(FileService):
    """`[http]` and `[http."FILE"]`."""

    def offers(self, configuration: tuple[ServedFile, ...], name: str) -> bool:
        """Whether a URL is one of the files."""
        names = {served.name for served in configuration}
        path = unquote(name.partition("?")[0])
        return path in {f"http://{host}/{served}" for host in (SERVER_ADDRESS, SERVER_NAME) for served in names}

    def start(
        self, configuration: tuple[ServedFile, ...], context: ServiceContext
    ) -> AbstractAsyncContextManager[RunningService]:
        """Start aiohttp in this event loop."""
        # its modules are heavy, and reading a file does not need them
        from bootrig.network.servers.http import start_http  # noqa: PLC0415

        return start_http(context.root, context.logs)


SERVICE = HttpService()
