"""What a worker elsewhere does: it takes in contents, runs cells, and forgets the run when that ends.

Its functions are called by name from the machine on which the run is; they take and return bytes. A worker runs as many
cells at a time as it has threads, each in a pool of its own, so the deadlines and the watching are those of the pool. A
run that was not heard of for a while is forgotten.
"""

import asyncio
import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bootrig.cache import Room
from bootrig.cell.specification import SPECIFICATION_FILE, CellSpecification, load_specification
from bootrig.deadline import Deadline
from bootrig.emulator.release.recipes import find_emulator
from bootrig.schedule.errors import WorkerError
from bootrig.schedule.executors.executor import CellResult
from bootrig.schedule.executors.order import Answer, Order, decode_order, encode_answer
from bootrig.schedule.executors.pool import Pool, start_pool
from bootrig.schedule.shelf import Shelf, start_shelf
from bootrig.temporary import remove_path
from bootrig.workdir import start_work_directory, write_atomically

CONTENTS = Room("contents", 1, limit=1 << 30)
# After so many seconds without a cell a run is forgotten, for its machine may be gone.
IDLE_S = 120.0
ENDS_S, LOOK_S = 30.0, 0.05


class _EndedError(Exception):
    """The run has ended."""


@dataclass(slots=True)
class _Place:
    """Where one cell at a time runs: a directory that is like the run's, and a pool.

    Attributes:
        laid: the digests of the files that are there, by their paths.
        told: why cells boot cold.
    """

    stack: ExitStack
    directory: Path
    pool: Pool
    shelf: Shelf
    told: list[str]
    laid: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Session:
    """A run, as one worker sees it."""

    free: list[_Place] = field(default_factory=list)
    running: int = 0
    has_ended: threading.Event = field(default_factory=threading.Event)
    forgetting: threading.Timer | None = None


_lock = threading.Lock()
_sessions: dict[str, _Session] = {}
_ended: set[str] = set()


def run_order(session: str, encoded: bytes, contents: Mapping[str, bytes]) -> bytes:
    """Take in `contents` and run the cell of an order if nothing that it names is lacking; return the answer.

    Raises:
        RigError: this machine cannot run cells, or contents arrived that are not what their digests say.
    """
    order = decode_order(encoded)
    for digest, content in contents.items():
        take_in(digest, content)
    found = {digest: CONTENTS.find(digest) for digest in set(order.files.values())}
    lacking = tuple(sorted(digest for digest, content in found.items() if content is None))
    if lacking:
        return encode_answer(Answer(lacking=lacking))
    known = {digest: content for digest, content in found.items() if content is not None}
    try:
        with _take_place(session) as (place, has_ended):
            return encode_answer(_run(order, known, place, has_ended))
    except _EndedError:
        return encode_answer(Answer(error="the run has ended"))


def take_in(digest: str, content: bytes) -> None:
    """Keep a content that has arrived.

    Raises:
        WorkerError: it is not what its digest says.
        CacheError: it cannot be kept.
    """
    if (found := hashlib.sha256(content).hexdigest()) != digest:
        raise WorkerError(f"a content arrived damaged: its digest is {found}, not {digest}")
    CONTENTS.keep(digest, content)


async def end_session(session: str) -> None:
    """Forget a run: end its cells, remove what they have left, and wait for that."""
    with _lock:
        _ended.add(session)
        found = _sessions.pop(session, None)
    if found is None:
        return
    _forget(found)
    ends = Deadline.after(ENDS_S, "the cells end")
    while found.running and not ends.passed:  # noqa: ASYNC110 - threads end it, not tasks
        await asyncio.sleep(LOOK_S)


def _forget(session: _Session) -> None:
    session.has_ended.set()
    with _lock:
        free, session.free = session.free, []
        if session.forgetting is not None:
            session.forgetting.cancel()
    for place in free:
        place.stack.close()


def _forget_idle(name: str, session: _Session) -> None:
    with _lock:
        if session.running:
            return
        _sessions.pop(name, None)
    _forget(session)


@contextmanager
def _take_place(name: str) -> Iterator[tuple[_Place, threading.Event]]:
    """Yield a place for one cell of a run, which is kept for the next one while the run goes on."""
    with _lock:
        if name in _ended:
            raise _EndedError
        session = _sessions.setdefault(name, _Session())
        session.running += 1
        place = session.free.pop() if session.free else None
        if session.forgetting is not None:
            session.forgetting.cancel()
    is_whole = False
    try:
        place = place or _open_place()
        yield place, session.has_ended
        is_whole = True
    finally:
        with _lock:
            if is_kept := is_whole and place is not None and not session.has_ended.is_set():
                session.free.append(place)
        if place is not None and not is_kept:
            place.stack.close()
        with _lock:
            session.running -= 1
            if not session.running and not session.has_ended.is_set():
                session.forgetting = threading.Timer(IDLE_S, _forget_idle, [name, session])
                session.forgetting.daemon = True
                session.forgetting.start()


def _open_place() -> _Place:
    with ExitStack() as stack:
        directory = stack.enter_context(start_work_directory("cells")).resolve()
        told: list[str] = []
        shelf = stack.enter_context(start_shelf(told.append))
        pool = stack.enter_context(start_pool(1, directory, shelf))
        return _Place(stack.pop_all(), directory, pool, shelf, told)
    raise AssertionError("unreachable: nothing is swallowed")


def _run(order: Order, contents: Mapping[str, bytes], place: _Place, has_ended: threading.Event) -> Answer:
    """Run a cell, and return what it leaves; the attempt's directory is removed.

    Raises:
        WorkerError: the emulator is another one than before.
    """
    specification = _prepare(order, contents, place)

    def go_on() -> None:
        if has_ended.is_set():
            raise _EndedError

    (result,) = place.pool.run([specification], go_on=go_on)
    directory = specification.directory
    try:
        paths = sorted(path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
        files = {str(path.relative_to(directory)): path.read_bytes() for path in paths}
    finally:
        remove_path(specification.cell_directory)
    return _answer(result, files, place)


def _prepare(order: Order, contents: Mapping[str, bytes], place: _Place) -> CellSpecification:
    """Lay out what a cell reads, and return its specification for this machine."""
    emulator = find_emulator(order.emulator)
    if emulator.digest != order.emulator_digest:
        raise WorkerError(
            f"the emulator {order.emulator} has the digest {emulator.digest}, not {order.emulator_digest}"
        )
    (place.directory / order.data_directory).mkdir(parents=True, exist_ok=True)
    for name, digest in order.files.items():
        if place.laid.get(name) != digest:
            write_atomically(place.directory / name, contents[digest], durable=False)
            place.laid[name] = digest
    cell_directory = place.directory / order.cell_directory
    write_atomically(cell_directory / SPECIFICATION_FILE, order.specification, durable=False)
    specification = load_specification(cell_directory, order.attempt)
    prefix = "" if place.shelf.knows_none(order.prefix) else order.prefix
    return replace(specification, emulator=emulator, prefix=prefix)


def _answer(result: CellResult, files: Mapping[str, bytes], place: _Place) -> Answer:
    error = result.error
    return Answer(
        files=files,
        error="" if error is None else str(error),
        remedy="" if error is None else error.remedy,
        run_directory=str(place.directory),
        boots_cold=place.told[0] if place.told else "",
    )
