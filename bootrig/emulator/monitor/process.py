"""Starting QEMU with a monitor that is connected before it runs, and noticing when it ends."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bootrig.deadline import Deadline
from bootrig.emulator.errors import EmulatorError, GuestDiedError, GuestStartError
from bootrig.emulator.monitor.session import QmpSession, start_session
from bootrig.emulator.monitor.transport import DirectTransport
from bootrig.process import RunningProcess, small_environment, start_process

END_S = 3.0
DEATH_S = 0.5


class QemuProcess:
    """QEMU's process, and the moment when it ends.

    Attributes:
        running: the process.
        ended: set when it has ended.
    """

    def __init__(self, running: RunningProcess, stack: ExitStack) -> None:
        self.running = running
        self.ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._descriptor = os.pidfd_open(running.pid)
        stack.callback(os.close, self._descriptor)
        self._loop.add_reader(self._descriptor, self._note_end)
        stack.callback(self._loop.remove_reader, self._descriptor)

    def _note_end(self) -> None:
        self._loop.remove_reader(self._descriptor)
        self.ended.set()

    async def obituary(self) -> EmulatorError | None:
        """Return how QEMU ended, if it did; its monitor closes a moment earlier."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DEATH_S):
                await self.ended.wait()
        status = self.running.poll()
        if status is None:
            return None
        how = f"exit status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"
        return GuestDiedError(f"QEMU went away with {how}", status=status, output=self.running.tail())

    async def end(self) -> None:
        """Ask QEMU to end and wait a little; `start_process` makes sure of it afterwards."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await self.ended.wait()


@dataclass(frozen=True, slots=True)
class RunningQemu:
    """A QEMU that answers: its process, session and command."""

    process: QemuProcess
    session: QmpSession
    command: tuple[str, ...]


@asynccontextmanager
async def start_qemu(
    words: Callable[[int], Sequence[str]],
    output: Path,
    deadline: Deadline,
    *,
    environment: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> AsyncIterator[RunningQemu]:
    """Yield a QEMU that answers; it ends with the `with`.

    Args:
        words: returns the command, given the file descriptor of the socket that becomes its monitor.
        output: the file into which it prints; its directory is QEMU's working directory.
        deadline: when it has to answer.
        environment: variables that it needs beside those that all processes get.
        pass_fds: further file descriptors that it inherits.

    Raises:
        GuestStartError: it ended at once or does not answer.
        ToolMissingError: there is no such program.
        ProcessError: it cannot be started.
    """
    async with AsyncExitStack() as stack:
        processes = stack.enter_context(ExitStack())
        monitor, far_monitor = socket.socketpair()
        processes.callback(monitor.close)
        with far_monitor:
            command = tuple(words(far_monitor.fileno()))
            descriptors = (far_monitor.fileno(), *pass_fds)
            running = processes.enter_context(
                start_process(
                    command,
                    output=output,
                    environment=small_environment(environment),
                    directory=output.parent,
                    pass_fds=descriptors,
                )
            )
        process = QemuProcess(running, processes)
        stack.push_async_callback(process.end)
        try:
            session = await stack.enter_async_context(
                start_session(DirectTransport(monitor), deadline, obituary=process.obituary)
            )
        except EmulatorError as error:
            raise _start_error(process, error) from error
        yield RunningQemu(process, session, command)


def _start_error(process: QemuProcess, error: EmulatorError) -> GuestStartError:
    """Return the error of a QEMU that did not start."""
    if isinstance(error, GuestDiedError):
        message = str(error).partition("\n")[0].replace("went away", "ended at once")
        return GuestStartError(message, status=error.status, output=error.output)
    return GuestStartError(f"QEMU started, but: {error}", output=process.running.tail())
