"""HTTP by aiohttp, in the caller's event loop, on a socket that is bound before anyone uses it.

Sources: RFC 9110 (semantics), RFC 9112 (HTTP/1.1).
"""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote_to_bytes

import aiohttp
from aiohttp import web

from bootrig.network.addresses import SERVICE_ADDRESSES
from bootrig.network.errors import ServiceError
from bootrig.network.names import encode_name
from bootrig.network.servers.file_server import (
    ServiceLog,
    bind_socket,
    find_jailed_file,
    find_served_name,
    start_log,
)
from bootrig.network.servers.questions import Question, ask_http

KEEP_ALIVE_S = 75.0


class HttpServer:
    """An HTTP server that runs inside the `async with` of `start_http`."""

    server = "aiohttp"
    version = aiohttp.__version__

    def __init__(self, servers: Sequence[asyncio.Server], root: Path) -> None:
        self._servers = servers
        self._root = root
        self.places: tuple[tuple[str, int], ...] = tuple(
            bound.getsockname()[:2] for server in servers for bound in server.sockets
        )

    def questions(self) -> tuple[Question, ...]:
        """Return what shows that it is alive."""
        name = find_served_name(self._root)
        return tuple(ask_http(address, name, port) for address, port in self.places)

    async def watch(self) -> NoReturn:
        """Wait for its death.

        Raises:
            ServiceError: it does not listen any more.
        """
        waiting = [asyncio.ensure_future(server.wait_closed()) for server in self._servers]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        raise ServiceError("the HTTP server died midway")


def _answer_files(root: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        found = find_jailed_file(root, unquote_to_bytes(encode_name(request.raw_path.partition("?")[0])))
        if found is None:
            return web.Response(status=404, text="404: Not Found")
        return web.FileResponse(found)

    return answer


def _write_log(log: ServiceLog) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    async def note(request: web.Request, response: web.StreamResponse) -> None:
        version = f"HTTP/{request.version.major}.{request.version.minor}"
        headers = [[part.decode("utf-8", "backslashreplace") for part in header] for header in request.raw_headers]
        line = [request.method, request.raw_path, version, response.status, headers]
        log.write_line(json.dumps(line))

    return note


class _LogHandler(logging.Handler):
    """Puts what aiohttp has to say (malformed requests) into the server's log."""

    def __init__(self, log: ServiceLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._log.write_line(json.dumps([record.getMessage(), " ".join(str(error or "").split())]))


@asynccontextmanager
async def start_http(
    root: Path, logs: Path, *, addresses: Sequence[str] = SERVICE_ADDRESSES, port: int = 80
) -> AsyncIterator[HttpServer]:
    """Start an HTTP server for GET and HEAD of what is in `root`; inside the `async with` it answers at each address.

    Its log is `http.log` in the directory `logs`: a JSON array a line (method, target, version, status, headers).

    Raises:
        ServiceError: the root is not a directory, or the port cannot be bound.
    """
    async with AsyncExitStack() as stack:
        listening = [
            stack.enter_context(bind_socket("HTTP", root, socket.SOCK_STREAM, address, port)) for address in addresses
        ]
        log = stack.enter_context(start_log(logs / "http.log"))
        application = web.Application()
        application.router.add_get("/{path:.*}", _answer_files(root), allow_head=True)
        application.on_response_prepare.append(_write_log(log))
        logger = logging.Logger("http", logging.WARNING)
        logger.addHandler(_LogHandler(log))
        runner = web.AppRunner(
            application,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=KEEP_ALIVE_S,
            logger=logger,
            shutdown_timeout=0.1,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        assert runner.server is not None  # noqa: S101 - setup() made it
        servers = []
        for bound in listening:
            servers.append(await asyncio.get_running_loop().create_server(runner.server, sock=bound))
            stack.callback(servers[-1].close)
        yield HttpServer(servers, root)
