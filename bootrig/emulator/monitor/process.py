"""Starting QEMU with a monitor that is connected before it runs, and noticing when it ends."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bootrig.confinement.confinement import Confinement
from bootrig.deadline import Deadline
from bootrig.emulator.errors import EmulatorError, GuestDiedError, GuestStartError
from bootrig.emulator.monitor.session import QmpSession, start_session
from bootrig.emulator.monitor.transport import DirectTransport
from bootrig.process import RunningProcess, small_environment, start_process

END_S = 3.0
DEATH_S = 0.5


@dataclass(frozen=True, slots=True)
class RunningQemu:
    """A QEMU that answers: its session and command, and what of its confinement this machine does not allow."""

    session: QmpSession
    command: tuple[str, ...]
    lacking: tuple[str, ...] = ()


async def _await_end(running: RunningProcess, limit_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await running.ended()


async def _find_obituary(running: RunningProcess) -> EmulatorError | None:
    """Return how QEMU ended, if it did; its monitor closes a moment earlier."""
    await _await_end(running, DEATH_S)
    status = running.poll()
    if status is None:
        return None
    how = f"exit status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"
    return GuestDiedError(f"QEMU went away with {how}", status=status, output=running.tail())


async def _end(running: RunningProcess) -> None:
    """Ask QEMU to end and wait a little; `start_process` makes sure of it afterwards."""
    running.terminate()
    await _await_end(running, END_S)


@asynccontextmanager
async def start_qemu(
    words: Callable[[int], Sequence[str]],
    output: Path,
    deadline: Deadline,
    *,
    environment: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    confinement: Confinement | None = None,
) -> AsyncIterator[RunningQemu]:
    """Yield a QEMU that answers; it ends with the `with`.

    Args:
        words: returns the command, given the file descriptor of the socket that becomes its monitor.
        output: the file into which it prints; its directory is QEMU's working directory.
        deadline: when it has to answer.
        environment: variables that it needs beside those that all processes get.
        pass_fds: further file descriptors that it inherits.
        confinement: what it may see and do; without, what this process may.

    Raises:
        GuestStartError: it ended at once or does not answer.
        ToolMissingError: there is no such program.
        ProcessError: it cannot be started.
        ConfinementError: it cannot be confined.
    """
    async with AsyncExitStack() as stack:
        monitor, far_monitor = socket.socketpair()
        stack.callback(monitor.close)
        with far_monitor:
            command = tuple(words(far_monitor.fileno()))
            running = stack.enter_context(
                start_process(
                    command,
                    output=output,
                    environment=small_environment(environment),
                    directory=output.parent,
                    pass_fds=(far_monitor.fileno(), *pass_fds),
                    confinement=confinement,
                )
            )
        stack.push_async_callback(_end, running)
        starting = start_session(DirectTransport(monitor), deadline, obituary=partial(_find_obituary, running))
        try:
            session = await stack.enter_async_context(starting)
        except GuestDiedError as error:
            message = str(error).partition("\n")[0].replace("went away", "ended at once")
            raise GuestStartError(message, status=error.status, output=error.output) from error
        except EmulatorError as error:
            raise GuestStartError(f"QEMU started, but: {error}", output=running.tail()) from error
        yield RunningQemu(session, command, running.lacking)
