"""Watching a cell from outside of it: its outer deadline, and processes of it that are stopped.

A cell ends itself by its scenario's deadline. What hangs in a way that it cannot notice (its own process is stopped or
blocked, a server is stopped) is noticed here, by whoever started the cell and in that process.
"""

import time

from bootrig.process_tree import STATE_WORDS, LiveProcess, iter_tree
from bootrig.scenario.scenario import Scenario

PERIOD_S = 0.5
# A process that was seen stopped so many times in a row, which takes 2 s, is broken. Looks are counted, not seconds, so
# that what is stopped together with whoever looks (by Ctrl-Z) goes on with it.
STOPPED_LOOKS = 5
# The cell ends itself by its scenario's deadline, which counts from the guest's start; so long after it, it is broken.
GRACE_S = 10.0
# Making the services and QEMU ready before (20 s are QEMU's own limit), ending and decoding after; it takes a few
# tenths of a second on an idle host.
SETUP_S = 60.0
# What the processes are by their generation: a cell's process is the first where a zygote forks it.
# Those below it are its programs.
GENERATIONS = ("the cell's process", "the keeper of its namespaces", "its init process")


def find_limit_s(scenario: Scenario) -> float:
    """Return after how many seconds of wall time since its start a cell is broken."""
    return SETUP_S + scenario.deadline.wall_s + GRACE_S


class Watchdog:
    """Watches the cell whose outermost process is `root`; `generations` name it and those below it, in their order.

    The clock runs from now on; where `limit_s` is None there is no deadline.
    """

    def __init__(self, root: int, limit_s: float | None, generations: tuple[str, ...] = GENERATIONS) -> None:
        self.root = root
        self._limit_s = limit_s
        self._generations = generations
        self._begun_s = time.monotonic()
        self._looks: dict[int, int] = {}  # how many times in a row a process was seen stopped

    def find_fault(self) -> str:
        """Look at the cell's processes, every `PERIOD_S`; return which of them hang, empty for none."""
        tree = list(iter_tree(self.root))
        self._looks = {p.pid: self._looks.get(p.pid, 0) + 1 for p in tree if p.is_stopped}
        stopped = [self._name(process) for process in tree if self._looks.get(process.pid, 0) >= STOPPED_LOOKS]
        if stopped:
            return f"{' and '.join(stopped)} {'was' if len(stopped) == 1 else 'were'} stopped (SIGSTOP or a debugger)"
        if self._limit_s is not None and time.monotonic() - self._begun_s > self._limit_s:
            states = ", ".join(f"{self._name(p)} {STATE_WORDS.get(p.state, p.state)}" for p in tree)
            return f"the cell did not end within {self._limit_s:.0f} s: {states or 'none of its processes is left'}"
        return ""

    def _name(self, process: LiveProcess) -> str:
        """Return which part of the cell a process is."""
        if process.generation < len(self._generations):
            return self._generations[process.generation]
        program = process.command.partition(" ")[0].rpartition("/")[2]
        return "QEMU" if "qemu-system" in process.command else program
