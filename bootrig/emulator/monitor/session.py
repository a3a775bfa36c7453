"""The QMP session: the one way to talk to a guest."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager
from typing import Any

from bootrig.deadline import Deadline
from bootrig.emulator.errors import (
    CommandDeadlineError,
    CommandError,
    CommandMissingError,
    EmulatorError,
    PeerError,
    SessionEndedError,
)
from bootrig.emulator.monitor.subscription import CAPACITY, Subscription
from bootrig.emulator.monitor.transport import Event, Transport

COMMAND_S = 10.0
UNANSWERED_LIMIT = 16

Obituary = Callable[[], Awaitable[EmulatorError | None]]


class QmpSession:
    """A conversation with one QEMU, made by `start_session`.

    The session belongs to the event loop on which it was made: there commands are awaited (`execute`). Any other thread
    uses `call`; both may be used at the same time. Events are dropped until somebody subscribes. Every command has a
    deadline. What a newer QEMU adds to its answers and events passes through.

    Attributes:
        version: `(7, 2, 22)`, as QEMU's greeting says.
        version_text: the same for people, with the packager's addition.
    """

    def __init__(self, transport: Transport, *, command_s: float = COMMAND_S, obituary: Obituary | None = None) -> None:
        self.version: tuple[int, ...] = ()
        self.version_text = ""
        self._transport = transport
        self._command_s = command_s
        self._obituary = obituary
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._lock = threading.Lock()
        self._subscriptions: tuple[Subscription, ...] = ()
        self._unanswered = 0
        self._reason: EmulatorError | None = None
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        transport.on_event = self._dispatch
        transport.on_end = self._lose

    async def open(self, deadline: Deadline) -> None:
        """Connect and negotiate.

        Raises:
            CommandDeadlineError: the peer says nothing.
            PeerError: the peer does not speak QMP.
            SessionEndedError: the peer hung up.
            GuestDiedError: QEMU went away.
        """
        try:
            async with asyncio.timeout(deadline.limit_s):
                self._take_version(await self._transport.open())
        except TimeoutError as error:
            raise CommandDeadlineError(f"QEMU did not greet in time ({deadline.purpose})") from error
        except SessionEndedError as error:
            raise await self._why(error) from error

    def _take_version(self, version: Mapping[str, Any]) -> None:
        """Remember the version; one that makes no sense is no reason to stop."""
        numbers = version.get("qemu")
        if isinstance(numbers, Mapping):
            found = [numbers.get(name) for name in ("major", "minor", "micro")]
            self.version = tuple(number for number in found if isinstance(number, int))
        package = version.get("package")
        text = ".".join(str(number) for number in self.version) or "of unknown version"
        self.version_text = f"{text} ({package})" if package else text

    async def execute(
        self, command: str, arguments: Mapping[str, Any] | None = None, *, deadline: Deadline | None = None
    ) -> Any:
        """Execute `command` and return its result; on the session's own event loop.

        Without a deadline the session's limit for commands holds.

        Raises:
            CommandMissingError: this QEMU has no such command.
            CommandError: QEMU answered with another error.
            CommandDeadlineError: no answer came in time.
            PeerError: the answer is not QMP.
            GuestDiedError: QEMU went away.
            SessionEndedError: the session is over.
        """
        if self._reason is not None:
            raise self._reason
        limit_s = self._command_s if deadline is None else deadline.limit_s
        try:
            async with asyncio.timeout(limit_s):
                result = await self._transport.execute(command, arguments)
        except TimeoutError as error:
            self._count_unanswered()
            limit = deadline.purpose if deadline else f"{limit_s:g} s"
            raise CommandDeadlineError(f"QEMU did not answer {command} in time ({limit})") from error
        except CommandError as error:
            self._unanswered = 0
            if error.error_class == "CommandNotFound":
                raise CommandMissingError(command, self.version_text) from error
            raise
        except SessionEndedError as error:
            raise await self._why(error) from error
        self._unanswered = 0
        return result

    def call(
        self, command: str, arguments: Mapping[str, Any] | None = None, *, deadline: Deadline | None = None
    ) -> Any:
        """Execute `command` from another thread than the session's, and wait for its result; otherwise as `execute`."""
        if threading.get_ident() == self._thread_id:
            raise SessionEndedError(f"{command}: call() would block the session's own event loop; await execute()")
        coroutine = self.execute(command, arguments, deadline=deadline)
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        except CancelledError as error:
            raise SessionEndedError(f"{command}: the session's event loop has ended") from error
        except RuntimeError as error:
            coroutine.close()
            raise SessionEndedError(f"{command}: the session's event loop has ended") from error

    async def send_file_descriptor(self, file_descriptor: int, name: str) -> None:
        """Give QEMU a file descriptor under a name (`getfd`); by the direct transport only.

        Raises:
            EmulatorError: QEMU refuses it.
        """
        self._transport.send_file_descriptor(file_descriptor)
        await self.execute("getfd", {"fdname": name})

    async def add_file_descriptor(self, file_descriptor: int, fdset: int) -> None:
        """Give QEMU a file descriptor as `/dev/fdset/FDSET` (`add-fd`); by the direct transport only.

        Raises:
            EmulatorError: QEMU refuses it.
        """
        self._transport.send_file_descriptor(file_descriptor)
        await self.execute("add-fd", {"fdset-id": fdset})

    def subscribe(self, *names: str, capacity: int = CAPACITY) -> Subscription:
        """Subscribe to the events `names`, to all if none is named; safe from any thread.

        Its queue holds `capacity` events; when it is full, the oldest are dropped.
        """
        subscription = Subscription(frozenset(names), capacity, self._loop, self._unsubscribe)
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
            reason = self._reason
        if reason is not None:
            subscription.end(reason)
        return subscription

    def _unsubscribe(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions = tuple(other for other in self._subscriptions if other is not subscription)

    def _dispatch(self, event: Event) -> None:
        for subscription in self._subscriptions:
            subscription.offer(event)

    async def close(self) -> None:
        """End the session; does nothing if it has ended."""
        self._closing = True
        for task in tuple(self._tasks):
            task.cancel()
        await self._transport.close()
        self._finish(SessionEndedError("the session is closed"))

    def _count_unanswered(self) -> None:
        """End the session when the peer has left many commands unanswered, so that nothing piles up."""
        self._unanswered += 1
        if self._unanswered > UNANSWERED_LIMIT and self._reason is None:
            self._finish(PeerError(f"QEMU left {self._unanswered} commands unanswered"))
            self._spawn(self._transport.close())

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _lose(self, cause: Exception | None) -> None:
        if not self._closing and self._reason is None:
            self._spawn(self._explain(cause))

    async def _explain(self, cause: Exception | None) -> None:
        self._finish(await self._why(SessionEndedError(_describe_end(cause))))

    def _finish(self, reason: EmulatorError) -> None:
        with self._lock:
            self._reason = self._reason or reason
            subscriptions = self._subscriptions
        for subscription in subscriptions:
            subscription.end(self._reason)

    async def _why(self, ended: EmulatorError) -> EmulatorError:
        """Return the better reason: QEMU's death where there was one, otherwise `ended`."""
        if self._reason is not None and not isinstance(self._reason, SessionEndedError):
            return self._reason
        obituary = await self._obituary() if self._obituary and not self._closing else None
        return obituary or ended


def _describe_end(cause: Exception | None) -> str:
    if cause is None or isinstance(cause, EOFError):
        return "QEMU closed its monitor"
    return f"the connection to QEMU's monitor broke: {cause or type(cause).__name__}"


@asynccontextmanager
async def start_session(
    transport: Transport, deadline: Deadline, *, command_s: float = COMMAND_S, obituary: Obituary | None = None
) -> AsyncIterator[QmpSession]:
    """Yield a session that is open before the deadline; it is closed in the end.

    A command without a deadline of its own may take `command_s` seconds of wall time. `obituary` says why QEMU went
    away, if it did.

    Raises:
        EmulatorError: as `QmpSession.open`.
    """
    session = QmpSession(transport, command_s=command_s, obituary=obituary)
    try:
        await session.open(deadline)
        yield session
    finally:
        await session.close()
