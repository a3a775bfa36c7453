"""A QMP server that says what a test tells it to say, right or wrong, on one end of a socketpair."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from bootrig.deadline import Deadline
from bootrig.emulator.monitor.session import Obituary, QmpSession, start_session
from bootrig.emulator.monitor.transport import MESSAGE_LIMIT, DirectTransport

VERSION = {"qemu": {"major": 7, "minor": 2, "micro": 22}, "package": "fake"}
GREETING = {"QMP": {"version": VERSION, "capabilities": ["oob"]}}


class FakePeer:
    """The far end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._decoder = json.JSONDecoder()
        self._text = ""

    async def send(self, *messages: Any) -> None:
        """Send bytes as they are, anything else as JSON and CR LF, as QEMU does."""
        for message in messages:
            raw = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\r\n"
            self.writer.write(raw)
        await self.writer.drain()

    async def receive(self) -> dict[str, Any]:
        """Return the next message of the client."""
        while True:
            if self._text:
                try:
                    message, end = self._decoder.raw_decode(self._text)
                except ValueError:
                    pass
                else:
                    self._text = self._text[end:].lstrip()
                    return dict(message)
            content = await self.reader.read(65536)
            if not content:
                raise EOFError
            self._text += content.decode()

    async def negotiate(self) -> None:
        """Greet and accept the capabilities."""
        await self.send(GREETING)
        command = await self.receive()
        assert command["execute"] == "qmp_capabilities"
        await self.send({"return": {}})

    async def answer(self, handler: Callable[[dict[str, Any]], Any]) -> None:
        """Answer each command with what `handler` returns, until the client goes."""
        with suppress(EOFError, ConnectionError):
            while True:
                command = await self.receive()
                await self.send({"return": handler(command), "id": command["id"]})

    def close(self) -> None:
        """Hang up."""
        self.writer.close()


Behaviour = Callable[[FakePeer], Awaitable[None]]


@asynccontextmanager
async def start_peer(behaviour: Behaviour) -> AsyncIterator[socket.socket]:
    """Yield the client's end of a connection to a peer that does `behaviour` and then keeps silent."""
    near, far = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=far)
    peer = FakePeer(reader, writer)

    async def run() -> None:
        with suppress(EOFError, ConnectionError):
            await behaviour(peer)

    task = asyncio.create_task(run())
    try:
        yield near
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
        near.close()


@asynccontextmanager
async def start_fake_session(
    behaviour: Behaviour,
    *,
    open_s: float = 5.0,
    command_s: float = 5.0,
    message_limit: int = MESSAGE_LIMIT,
    obituary: Obituary | None = None,
) -> AsyncIterator[QmpSession]:
    """Yield a session with a peer that does `behaviour`."""
    async with (
        start_peer(behaviour) as near,
        start_session(
            DirectTransport(near, message_limit=message_limit),
            Deadline.after(open_s, "the fake greets"),
            command_s=command_s,
            obituary=obituary,
        ) as session,
    ):
        yield session
