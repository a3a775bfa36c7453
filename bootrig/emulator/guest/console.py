"""The guest's console: what it prints, what is typed to it.

It is connected by two pipes, because a serial port is written byte by byte. A socket's buffer holds 280 messages of one
byte; when it is full, SeaBIOS gives up waiting for the port and repeats itself, so that what a guest prints would
depend on how fast it is read. A pipe's buffer holds a million bytes, however they are written.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bootrig.emulator.errors import EmulatorError, SessionEndedError
from bootrig.shortage import find_remedy

UNREAD_LIMIT = 8 * 1024 * 1024
# The largest that an ordinary user may ask for (proc(5), pipe-max-size).
PIPE_LENGTH = 1024 * 1024
# What QEMU adds to the name of a console of two pipes: what it writes to, and what it reads.
CONSOLE_NAMES = (".out", ".in")


class Console(asyncio.Protocol):
    """The rig's end of the console.

    QEMU itself writes everything that the guest prints into the run directory. Here it is read at once and held until
    it is asked for; beyond `UNREAD_LIMIT` bytes the oldest are dropped.

    Attributes:
        lost: how many bytes were dropped.
    """

    def __init__(self, typing: int) -> None:
        self.lost = 0
        self._typing = typing
        self._unread = bytearray()
        self._arrived = asyncio.Event()
        self._closed = False
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
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
        """Note that QEMU is gone."""
        self._closed = True
        self._arrived.set()

    async def read(self) -> bytes:
        """Return what the guest printed since the last call, at least one byte; nothing when QEMU is gone."""
        while not self._unread and not self._closed:
            self._arrived.clear()
            await self._arrived.wait()
        return self.read_available()

    async def read_until(self, wanted: bytes, show: Callable[[bytes], object] | None = None) -> bool:
        """Read until the guest has printed `wanted`; returns whether it has, False when QEMU is gone.

        Where `wanted` is empty, read until QEMU is gone. `show` is called with everything that is read.
        """
        seen = b""
        while content := await self.read():
            if show is not None:
                show(content)
            seen += content
            if wanted and wanted in seen:
                return True
            seen = seen[-len(wanted) :] if wanted else b""
        return False

    def read_available(self) -> bytes:
        """Return what the guest printed since the last call, without waiting."""
        content = bytes(self._unread)
        self._unread.clear()
        return content

    def write(self, content: bytes) -> None:
        """Type `content`.

        Raises:
            SessionEndedError: QEMU is gone, or the guest has left 64 KiB unread.
        """
        if self._closed:
            raise SessionEndedError("the guest's console is closed")
        try:
            typed = os.write(self._typing, content)
        except BlockingIOError:
            typed = 0
        except BrokenPipeError as error:
            raise SessionEndedError("the guest's console is closed") from error
        if typed < len(content):
            raise SessionEndedError("the guest does not read what is typed on its console")

    def close(self) -> None:
        """Close the rig's end."""
        if self._typing >= 0:
            os.close(self._typing)
            self._typing = -1
        self._closed = True
        self._arrived.set()
        if self._transport is not None:
            self._transport.close()


class ConsolePipes:
    """The two pipes of a console, made before QEMU starts, which opens them by name.

    Attributes:
        far: the ends that QEMU opens, in the order of `CONSOLE_NAMES`: what the guest prints, what is typed.
        path: the names under which `link` has put them, without their endings.
    """

    def __init__(self) -> None:
        self.path = Path()
        reading, printing = os.pipe2(os.O_CLOEXEC)
        typed, typing = os.pipe2(os.O_CLOEXEC)
        self.far = (printing, typed)
        self._near = [reading, typing]
        self._open = {reading, printing, typed, typing}
        os.set_blocking(reading, False)
        os.set_blocking(typing, False)
        with suppress(OSError):
            fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, PIPE_LENGTH)

    def link(self, directory: Path) -> None:
        """Give the pipes names in `directory`, until `open_console`, for a QEMU that sees this process in /proc.

        Raises:
            EmulatorError: there they cannot have any.
        """
        self.path = directory / "console"
        process = Path("/proc") / Path("/proc/self").readlink() / "fd"
        try:
            for name, number in zip(self._names(), self.far, strict=True):
                name.unlink(missing_ok=True)
                name.symlink_to(process / str(number))
        except OSError as error:
            self.close()
            raise EmulatorError(
                f"cannot make a link in {directory}: {error.strerror}",
                remedy=find_remedy(error, "name another run directory with --runs"),
            ) from error

    def _names(self) -> tuple[Path, ...]:
        return tuple(self.path.with_suffix(name) for name in CONSOLE_NAMES)

    async def open_console(self) -> Console:
        """Return the console on the pipes, which then owns their near ends; QEMU has opened the far ends before."""
        self._unlink()
        reading, typing = self._near
        self._open -= {reading, typing}
        self._close_open()
        reader = os.fdopen(reading, "rb", buffering=0)
        _, console = await asyncio.get_running_loop().connect_read_pipe(lambda: Console(typing), reader)
        return console

    def _unlink(self) -> None:
        if self.path.name:
            for name in self._names():
                name.unlink(missing_ok=True)

    def _close_open(self) -> None:
        while self._open:
            os.close(self._open.pop())

    def close(self) -> None:
        """Remove the names, and close the pipes unless a console owns them."""
        self._unlink()
        self._close_open()
