"""Which processor a cell has: all of its processes run on one.

In virtual time a guest's clock goes on while QEMU runs. A server, or QEMU's own main loop, that becomes ready on the
same processor takes the guest's place there and costs no time of that clock; on another one it has to wait for its turn
while the clock goes on, and has to be woken across processors, hundreds of times a guest's second. On two processors
with a load of 6 to 9, 18 cells of a ROM: no first attempt was disturbed (4 and 1 before), and QEMU ran a fifth less.

A processor that one run has taken is not taken by another, whoever's it is: an abstract socket's name is its lock, and
is free again when its process ends. Without one a cell runs anywhere.
"""

import os
import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

NAME = "\0bootrig-processor-{}"
SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


class Processors:
    """The processors that a pool has taken; they are given back with `close`."""

    def __init__(self) -> None:
        self._taken: dict[int, socket.socket] = {}

    def take(self) -> int | None:
        """Take a processor and return its number; None where all on which this process may run are taken."""
        for number in order_processors(sorted(os.sched_getaffinity(0))):
            if number not in self._taken and (lock := _lock(number)) is not None:
                self._taken[number] = lock
                return number
        return None

    def give_back(self, number: int | None) -> None:
        """Give back what `take` returned."""
        if number is not None:
            self._taken.pop(number).close()

    def close(self) -> None:
        """Give all back."""
        for number in tuple(self._taken):
            self.give_back(number)


def order_processors(numbers: Sequence[int]) -> list[int]:
    """Return processors in the order in which they are taken: of each core one, then those that share a core."""
    return sorted(numbers, key=lambda number: (_find_first_sibling(number) != number, number))


def run_on(number: int) -> None:
    """Let this process, and all that it starts, run on one processor; where that is taken from it, on any."""
    with suppress(OSError):
        os.sched_setaffinity(0, {number})


def _lock(number: int) -> socket.socket | None:
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        lock.bind(NAME.format(number))
    except OSError:
        lock.close()
        return None
    return lock


def _find_first_sibling(number: int) -> int:
    """Return the first processor of the same core; the processor itself where the machine does not tell."""
    try:
        found = re.match(r"\d+", Path(SIBLINGS.format(number)).read_text())
    except OSError:
        return number
    return int(found[0]) if found else number
