"""A process and everything below it, as /proc shows it: what state each is in, and killing all of it.

Source: proc(5), `/proc/PID/stat` and `/proc/PID/task/TID/children`; pidfd_open(2).
"""

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

STOPPED_STATES, DEAD_STATES = "Tt", "ZX"
STATE_WORDS = {
    "R": "runs",
    "S": "sleeps",
    "D": "waits for the kernel",
    "T": "is stopped",
    "t": "is stopped",
    "I": "idles",
}
KILL_S = 2.0


@dataclass(frozen=True, slots=True)
class LiveProcess:
    """A process that has not ended.

    Attributes:
        generation: 0 for the root, 1 for its children.
        state: the kernel's letter: R runs, S sleeps, D waits for the kernel, T is stopped, t is held by a debugger.
        command: its words, or its name where it has none.
    """

    pid: int
    generation: int
    state: str
    command: str

    @property
    def is_stopped(self) -> bool:
        """Whether it runs only when somebody continues it."""
        return self.state in STOPPED_STATES


def iter_tree(root: int, generation: int = 0) -> Iterator[LiveProcess]:
    """Yield the process `root` and those below it that have not ended, parents before their children."""
    own = Path("/proc", str(root))
    try:
        name, _, rest = (own / "stat").read_text(errors="replace").rpartition(")")
        state = rest.split()[0]
        words = (own / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return
    if state not in DEAD_STATES:
        yield LiveProcess(root, generation, state, words or name.partition("(")[2])
    children: list[int] = []
    with suppress(OSError):
        for task in (own / "task").iterdir():
            children += map(int, (task / "children").read_text().split())
    for child in children:
        yield from iter_tree(child, generation + 1)


def kill_tree(root: int) -> bool:
    """Kill a process and everything below it, stopped or not, and wait a little for its end.

    Returns:
        Whether all of it has ended; the caller still has to reap `root` where that is its child.
    """
    limit_s = time.monotonic() + KILL_S
    with ExitStack() as stack:
        handles = []
        for process in iter_tree(root):
            with suppress(ProcessLookupError):
                handle = os.pidfd_open(process.pid)
                stack.callback(os.close, handle)
                handles.append(handle)
        for handle in handles:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        return all([_await_end(handle, limit_s) for handle in handles])


def _await_end(handle: int, limit_s: float) -> bool:
    """Wait until `limit_s` on the monotonic clock for a process to end; return whether it has."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(max(0.0, limit_s - time.monotonic()) * 1000))
