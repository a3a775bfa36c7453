"""The prefixes of a run: open while cells go on from them, kept in the cache from run to run.

A prefix is made once, by a cell of its own sort, for the first cell that wants it. What is kept is the guest's memory
without its holes, the state of its devices, and what is told of the rest; the cache checks it by its digest when it is
read, which is once while cells of a run want it, and what is damaged is made anew. Of guests whose beginning cannot be
shared, just that is kept.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto

from bootrig.cache import CacheError, Room
from bootrig.emulator.guest.memory import iter_extents, make_memory_file, seal
from bootrig.temporary import remove_path

ROOM = Room("prefixes", 1, limit=2 << 30)
# One that is larger serves its run alone; those of known guests have 4 to 50 MB.
KEPT_LIMIT = 128 << 20
NONE = "none"
# After so many that could not be made because something broke, no more is tried in a run.
REFUSALS = 2

Descriptors = tuple[int, int, int]


class Place(Enum):
    """Where a prefix is."""

    OPEN = auto()
    IN_THE_MAKING = auto()
    NOWHERE = auto()
    FAILED = auto()


class Shelf:
    """The prefixes of one run, inside the `with` of `start_shelf`; called by their keys.

    Args:
        tell: called once, with the reason, where a prefix cannot be made or used, so that cells boot cold.
    """

    def __init__(self, tell: Callable[[str], None] = lambda _reason: None) -> None:
        self._tell = tell
        self._refusals = 0
        self._open: dict[str, Descriptors] = {}
        self._made: set[str] = set()
        self._proven: set[str] = set()  # those that were open once
        self._failed: set[str] = set()
        self._bonds: dict[str, set[str]] = {}

    def has(self, key: str) -> bool:
        """Whether a prefix needs not be made any more."""
        return key in self._open or (key not in self._failed and ROOM.path_of(key).exists())

    def knows_none(self, key: str) -> bool:
        """Whether it is known from another run that there is no such prefix, as for an empty key."""
        try:
            return not key or ROOM.find([key, NONE]) is not None
        except CacheError:
            return False

    def bind(self, keys: Iterable[str]) -> None:
        """Let these prefixes be used together or not at all."""
        joined = set(keys)
        for key in tuple(joined):
            joined |= self._bonds.get(key, set())
        for key in joined:
            self._bonds[key] = joined

    def look(self, key: str) -> Place:
        """Return where a prefix is; from the cache it comes when it is looked for."""
        bound = self._bonds.get(key, {key})
        if bound & self._failed:
            return Place.FAILED
        if key not in self._open and key not in self._made and (found := _load(key)) is not None:
            self._take(key, found)
        if key in self._made:
            return Place.IN_THE_MAKING
        if key not in self._open:
            return Place.NOWHERE if self._refusals < REFUSALS else Place.FAILED
        return Place.OPEN if all(one in self._proven or self.has(one) for one in bound) else Place.IN_THE_MAKING

    def begin(self, key: str) -> None:
        """Note that a prefix is being made."""
        self._made.add(key)

    def put(self, key: str, descriptors: Descriptors) -> None:
        """Take a prefix that was made, and keep it for other runs."""
        self._made.discard(key)
        self._take(key, descriptors)
        _keep(key, descriptors)

    def find_none(self, key: str, *, is_known: bool) -> None:
        """Note that a guest has no beginning that can be shared: for other runs too where that `is_known` of it.

        Where it was only not seen, as on a loaded host, the next run tries again.
        """
        self._fail(key)
        if is_known:
            with suppress(CacheError):
                ROOM.keep([key, NONE], b"")

    def refuse(self, key: str, why: str) -> None:
        """Note that a prefix cannot be made or used, because something breaks; it is told once."""
        self._fail(key)
        with suppress(OSError):
            remove_path(ROOM.path_of(key))
        self._refusals += 1
        if self._refusals == 1:
            self._tell(why)

    def _fail(self, key: str) -> None:
        self._made.discard(key)
        self._failed.add(key)
        self._close(key)

    def find(self, key: str) -> Descriptors | None:
        """Return an open prefix, which stays the shelf's; None where the cell boots cold."""
        return self._open.get(key) if self.look(key) is Place.OPEN else None

    def _take(self, key: str, descriptors: Descriptors) -> None:
        self._open[key] = descriptors
        self._proven.add(key)

    def release(self, wanted: Iterable[str]) -> None:
        """Close the prefixes that are not `wanted` any more."""
        for key in set(self._open) - set(wanted):
            self._close(key)

    def _close(self, key: str) -> None:
        for descriptor in self._open.pop(key, ()):
            os.close(descriptor)


@contextmanager
def start_shelf(tell: Callable[[str], None] = lambda _reason: None) -> Iterator[Shelf]:
    """Yield an empty shelf; what is open is closed with the `with`."""
    shelf = Shelf(tell)
    try:
        yield shelf
    finally:
        shelf.release(())


def _keep(key: str, descriptors: Descriptors) -> None:
    """Write a prefix into the cache; where that is not possible, it serves this run alone."""
    memory, state, told = descriptors
    extents = list(iter_extents(memory))
    lengths = [os.fstat(descriptor).st_size for descriptor in descriptors]
    if sum(length for _, length in extents) + sum(lengths[1:]) > KEPT_LIMIT:
        return
    heading = json.dumps({"lengths": lengths, "extents": extents}).encode() + b"\n"
    data = (os.pread(memory, length, offset) for offset, length in extents)
    content = b"".join([heading, os.pread(state, lengths[1], 0), os.pread(told, lengths[2], 0), *data])
    try:
        ROOM.keep(key, content)
    except CacheError:
        return


def _load(key: str) -> Descriptors | None:
    """Return a prefix from the cache, None where there is none that is whole."""
    try:
        content = ROOM.find(key)
    except CacheError:
        return None
    if content is None:
        return None
    end = content.index(b"\n") + 1
    told = json.loads(content[:end])
    memory_length, state_length, told_length = told["lengths"]
    view = memoryview(content)[end:]
    parts = [
        (memory_length, told["extents"], view[state_length + told_length :]),
        (state_length, [[0, state_length]], view[:state_length]),
        (told_length, [[0, told_length]], view[state_length : state_length + told_length]),
    ]
    memory, state, rest = (_fill(*part) for part in parts)
    return memory, state, rest


def _fill(length: int, extents: Iterable[tuple[int, int]], data: memoryview) -> int:
    """Return the descriptor of a sealed memfd of which these extents have `data`, one after the other."""
    descriptor, position = make_memory_file(length), 0
    for offset, count in extents:
        os.pwrite(descriptor, data[position : position + count], offset)
        position += count
    seal(descriptor)
    return descriptor
