"""Cells that run on workers elsewhere, whatever reaches these: who gets which cell, and what becomes of those that die.

A worker is asked first what it has, and refused where that is not what this machine has. A cell whose worker dies is
tried once more, on another one. The results come back as those of the pool do; `Cluster` is what starts calls.
"""

import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bootrig.cell.process import describe_host_error
from bootrig.cell.specification import CellSpecification, write_specification
from bootrig.cell.watchdog import find_limit_s
from bootrig.deadline import Deadline
from bootrig.errors import RigError
from bootrig.schedule.errors import WorkerError
from bootrig.schedule.executors.executor import CellResult, report_broken
from bootrig.schedule.executors.likeness import describe_worker, iter_faults
from bootrig.schedule.executors.order import Packed, Packer, decode_answer, encode_order, unpack
from bootrig.schedule.executors.worker import end_session, run_order
from bootrig.schedule.order import Queue

logger = logging.getLogger(__name__)

# How long a call or a change of the workers is waited for at a time.
PERIOD_S = 0.5
# How long workers are waited for where there is none, and how long one may take to say what it has: it may have to
# unpack an emulator.
NONE_S, DESCRIBE_S = 30.0, 900.0
# What a cell may take beside its outer deadline on its worker: contents on their way, an emulator that is looked at.
TRANSFER_S = 120.0
# On how many workers a cell is tried that die.
TRIES = 2


class DiedError(Exception):
    """The worker of a call is gone."""


class Call(Protocol):
    """A function that a worker was asked to call."""

    @property
    def is_done(self) -> bool:
        """Whether there is a result."""

    def result(self) -> Any:
        """Return the result of a call that is done, or raise what it raised; a DiedError where its worker is gone."""

    def cancel(self) -> None:
        """Want no result any more."""


class Cluster(Protocol):
    """Workers elsewhere."""

    def list_workers(self) -> Mapping[str, "Worker"]:
        """Return the workers that live, by their addresses; a WorkerError where nobody can tell."""

    def submit(self, address: str, function: Callable[..., Any], *arguments: object) -> Call:
        """Ask a worker to call a function in one of its threads."""

    def wait(self, limit_s: float) -> None:
        """Wait until another call is done, for `limit_s` at most."""

    def end_session(self, end: Callable[[str], Any], session: str) -> None:
        """Ask all workers to call `end` beside all that they do, and wait for it."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker: what it is called, and how many cells it runs at a time."""

    name: str
    threads: int


@dataclass(slots=True)
class _Running:
    """A cell that is under way on a worker.

    Attributes:
        died: the names of the workers that died with it before.
        sent: the digests of what this worker was sent for it.
    """

    specification: CellSpecification
    packed: Packed
    address: str
    worker: Worker
    call: Call
    deadline: Deadline
    died: tuple[str, ...]
    sent: set[str] = field(default_factory=set)


@dataclass(slots=True)
class RemoteExecutor:
    """Runs cells on the workers of a cluster that are like this machine, at most `jobs` at a time.

    Attributes:
        needs: what the cells need, as it is sent.
        wanted: what a worker has to have of that.
        tell: called with the reason where a worker cannot use prefixes; cells boot cold there.
    """

    cluster: Cluster
    needs: bytes
    wanted: Mapping[str, str]
    jobs: int | None
    tell: Callable[[str], None]
    _session: str = field(default_factory=lambda: secrets.token_hex(8))
    _packer: Packer = field(default_factory=Packer)
    _workers: dict[str, Worker] = field(default_factory=dict)
    _asked: dict[str, tuple[Worker, Call]] = field(default_factory=dict)
    _refused: dict[str, str] = field(default_factory=dict)  # by address, why
    _prefixes: dict[str, set[str]] = field(default_factory=dict)  # by address, whose cells it was given
    _running: list[_Running] = field(default_factory=list)
    _has_told: bool = False

    def require_workers(self) -> None:
        """Ask all workers what they have, and wait for their answers.

        Raises:
            WorkerError: there are none, or one is not like this machine; all that differs is told.
        """
        some, all_told = (
            Deadline.after(NONE_S, "a worker"),
            Deadline.after(DESCRIBE_S, "the workers say what they have"),
        )
        while not (self._workers or self._refused) or self._asked:
            self._meet()
            if not (self._workers or self._refused or self._asked) and some.passed:
                raise WorkerError("the scheduler has no workers", remedy="start some: dask worker HOST:PORT")
            if all_told.passed:
                names = ", ".join(worker.name for worker, _ in self._asked.values())
                raise WorkerError(f"workers do not say what they have: {names}")
            self.cluster.wait(PERIOD_S)
        if self._refused:
            raise WorkerError(
                "workers cannot run these cells:\n" + "\n".join(self._refused.values()),
                remedy="make them like this machine, or end those workers",
            )

    def run(
        self,
        specifications: Sequence[CellSpecification],
        *,
        on_start: Callable[[CellSpecification], None] = lambda _cell: None,
    ) -> Iterator[CellResult]:
        """Run cells in the order of `Queue` and yield each result as it comes.

        Raises:
            WorkerError: no worker is left, or the scheduler is gone.
        """
        waiting = Queue(specifications, self._count_places())
        again: deque[tuple[CellSpecification, tuple[str, ...]]] = deque()
        some = Deadline.after(NONE_S, "a worker")
        while waiting or again or self._running:
            while (address := self._find_place()) is not None and (waiting or again):
                specification, died = again.popleft() if again else (self._pop(waiting, address), ())
                try:
                    write_specification(specification)
                    packed = self._packer.pack(specification)
                except OSError as error:
                    yield report_broken(specification, str(describe_host_error(error, specification.cell_directory)))
                    continue
                self._begin(specification, packed, address, died)
                if not died:
                    on_start(specification)
            if self._workers:
                some = Deadline.after(NONE_S, "a worker")
            elif some.passed:
                raise WorkerError("no worker is left", remedy="start some: dask worker HOST:PORT")
            self.cluster.wait(PERIOD_S)
            self._meet()
            for cell in list(self._running):
                yield from self._look(cell, again)

    def end(self) -> None:
        """Cancel what runs, and let all workers forget the run."""
        for call in [*(cell.call for cell in self._running), *(call for _, call in self._asked.values())]:
            call.cancel()
        self._running.clear()
        self.cluster.end_session(end_session, self._session)

    def _count_places(self) -> int:
        places = max(1, sum(worker.threads for worker in self._workers.values()))
        return places if self.jobs is None else min(places, self.jobs)

    def _pop(self, waiting: Queue, address: str) -> CellSpecification:
        """Take a cell for a worker: rather one whose prefix it has, or which has none, than one of another worker's."""
        own, running = self._prefixes.setdefault(address, set()), [cell.specification for cell in self._running]
        taken_up = set[str]().union(*self._prefixes.values())
        wishes: tuple[Callable[[CellSpecification], bool], ...] = (
            lambda cell: not cell.prefix or cell.prefix in own,
            lambda cell: cell.prefix not in taken_up,
            lambda _cell: True,
        )
        taken = next(found for wish in wishes if (found := waiting.pop(running, wish)) is not None)
        own.add(taken.prefix)
        return taken

    def _find_place(self) -> str | None:
        """Return the worker with the most free threads, None where all are busy."""
        if self.jobs is not None and len(self._running) >= self.jobs:
            return None
        free = {address: worker.threads for address, worker in self._workers.items()}
        for cell in self._running:
            if cell.address in free:
                free[cell.address] -= 1
        best = max(free, key=free.__getitem__, default=None)
        return best if best is not None and free[best] > 0 else None

    def _begin(self, specification: CellSpecification, packed: Packed, address: str, died: tuple[str, ...]) -> None:
        call = self._ask(packed, address, {})
        # the prefix may have to be made first
        limit_s = find_limit_s(specification.scenario) * (2 if packed.order.prefix else 1) + TRANSFER_S
        deadline = Deadline.after(limit_s, "the worker's answer")
        worker = self._workers[address]
        self._running.append(_Running(specification, packed, address, worker, call, deadline, died))
        logger.debug("%s: %s on %s", specification.key, specification.attempt, worker.name)

    def _ask(self, packed: Packed, address: str, contents: Mapping[str, bytes]) -> Call:
        return self.cluster.submit(address, run_order, self._session, encode_order(packed.order), contents)

    def _meet(self) -> None:
        """Ask workers that have come what they have, and take in or refuse those that have said it."""
        living = self.cluster.list_workers()
        for gone in self._workers.keys() - living.keys():
            logger.warning("the worker %s is gone", self._workers.pop(gone).name)
        for address, worker in living.items():
            if address not in self._workers and address not in self._refused and address not in self._asked:
                self._asked[address] = (worker, self.cluster.submit(address, describe_worker, self.needs))
        for address, (worker, call) in list(self._asked.items()):
            if address not in living:
                del self._asked[address]
                call.cancel()
            elif call.is_done:
                del self._asked[address]
                self._take_in(address, worker, call)

    def _take_in(self, address: str, worker: Worker, call: Call) -> None:
        try:
            faults = list(iter_faults(self.wanted, call.result()))
        except DiedError:
            return
        except Exception as error:  # noqa: BLE001 - whatever there is of bootrig there may raise anything
            faults = [f"it cannot say what it has: {type(error).__name__}: {error}"]
        if not faults:
            self._workers[address] = worker
            return
        self._refused[address] = "\n".join(f"{worker.name}: {fault}" for fault in faults)
        logger.warning("a worker is not used: %s", self._refused[address])

    def _look(self, cell: _Running, again: deque[tuple[CellSpecification, tuple[str, ...]]]) -> Iterator[CellResult]:
        """Take what a worker answers, or note that it died or does not answer."""
        specification, name = cell.specification, cell.worker.name
        if not cell.call.is_done and cell.address in self._workers:
            if cell.deadline.passed:
                self._drop(cell)
                self._refused[cell.address] = f"{name}: it did not answer"
                self._workers.pop(cell.address)
                yield report_broken(specification, f"the worker {name} did not answer in time")
            return
        self._drop(cell)
        try:
            if not cell.call.is_done:
                raise DiedError
            answer = decode_answer(cell.call.result())
            if answer.lacking:
                self._send(cell, answer.lacking)
                return
        except DiedError:
            died = (*cell.died, name)
            if len(died) < TRIES:
                again.append((specification, died))
            else:
                yield report_broken(specification, f"its workers died: {', then '.join(died)}")
        except Exception as error:  # noqa: BLE001 - whatever is wrong there, the other cells go on
            fault = str(error) if isinstance(error, RigError) else f"{type(error).__name__}: {error}"
            yield report_broken(specification, f"the worker {name}: {fault}")
        else:
            if answer.boots_cold and not self._has_told:
                self._has_told = True
                self.tell(f"{name}: {answer.boots_cold}")
            yield unpack(specification, answer)

    def _send(self, cell: _Running, lacking: Sequence[str]) -> None:
        """Ask for a cell again, and send what its worker lacks along.

        Raises:
            WorkerError: it lacks what the cell does not need, or what it was sent already.
        """
        if again := cell.sent.intersection(lacking):
            raise WorkerError(f"it does not keep what it is sent: {', '.join(sorted(again))}")
        if unknown := set(lacking) - cell.packed.contents.keys():
            raise WorkerError(f"it asks for what the cell does not need: {', '.join(sorted(unknown))}")
        contents = {digest: cell.packed.contents[digest].read_bytes() for digest in lacking}
        cell.sent.update(lacking)
        cell.call = self._ask(cell.packed, cell.address, contents)
        self._running.append(cell)

    def _drop(self, cell: _Running) -> None:
        self._running.remove(cell)
        if not cell.call.is_done:
            cell.call.cancel()
