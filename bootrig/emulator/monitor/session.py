"""The QMP session: the one way to talk to a guest."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from bootrig.deadline import Deadline, DeadlineError
from bootrig.emulator.compatibility import EMULATIONS
from bootrig.emulator.errors import (
    CommandDeadlineError,
    CommandError,
    CommandMissingError,
    EmulatorError,
    PeerError,
    SessionEndedError,
)
from bootrig.emulator.monitor.subscription import CAPACITY, Subscription
from bootrig.emulator.monitor.transport import Event, NotSentError, Transport

COMMAND_S = 10.0
RECONNECT_S = 5.0
RECONNECT_PAUSE_S = 0.05
UNANSWERED_LIMIT = 16

Obituary = Callable[[], Awaitable[EmulatorError | None]]


class QmpSession:
    """A conversation with one QEMU, made by `start_session`.

    Commands may be executed from any event loop (`execute`) and any thread (`call`) at the same time. Events are
    dropped until somebody subscribes. Every call has a deadline. What a newer QEMU adds to its answers and events
    passes through.

    Attributes:
        version: `(7, 2, 22)`, as QEMU's greeting says.
        version_text: the same for people, with the packager's addition.
        reconnects: how often the connection broke and was made again; events in between are lost.
    """

    def __init__(self, transport: Transport, *, command_s: float = COMMAND_S, obituary: Obituary | None = None) -> None:
        self.version: tuple[int, ...] = ()
        self.version_text = ""
        self.reconnects = 0
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
        self._open = asyncio.Event()
        self._ended = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        transport.on_event = self._dispatch
        transport.on_end = self._lose

    async def open(self, deadline: Deadline) -> None:
        """Connect and negotiate.

        Raises:
            CommandDeadlineError: the peer says nothing.
            PeerError: the peer does not speak QMP.
            SessionEndedError: there is no peer, or it hung up.
            GuestDiedError: QEMU went away.
        """
        try:
            async with asyncio.timeout(_limit(deadline)):
                self._take_version(await self._transport.open())
        except TimeoutError as error:
            raise CommandDeadlineError(f"QEMU did not greet in time ({deadline.purpose})") from error
        except SessionEndedError as error:
            raise await self._why(error) from error
        self._open.set()

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
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        deadline: Deadline | None = None,
        out_of_band: bool = False,
    ) -> Any:
        """Execute `command` and return its result; one that this QEMU lacks is emulated where others can stand in.

        Args:
            command: QMP's name of it.
            arguments: what it takes.
            deadline: when to give up; otherwise the session's limit for commands.
            out_of_band: ahead of commands that wait.

        Raises:
            CommandMissingError: this QEMU has no such command.
            CommandError: QEMU answered with another error.
            CommandDeadlineError: no answer came in time.
            PeerError: the answer is not QMP.
            GuestDiedError: QEMU went away.
            SessionEndedError: the session is over.
        """
        if asyncio.get_running_loop() is not self._loop:
            remote = self._post(command, arguments, deadline=deadline, out_of_band=out_of_band)
            return await asyncio.wrap_future(remote)
        limit_s = self._command_s if deadline is None else _limit(deadline)
        try:
            async with asyncio.timeout(limit_s):
                result = await self._send(command, arguments, out_of_band=out_of_band)
        except TimeoutError as error:
            self._count_unanswered()
            told = deadline.purpose if deadline else f"{limit_s:g} s"
            raise CommandDeadlineError(f"QEMU did not answer {command} in time ({told})") from error
        except CommandError as error:
            self._unanswered = 0
            if error.error_class != "CommandNotFound":
                raise
            if command not in EMULATIONS:
                raise CommandMissingError(command, self.version_text) from error
            return await EMULATIONS[command](partial(self.execute, deadline=deadline), arguments or {})
        except SessionEndedError as error:
            raise await self._why(error) from error
        self._unanswered = 0
        return result

    async def _send(self, command: str, arguments: Mapping[str, Any] | None, *, out_of_band: bool) -> Any:
        """Execute a command as soon as there is a connection; one that may have arrived is not sent again."""
        while True:
            if not self._open.is_set():
                await self._reopened()
            try:
                return await self._transport.execute(command, arguments, out_of_band=out_of_band)
            except NotSentError:
                if self._open.is_set():
                    raise

    def call(
        self, command: str, arguments: Mapping[str, Any] | None = None, *, deadline: Deadline | None = None
    ) -> Any:
        """Execute `command` from a thread that runs no event loop; otherwise as `execute`."""
        if threading.get_ident() == self._thread_id:
            raise SessionEndedError(f"{command}: call() would block the session's own event loop; await execute()")
        return self._post(command, arguments, deadline=deadline, out_of_band=False).result()

    def _post(self, command: str, arguments: Mapping[str, Any] | None, **options: Any) -> Any:
        """Have the session's own loop execute `command`."""
        coroutine = self.execute(command, arguments, **options)
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError as error:
            coroutine.close()
            raise SessionEndedError(f"{command}: the session's event loop has ended") from error

    async def send_file_descriptor(self, file_descriptor: int, name: str) -> None:
        """Give QEMU a file descriptor under a name (`getfd`); for the direct transport, on the session's own loop.

        Raises:
            EmulatorError: QEMU does not take it.
        """
        self._transport.send_file_descriptor(file_descriptor)
        await self.execute("getfd", {"fdname": name})

    def subscribe(self, *names: str, capacity: int = CAPACITY) -> Subscription:
        """Subscribe to the events `names`, to all without any; safe from any thread.

        Args:
            names: QMP's names of the events.
            capacity: how many the queue holds; beyond that the oldest go.
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

    async def ended(self) -> EmulatorError:
        """Wait until the session is over and return the reason."""
        await self._ended.wait()
        return self._reason or SessionEndedError("the session is closed")

    async def close(self) -> None:
        """End the session; harmless when it has ended."""
        self._closing = True
        self._open.clear()
        for task in tuple(self._tasks):
            task.cancel()
        await self._transport.close()
        self._finish(SessionEndedError("the session is closed"))

    def _count_unanswered(self) -> None:
        """Give the connection up when the peer has been silent for many commands, so that nothing piles up."""
        self._unanswered += 1
        if self._unanswered > UNANSWERED_LIMIT and self._open.is_set():
            self._open.clear()
            self._reason = PeerError(f"QEMU left {self._unanswered} commands unanswered")
            self._spawn(self._give_up(self._reason))

    async def _give_up(self, reason: EmulatorError) -> None:
        await self._transport.close()
        self._finish(reason)

    def _spawn(self, coroutine: Any) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _lose(self, cause: Exception | None) -> None:
        """The connection ended."""
        self._open.clear()
        if not self._closing and self._reason is None:
            self._spawn(self._recover(cause))

    async def _recover(self, cause: Exception | None) -> None:
        """Find out why the connection ended, and make a new one where that is possible."""
        deadline = Deadline.after(RECONNECT_S, "the monitor comes back")
        lost = SessionEndedError(_lost_text(cause))
        reason = await self._why(lost)
        while reason is lost and self._transport.reconnects and not deadline.passed:
            try:
                await self.open(deadline)
            except (SessionEndedError, PeerError, DeadlineError):
                await asyncio.sleep(RECONNECT_PAUSE_S)
                continue
            except EmulatorError as error:
                reason = error
                break
            self.reconnects += 1
            return
        self._finish(reason)

    async def _reopened(self) -> None:
        """Wait until the connection is there again.

        Raises:
            EmulatorError: it is not coming back.
        """
        if self._reason is not None:
            raise self._reason
        waits = [asyncio.ensure_future(event.wait()) for event in (self._open, self._ended)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._reason is not None:
            raise self._reason

    def _finish(self, reason: EmulatorError) -> None:
        """The session is over for good."""
        with self._lock:
            self._reason = self._reason or reason
            subscriptions = self._subscriptions
        self._ended.set()
        for subscription in subscriptions:
            subscription.end(self._reason)

    async def _why(self, ended: EmulatorError) -> EmulatorError:
        """Return the better reason: QEMU's death where there was one, otherwise `ended`."""
        if self._reason is not None and not isinstance(self._reason, SessionEndedError):
            return self._reason
        obituary = await self._obituary() if self._obituary and not self._closing else None
        return obituary or ended


def _limit(deadline: Deadline) -> float | None:
    """Return the seconds left; None for a deadline that never comes."""
    left_s = deadline.left_s
    return None if left_s == float("inf") else left_s


def _lost_text(cause: Exception | None) -> str:
    """Say how a connection ended."""
    if cause is None or isinstance(cause, EOFError):
        return "QEMU closed its monitor"
    return f"the connection to QEMU's monitor broke: {cause or type(cause).__name__}"


@asynccontextmanager
async def start_session(
    transport: Transport, deadline: Deadline, *, command_s: float = COMMAND_S, obituary: Obituary | None = None
) -> AsyncIterator[QmpSession]:
    """Yield an open session; it is closed in the end.

    Args:
        transport: the way to QEMU.
        deadline: by when it has to be open.
        command_s: limit of a command that is given none.
        obituary: says why QEMU went away, if it did.

    Raises:
        EmulatorError: as `QmpSession.open`.
    """
    session = QmpSession(transport, command_s=command_s, obituary=obituary)
    try:
        await session.open(deadline)
        yield session
    finally:
        await session.close()
