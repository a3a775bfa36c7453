"""Prefixes: frozen beginnings of boots, as descriptors that go from process to process.

A cell of its own sort makes one (`prefix.py`), the scheduler keeps it, and cells boot from it. Each of them has three
descriptors, of files that nobody can change: the guest's memory, its devices' state, and what is told of the rest.
"""

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from bootrig.emulator.errors import FreezeError
from bootrig.emulator.guest.freezing import TOLD_LIMIT, FrozenGuest, find_frozen_guest
from bootrig.emulator.guest.memory import is_sealed, make_memory_file, seal
from bootrig.trace.trace import PrefixUse

DESCRIPTORS = 3
MESSAGE = b"prefix"


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning that a boot goes on from: its key, and the guest as it was frozen."""

    key: str
    frozen: FrozenGuest

    @property
    def use(self) -> PrefixUse:
        """What a trace says of it."""
        return PrefixUse(self.key, self.frozen.guest_s)


def open_prefix(key: str, descriptors: Sequence[int]) -> Prefix:
    """Return the prefix of three descriptors; that of what is told is closed.

    Raises:
        FreezeError: they are not those of a prefix.
    """
    memory, state, told = descriptors
    content = os.pread(told, TOLD_LIMIT, 0)
    os.close(told)
    return Prefix(key, find_frozen_guest(memory, state, content))


def send_frozen(channel: socket.socket, frozen: FrozenGuest) -> None:
    """Send the descriptors of a guest that was frozen; whoever reads has them even where this process has ended.

    Raises:
        FreezeError: the guest has printed too much.
        OSError: nobody reads.
    """
    content = frozen.tell()
    if len(content) > TOLD_LIMIT:
        raise FreezeError(f"of the guest there is more to tell than {TOLD_LIMIT >> 10} KiB")
    told = make_memory_file(0)
    try:
        os.write(told, content)
        seal(told)
        socket.send_fds(channel, [MESSAGE], [frozen.memory, frozen.state, told])
    finally:
        os.close(told)


def receive_frozen(channel: socket.socket, memory_length: int) -> tuple[int, int, int] | None:
    """Return the descriptors that `send_frozen` has sent, None where there are none or they are not of a prefix.

    They come from a process that a guest may have taken over; so what they are is looked at.
    """
    channel.setblocking(False)
    content, descriptors = b"", list[int]()
    with suppress(OSError):
        content, descriptors, _, _ = socket.recv_fds(channel, len(MESSAGE), DESCRIPTORS)
    is_whole = content == MESSAGE and len(descriptors) == DESCRIPTORS and all(map(is_sealed, descriptors))
    if is_whole and os.fstat(descriptors[0]).st_size == memory_length:
        memory, state, told = descriptors
        return memory, state, told
    for descriptor in descriptors:
        os.close(descriptor)
    return None
