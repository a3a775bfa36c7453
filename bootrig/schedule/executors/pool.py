"""Many cells at a time on this machine."""

import json
import math
import os
import select
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bootrig.cell.errors import CellError
from bootrig.cell.prefix import Lack
from bootrig.cell.process import describe_host_error, load_error
from bootrig.cell.sharing import receive_frozen
from bootrig.cell.specification import CellSpecification, write_specification
from bootrig.cell.watchdog import GRACE_S, PERIOD_S, STOPPED_LOOKS, Watchdog, find_limit_s
from bootrig.confinement.limits import MIB
from bootrig.deadline import Deadline
from bootrig.errors import ExitStatus
from bootrig.jsonfile import load_json
from bootrig.process import RunningProcess, small_environment, start_process
from bootrig.process_tree import iter_tree, kill_tree
from bootrig.schedule.errors import PoolError
from bootrig.schedule.executors.executor import CellResult, report_broken
from bootrig.schedule.executors.processors import Processors
from bootrig.schedule.order import Queue
from bootrig.schedule.shelf import Place, Shelf
from bootrig.temporary import remove_abandoned, remove_path
from bootrig.trace.trace import TRACE_FILE, Trace
from bootrig.workdir import CACHE_VARIABLE, NEW_PREFIX, cache_directory

RECEIVE_LENGTH = 65536
LOG_FILE = "cells.log"
PREFIXES_DIRECTORY, PREFIX_NAME_LENGTH = "prefixes", 16
# How long the process that forks cells may take to fork one (the first has to wait for its imports), or to tell of one
# that was killed.
ANSWER_S = 30.0
# How many times another is started in its place.
RESTARTS = 1


@dataclass(slots=True)
class _Zygote:
    """The process that forks the cells, and this end of its socket."""

    control: socket.socket
    process: RunningProcess
    received: bytes = b""
    has_answered: bool = False
    stopped_looks: int = 0


@dataclass(slots=True)
class _Running:
    """A cell that is under way.

    Attributes:
        limit_s: its outer deadline in seconds of wall time; None for none.
        watchdog: watches its processes once the zygote has told which they are.
        processor: the one on which it runs; None for any.
        makes: the key of the prefix that it makes; empty for a boot.
        channel: over which the descriptors of the prefix come.
        fault: why it was killed, empty while it was not.
        awaited_by_s: when the zygote has to have told something of it, on the monotonic clock; infinity for never.
    """

    specification: CellSpecification
    limit_s: float | None
    awaited_by_s: float
    processor: int | None = None
    watchdog: Watchdog | None = None
    makes: str = ""
    channel: socket.socket | None = None
    fault: str = ""


class Pool:
    """Runs cells, at most `jobs` at a time, inside the `with` of `start_pool`.

    It watches them and the process that forks them from this process. A cell that hangs is killed and is a broken one;
    so are all that run when the process that forks them hangs or dies, which once is started anew.
    """

    def __init__(self, jobs: int, run_directory: Path, stack: ExitStack, shelf: Shelf) -> None:
        self.jobs = jobs
        self._shelf = shelf
        self._run_directory = run_directory
        self._stack = stack
        self._running: dict[str, _Running] = {}  # by attempt's directory
        stack.callback(self._clear_up)
        self._zygote = _start_zygote(run_directory, stack)
        self._starts = 1
        self._processors = Processors()
        stack.callback(self._processors.close)
        self._looked_s = 0.0

    def run(
        self,
        specifications: Sequence[CellSpecification],
        *,
        on_start: Callable[[CellSpecification], None] = lambda _cell: None,
        go_on: Callable[[], None] = lambda: None,
    ) -> Iterator[CellResult]:
        """Run cells in the order of `Queue` and yield each result as it comes; those wait whose prefix is being made.

        Every `PERIOD_S`, `go_on` is called; what it raises ends the run, while the cells end with the pool.

        Raises:
            PoolError: the process that forks the cells could not start, or is gone or hangs for the second time.
        """
        waiting = Queue(specifications, self.jobs)
        while waiting or self._running:
            go_on()
            while len(self._running) < self.jobs and (specification := self._take(waiting)) is not None:
                try:
                    write_specification(specification)
                except OSError as error:
                    yield _report_unwritten(specification, error)
                    continue
                self._begin(specification)
                on_start(specification)
            if self._running:
                yield from self._advance()
            elif waiting:
                # it is bound to one that nobody wants any more
                self._shelf.refuse(next(iter(waiting)).prefix, "another prefix that belongs to it is not made")

    def _take(self, waiting: Queue) -> CellSpecification | None:
        """Take the next cell that can begin, if there is one and a place for it."""
        taken = waiting.pop([cell.specification for cell in self._running.values()], self._may_begin)
        self._shelf.release([one.prefix for one in (*waiting, *filter(None, [taken]))])
        return taken

    def _may_begin(self, specification: CellSpecification) -> bool:
        """Whether a cell need not wait; where its prefix is nowhere, the cell that makes it begins."""
        key = specification.prefix
        if key and self._shelf.look(key) is Place.NOWHERE and len(self._running) < self.jobs:
            self._begin_prefix(specification)
        is_ready = not key or self._shelf.look(key) in (Place.OPEN, Place.FAILED)
        return is_ready and len(self._running) < self.jobs

    @contextmanager
    def start_console(self, specification: CellSpecification) -> Iterator[socket.socket]:
        """Run one cell with its console at the other end of the socket that is yielded; the cell ends with the `with`.

        Raises:
            CellError: the cell broke.
            PoolError: the process that forks the cells could not start, or is gone or hangs for the second time.
        """
        write_specification(specification)
        near, far = socket.socketpair()
        with near:
            with far:
                self._begin(specification, far)
            yield near
            near.shutdown(socket.SHUT_RDWR)
            ends = Deadline.after(GRACE_S, "the cell ends with its console")
            errors = []
            while self._running:
                errors += [result.error for result in self._advance() if result.error is not None]
                if ends.passed:
                    for cell in self._running.values():
                        _break_cell(cell, "it did not end with its console")
                    ends = Deadline.never("its end is told")
            if errors:
                raise errors[0]

    def _begin(self, specification: CellSpecification, console: socket.socket | None = None) -> None:
        """Ask for a cell; a zygote that is gone is noticed by who waits for the answer."""
        limit_s = None if console else find_limit_s(specification.scenario)
        self._running[str(specification.directory)] = _Running(specification, limit_s, time.monotonic() + ANSWER_S)
        prefix = self._shelf.find(specification.prefix) if specification.prefix and console is None else None
        what = {"console": console is not None, "prefix": specification.prefix if prefix else ""}
        self._ask(specification, [console.fileno()] if console else prefix or (), what)

    def _begin_prefix(self, specification: CellSpecification) -> None:
        """Ask for the cell that makes the prefix of a boot."""
        directory = self._run_directory / PREFIXES_DIRECTORY / specification.prefix[:PREFIX_NAME_LENGTH]
        maker = replace(specification, cell_directory=directory, prefix="")
        try:
            write_specification(maker)
        except OSError as error:
            self._shelf.refuse(specification.prefix, str(describe_host_error(error, directory)))
            return
        near, far = socket.socketpair()
        limit_s = find_limit_s(specification.scenario)
        self._running[str(maker.directory)] = _Running(
            maker, limit_s, time.monotonic() + ANSWER_S, makes=specification.prefix, channel=near
        )
        self._shelf.begin(specification.prefix)
        with far:
            self._ask(maker, [far.fileno()], {"makes_prefix": True})

    def _ask(self, specification: CellSpecification, descriptors: Sequence[int], what: Mapping[str, object]) -> None:
        processor = self._processors.take() if specification.clock.is_virtual else None
        self._running[str(specification.directory)].processor = processor
        asked = {"directory": str(specification.cell_directory), "attempt": str(specification.attempt)}
        question = {**asked, "processor": processor, **what}
        with suppress(ConnectionError):
            socket.send_fds(self._zygote.control, [json.dumps(question).encode() + b"\n"], list(descriptors))

    def _advance(self) -> Iterator[CellResult]:
        """Wait a little for cells to end, look at those that run, and yield the results of those that have ended."""
        try:
            answers = self._receive()
        except ConnectionError:
            yield from self._replace_zygote("is gone")
            return
        for directory, told in answers:
            cell = self._running[directory]
            if "process" in told:
                cell.awaited_by_s = math.inf
                cell.watchdog = Watchdog(told["process"], cell.limit_s)
            else:
                self._remove(directory)
                if cell.channel is None:
                    yield self._note_clone(_load_result(cell.specification, told["status"], cell.fault))
                else:
                    self._end_prefix(cell, cell.channel, told["status"])
        if time.monotonic() - self._looked_s >= PERIOD_S:
            self._looked_s = time.monotonic()
            for cell in self._running.values():
                if not cell.fault and cell.watchdog is not None and (fault := cell.watchdog.find_fault()):
                    _break_cell(cell, fault)
            yield from self._look_at_zygote()

    def _remove(self, directory: str) -> _Running:
        """Return a cell that has ended; its processor is free again."""
        cell = self._running.pop(directory)
        self._processors.give_back(cell.processor)
        return cell

    def _clear_up(self) -> None:
        """Remove what cells that the end of the pool has killed were writing."""
        for cell in self._running.values():
            remove_abandoned(cell.specification.directory, NEW_PREFIX)

    def _end_prefix(self, cell: _Running, channel: socket.socket, status: int) -> None:
        """Take the prefix that a cell has made; what broke stays in its directory."""
        specification = cell.specification
        with channel:
            found = receive_frozen(channel, specification.guest.memory_mib * MIB) if status == 0 else None
        if found is not None:
            self._shelf.put(cell.makes, found)
        elif status in tuple(Lack) and not cell.fault:
            self._shelf.find_none(cell.makes, is_known=status == Lack.NOTHING)
        else:
            told = _load_result(specification, status or ExitStatus.BROKEN, cell.fault).error
            self._shelf.refuse(cell.makes, str(told))
            return
        remove_path(specification.cell_directory)
        with suppress(OSError):
            specification.cell_directory.parent.rmdir()

    def _note_clone(self, result: CellResult) -> CellResult:
        """Return the result of a boot; a prefix of which QEMU thawed no clone is not tried again."""
        prefix, trace = result.specification.prefix, result.trace
        if prefix and trace is not None and trace.prefix is None and self._shelf.look(prefix) is Place.OPEN:
            self._shelf.refuse(prefix, f"{trace.cell}: QEMU did not thaw a guest")
        return result

    def _receive(self) -> list[tuple[str, dict[str, int]]]:
        """Wait at most `PERIOD_S` for answers; return attempt's directory and what is told of it.

        Raises:
            ConnectionError: the zygote is gone.
        """
        zygote = self._zygote
        if not select.select([zygote.control], [], [], PERIOD_S)[0]:
            return []
        content = zygote.control.recv(RECEIVE_LENGTH)
        if not content:
            raise ConnectionResetError
        zygote.has_answered = True
        *lines, zygote.received = (zygote.received + content).split(b"\n")
        answers = [json.loads(line) for line in lines]
        return [(str(Path(answer["directory"]) / answer["attempt"]), answer) for answer in answers]

    def _look_at_zygote(self) -> Iterator[CellResult]:
        """Replace the zygote where it is stopped or does not answer; yield the cells that this breaks."""
        zygote = self._zygote
        is_stopped = any(process.is_stopped for process in iter_tree(zygote.process.pid) if process.generation == 0)
        zygote.stopped_looks = zygote.stopped_looks + 1 if is_stopped else 0
        if zygote.stopped_looks >= STOPPED_LOOKS:
            yield from self._replace_zygote("was stopped (SIGSTOP or a debugger)")
        elif any(time.monotonic() > cell.awaited_by_s for cell in self._running.values()):
            yield from self._replace_zygote("does not answer")

    def _replace_zygote(self, how: str) -> Iterator[CellResult]:
        """Kill the zygote with its cells, start another, and yield the cells that this breaks.

        Raises:
            PoolError: it is not the first one, or has never answered.
        """
        message = f"the process that forks the cells {how}\n{self._zygote.process.tail()}".rstrip()
        for cell in self._running.values():
            if cell.watchdog is not None:
                kill_tree(cell.watchdog.root)
        kill_tree(self._zygote.process.pid)
        if self._starts > RESTARTS or not self._zygote.has_answered:
            self._running.clear()
            raise PoolError(message)
        self._zygote = _start_zygote(self._run_directory, self._stack)
        self._starts += 1
        broken = [self._remove(directory) for directory in tuple(self._running)]
        for cell in broken:
            if cell.channel is None:
                yield report_broken(cell.specification, cell.fault or message)
            else:
                cell.channel.close()
                self._shelf.refuse(cell.makes, cell.fault or message)


def _break_cell(cell: _Running, fault: str) -> None:
    """Kill a cell because of `fault`; the zygote will tell that it has ended."""
    cell.fault = fault
    cell.awaited_by_s = time.monotonic() + ANSWER_S
    if cell.watchdog is not None:
        kill_tree(cell.watchdog.root)


def _load_result(specification: CellSpecification, status: int, fault: str) -> CellResult:
    """Return what a cell that ended with `status` left in its directory; `fault` is why it was killed, empty if not."""
    directory = specification.directory
    if fault:
        return report_broken(specification, fault)
    if status == 0:
        return CellResult(specification, load_json(directory / TRACE_FILE, Trace), None)
    remove_abandoned(directory, NEW_PREFIX)
    return CellResult(specification, None, load_error(directory, str(specification.key), status))


def _report_unwritten(specification: CellSpecification, error: OSError) -> CellResult:
    """Return what it means that a cell's specification cannot be written."""
    told = describe_host_error(error, specification.cell_directory)
    label, directory = str(specification.key), str(specification.directory)
    return CellResult(specification, None, CellError(str(told), label=label, directory=directory, remedy=told.remedy))


def _start_zygote(run_directory: Path, stack: ExitStack) -> _Zygote:
    """Start the process that forks cells; it ends with the stack.

    Raises:
        ProcessError: it cannot be started.
    """
    near, far = socket.socketpair()
    stack.enter_context(near)
    environment = small_environment(
        {
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            CACHE_VARIABLE: str(cache_directory().resolve()),
        }
    )
    # -P: not modules of the directory in which the user is
    argv = [sys.executable, "-P", "-m", "bootrig.schedule.zygote", str(far.fileno())]
    with far:
        process = stack.enter_context(
            start_process(
                argv,
                output=run_directory / LOG_FILE,
                environment=environment,
                pass_fds=[far.fileno()],
                has_own_session=True,
            )
        )
    return _Zygote(near, process)


@contextmanager
def start_pool(jobs: int, run_directory: Path, shelf: Shelf | None = None) -> Iterator[Pool]:
    """Start a pool for `jobs` cells at a time; all cells end with the `with`. Their prefixes are on the `shelf`.

    Raises:
        ProcessError: it cannot be started.
    """
    with ExitStack() as stack:
        yield Pool(jobs, run_directory, stack, shelf or Shelf())
