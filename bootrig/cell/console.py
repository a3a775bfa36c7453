"""An operator at the other end of a socket: what the guest prints goes out, what comes in is typed."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

READ_LENGTH = 1024


class SocketOperator:
    """Hands the console over to whoever has the other end of a stream socket, until that end closes."""

    stays = True

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._leave: Callable[[], None] = lambda: None

    def attach(self, write: Callable[[bytes], None], leave: Callable[[], None]) -> None:
        """Read the socket in the event loop from now on."""
        self._leave = leave
        loop = asyncio.get_running_loop()

        def read() -> None:
            with suppress(ConnectionError):
                typed = self._peer.recv(READ_LENGTH)
                if typed:
                    write(typed)
                    return
            loop.remove_reader(self._peer)
            leave()

        loop.add_reader(self._peer, read)

    def show(self, text: str, guest_s: float | None) -> None:
        """Send what was printed; leave when nobody reads it any more."""
        try:
            self._peer.sendall(text.encode())
        except OSError:
            self._leave()
