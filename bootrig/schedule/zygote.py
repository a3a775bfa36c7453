"""The process from which cells are forked: everything is imported once, so a cell starts in milliseconds.

Run as `python -m bootrig.schedule.zygote FD`. FD is a stream socket: a line is a JSON object; `{"directory": D,
"attempt": A}` asks for a boot of the cell whose specification is in D. It is answered twice: the same with `"process":
P` when the cell is forked, and with `"status": S` when it has ended. With `"console": true` a descriptor is sent along
with the line: a stream socket that is the guest's console. With `"prefix": K`, the key of a prefix, its three
descriptors are sent along; with `"makes_prefix": true` a stream socket over which they come. With `"processor": N` all
processes of the cell run on that one. When the other end closes, or SIGTERM or SIGINT comes, all cells are ended. When
the thread that started this process ends, the kernel kills it, and with it its cells, all of them stopped or not.
"""

import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from bootrig.cell.console import SocketOperator
from bootrig.cell.loading import load_all
from bootrig.cell.prefix import run_prefix_file
from bootrig.cell.process import run_cell_file
from bootrig.cell.sharing import DESCRIPTORS, open_prefix
from bootrig.confinement.kernel import die_with_parent
from bootrig.schedule.executors.processors import run_on

RECEIVE_LENGTH = 65536
ENDING_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


class _Terminated(BaseException):
    """One of `ENDING_SIGNALS` has come."""


def _raise_terminated(_number: int, _frame: object) -> NoReturn:
    raise _Terminated


@dataclass(frozen=True, slots=True)
class _Question:
    """One boot that is asked for."""

    directory: str
    attempt: str
    console: bool = False
    prefix: str = ""
    makes_prefix: bool = False
    processor: int | None = None

    @property
    def descriptors(self) -> int:
        """How many descriptors come with it."""
        return self.console + self.makes_prefix + DESCRIPTORS * bool(self.prefix)


def _fork_cell(question: _Question, descriptors: list[int], control: socket.socket) -> int:
    """Fork a cell; returns its process id. `ENDING_SIGNALS` are blocked meanwhile: no cell may be missed at the end."""
    own = [descriptors.pop(0) for _ in range(question.descriptors)]
    zygote = os.getpid()
    process_id = os.fork()
    if process_id:
        for descriptor in own:
            os.close(descriptor)
        return process_id
    status = 3
    try:
        die_with_parent()
        if os.getppid() != zygote:
            os._exit(status)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
        signal.set_wakeup_fd(-1)
        control.close()
        if question.processor is not None:
            run_on(question.processor)
        status = _run(question, own)
    finally:
        sys.stderr.flush()
        os._exit(status)


def _run(question: _Question, descriptors: list[int]) -> int:
    directory = Path(question.directory)
    if question.makes_prefix:
        return run_prefix_file(directory, question.attempt, socket.socket(fileno=descriptors[0]))
    if question.console:
        return run_cell_file(directory, question.attempt, SocketOperator(socket.socket(fileno=descriptors[0])))
    prefix = open_prefix(question.prefix, descriptors) if question.prefix else None
    return run_cell_file(directory, question.attempt, prefix=prefix)


def _reap(cells: dict[int, _Question], control: socket.socket) -> None:
    """Answer for every cell that has ended."""
    while cells:
        process_id, status = os.waitpid(-1, os.WNOHANG)
        if process_id == 0:
            return
        question = cells.pop(process_id, None)
        if question is not None:
            _answer(control, question, {"status": os.waitstatus_to_exitcode(status)})


def _answer(control: socket.socket, question: _Question, what: Mapping[str, int]) -> None:
    control.sendall(json.dumps({**asdict(question), **what}).encode() + b"\n")


def _end(cells: Mapping[int, _Question]) -> None:
    """End all cells and wait for them."""
    for process_id in cells:
        with suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGTERM)
    for process_id in cells:
        with suppress(ChildProcessError):
            os.waitpid(process_id, 0)


def serve(control: socket.socket) -> None:
    """Fork cells as `control` asks for them, until it closes."""
    die_with_parent()
    waking, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(waking, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in ENDING_SIGNALS:
        signal.signal(number, _raise_terminated)
    load_all()
    gc.collect()
    gc.freeze()
    cells: dict[int, _Question] = {}
    received, descriptors = b"", list[int]()
    try:
        while True:
            ready, _, _ = select.select([control.fileno(), waking], [], [])
            if waking in ready:
                with suppress(BlockingIOError):
                    os.read(waking, RECEIVE_LENGTH)
            _reap(cells, control)
            if control.fileno() in ready:
                content, came, _, _ = socket.recv_fds(control, RECEIVE_LENGTH, 16)
                descriptors += came
                if not content:
                    return
                *lines, received = (received + content).split(b"\n")
                for line in lines:
                    question = _Question(**json.loads(line))
                    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
                    process_id = _fork_cell(question, descriptors, control)
                    cells[process_id] = question
                    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
                    _answer(control, question, {"process": process_id})
    except (_Terminated, ConnectionError):
        return
    finally:
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        _end(cells)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
