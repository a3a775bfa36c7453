"""The guest's console: what it prints, what is typed to it."""

import asyncio
import socket

from bootrig.emulator.errors import SessionEndedError

UNREAD_LIMIT = 8 * 1024 * 1024


class Console(asyncio.Protocol):
    """The rig's end of the console's socket.

    QEMU itself writes all that the guest prints into the run directory. Here it is read at once and held until
    somebody takes it, so that a guest never waits for its reader; beyond `UNREAD_LIMIT` bytes the oldest go.

    Attributes:
        lost: bytes that went because nobody took them.
    """

    def __init__(self) -> None:
        self.lost = 0
        self._unread = bytearray()
        self._arrived = asyncio.Event()
        self._closed = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a stream socket gets from asyncio
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hold what the guest printed."""
        self._unread += data
        excess = len(self._unread) - UNREAD_LIMIT
        if excess > 0:
            del self._unread[:excess]
            self.lost += excess
        self._arrived.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """QEMU is gone."""
        self._closed = True
        self._arrived.set()

    async def read(self) -> bytes:
        """Return what the guest printed since the last call, at least one byte; nothing at all when QEMU is gone."""
        while not self._unread and not self._closed:
            self._arrived.clear()
            await self._arrived.wait()
        content = bytes(self._unread)
        self._unread.clear()
        return content

    def read_available(self) -> bytes:
        """Return what the guest printed since the last call, without waiting."""
        content = bytes(self._unread)
        self._unread.clear()
        return content

    def write(self, content: bytes) -> None:
        """Type `content`.

        Raises:
            SessionEndedError: QEMU is gone.
        """
        if self._transport is None or self._closed:
            raise SessionEndedError("the guest's console is closed")
        self._transport.write(content)

    def close(self) -> None:
        """Close the rig's end."""
        self._closed = True
        self._arrived.set()
        if self._transport is not None:
            self._transport.abort()


async def open_console(connected: socket.socket) -> Console:
    """Return the console whose socket is `connected`, which it then owns."""
    loop = asyncio.get_running_loop()
    connected.setblocking(False)
    _, console = await loop.connect_accepted_socket(Console, connected)
    return console
