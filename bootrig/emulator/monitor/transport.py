"""How QMP reaches QEMU: the interface that a session needs, and the direct way, a socket.

`qemu.qmp` speaks the protocol. It is corrected in four points, because a peer is not to be trusted: events do not
pile up in a queue that nobody empties, a second answer to one command is dropped instead of blocking the reader,
messages are not formatted for a log that nobody reads, and closing does not wait for a peer that stopped reading.
"""

import asyncio
import logging
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from qemu.qmp import ConnectError, ExecInterruptedError, ExecuteError, QMPClient, QMPError, Runstate, StateError
from qemu.qmp.message import Message

from bootrig.emulator.errors import CommandError, PeerError, SessionEndedError

MESSAGE_LIMIT = 16 * 1024 * 1024
YIELD_EVERY = 64
CLOSE_S = 1.0

Event = Mapping[str, Any]
EventSink = Callable[[Event], None]
EndSink = Callable[[Exception | None], None]

# Outside of the logging tree: everything that it would log is raised as one of our errors.
_silent = logging.Logger("qmp", level=logging.CRITICAL + 1)


class Transport(ABC):
    """One way to a QEMU's monitor.

    Attributes:
        on_event: called with each event, on the event loop.
        on_end: called once when an open connection ends, with the reason, on the event loop.
    """

    on_event: EventSink
    on_end: EndSink

    @abstractmethod
    async def open(self) -> Mapping[str, Any]:
        """Connect and negotiate; returns what `query-version` would.

        Raises:
            PeerError: the peer does not speak QMP.
            SessionEndedError: the peer hung up.
        """

    @abstractmethod
    async def execute(self, command: str, arguments: Mapping[str, Any] | None) -> Any:
        """Execute a command and return its result.

        Raises:
            CommandError: QEMU answered with an error.
            PeerError: it answered with what is not QMP.
            SessionEndedError: the connection broke before the answer came.
        """

    def send_file_descriptor(self, file_descriptor: int) -> None:
        """Send a file descriptor ahead of the `getfd` or `add-fd` command that names it.

        Raises:
            SessionEndedError: this transport cannot send file descriptors.
        """
        raise SessionEndedError(f"file descriptor {file_descriptor} cannot be sent: this is not a socket to QEMU")

    @abstractmethod
    async def close(self) -> None:
        """Close the connection, whatever state it is in."""


class _Client(QMPClient):
    """A QMP client that hands events to one function and keeps none."""

    def __init__(self, on_event: EventSink, message_limit: int) -> None:
        super().__init__(readbuflen=message_limit)
        self.logger = _silent
        self._on_event = on_event
        self._received = 0

    def _cb_outbound(self, msg: Message) -> Message:
        return msg

    def _cb_inbound(self, msg: Message) -> Message:
        return msg

    async def _on_message(self, msg: Message) -> None:
        self._received += 1
        if self._received % YIELD_EVERY == 0:
            # A flood that always fills the buffer would keep every other task from running.
            await asyncio.sleep(0)
        if "event" in msg:
            self._on_event(dict(msg))
            return
        exec_id = msg.get("id")
        if exec_id is not None and not isinstance(exec_id, str):
            return
        waiting = self._pending.get(exec_id)
        if waiting is None and ("id" in msg or "error" not in msg):
            return  # nobody waits for this answer (any more); the QMP specification says to drop it
        if waiting is None or not waiting.full():
            await super()._on_message(msg)


class DirectTransport(Transport):
    """QMP over a stream socket.

    Args:
        connected: one end of a socketpair or a connected socket, which the transport then owns.
        message_limit: length in bytes of the longest accepted message.
    """

    def __init__(self, connected: socket.socket, *, message_limit: int = MESSAGE_LIMIT) -> None:
        self._message_limit = message_limit
        self._socket = connected
        self._client: _Client | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def open(self) -> Mapping[str, Any]:
        """Read the greeting and negotiate."""
        self._socket.setblocking(False)
        client = _Client(self.on_event, self._message_limit)
        try:
            await client.connect(self._socket)
        except ConnectError as error:
            self._socket.close()
            if isinstance(error.exc, (EOFError, OSError)):
                raise SessionEndedError("QEMU closed its monitor before the session began") from error
            raise PeerError(f"what came over the monitor is not QMP: {error}") from error
        except AssertionError:
            # qemu.qmp 0.0.6 does not expect a peer that hangs up right after the negotiation; the watcher reports it.
            if client.runstate is not Runstate.DISCONNECTING:
                raise
        except BaseException:
            self._socket.close()
            raise
        self._client = client
        self._watcher = asyncio.create_task(self._watch(client))
        greeting = client.greeting
        return greeting.QMP.version if greeting is not None else {}

    async def _watch(self, client: _Client) -> None:
        """Wait for the end of the connection, clean up and report it."""
        while client.runstate is Runstate.RUNNING:
            await client.runstate_changed()
        reason: Exception | None = None
        try:
            await client.disconnect()
        except Exception as error:  # noqa: BLE001 - the reader's end: end of file, not JSON, a line too long, ...
            reason = error
        self.on_end(reason)

    async def execute(self, command: str, arguments: Mapping[str, Any] | None) -> Any:
        """Execute a command."""
        if self._client is None or self._watcher is None:
            raise SessionEndedError("the session has not begun")
        try:
            return await self._client.execute(command, arguments)
        except ExecuteError as error:
            raise CommandError(command, error.error_class, str(error)) from error
        except StateError as error:
            await asyncio.shield(self._watcher)
            raise SessionEndedError(f"the connection to QEMU broke before {command}") from error
        except ExecInterruptedError as error:
            raise SessionEndedError(f"the connection to QEMU broke during {command}") from error
        except QMPError as error:
            raise PeerError(f"{command}: QEMU's answer is not QMP: {error}") from error

    def send_file_descriptor(self, file_descriptor: int) -> None:
        """Send a file descriptor ahead of the `getfd` or `add-fd` command that names it."""
        if self._client is None:
            raise SessionEndedError("the session has not begun")
        self._client.send_fd_scm(file_descriptor)

    async def close(self) -> None:
        """Close the connection: the socket first, so that nothing waits for a peer that does not read."""
        if self._socket.fileno() >= 0:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        if self._watcher is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await asyncio.shield(self._watcher)
        self._socket.close()
