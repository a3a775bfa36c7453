"""Feeding a target in processes of their own, with limits on processor time and memory that the kernel holds."""

import json
import mmap
import os
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ci.fuzzing.inputs import make_input
from ci.fuzzing.target import Target

LIMIT_S = 1.0
LIMIT_BYTES = 100 << 20
BATCH = 5000


@dataclass(frozen=True, slots=True)
class Found:
    """An input at which a target does what is not documented.

    Attributes:
        number: the input's.
        what: the exception, or the limit that it passed.
        place: file and line where it was raised; empty where that is unknown.
    """

    number: int
    what: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a batch: how many inputs were read, the longest time of one in seconds, the memory in bytes."""

    inputs: int
    longest_s: float
    memory_bytes: int
    found: tuple[Found, ...]


def feed(target: Target, seed: int, numbers: range) -> Iterator[Told]:
    """Feed inputs in batches, and yield what became of each batch; one that a limit ended goes on behind that input."""
    with tempfile.TemporaryDirectory(prefix="bootrig-fuzz-") as directory, chdir(directory), mmap.mmap(-1, 8) as place:
        seeds = tuple(target.seeds())
        start = numbers.start
        while start < numbers.stop:
            told = _feed_batch(target, seeds, seed, range(start, min(start + BATCH, numbers.stop)), place)
            yield told
            start += told.inputs


def _feed_batch(target: Target, seeds: Sequence[bytes], seed: int, numbers: range, place: mmap.mmap) -> Told:
    """Feed inputs in one process; it stores in `place` which one it is at."""
    place[:] = numbers.start.to_bytes(8, "little")
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _feed_all(target, seeds, seed, numbers, place, writing)
    os.close(writing)
    with open(reading, "rb") as stream:  # noqa: PTH123 - a descriptor
        lines = stream.read().splitlines()
    _, status, usage = os.wait4(process, 0)
    found = [Found(*json.loads(line)) for line in lines if line.startswith(b"[")]
    longest_s = max((float(line) for line in lines if not line.startswith(b"[")), default=LIMIT_S)
    inputs, number = len(numbers), int.from_bytes(place[:], "little")
    if status != 0:
        inputs = number + 1 - numbers.start
        code = os.waitstatus_to_exitcode(status)
        by = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        what = f"more than {LIMIT_S:g} s of processor time" if code == -signal.SIGPROF else f"it ended by {by}"
        found.append(Found(number, what))
    return Told(inputs, longest_s, usage.ru_maxrss * 1024, tuple(found))


def _feed_all(
    target: Target, seeds: Sequence[bytes], seed: int, numbers: range, place: mmap.mmap, writing: int
) -> NoReturn:
    """Be the process that feeds a batch."""
    status = 1
    try:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * mmap.PAGESIZE + LIMIT_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        longest_s = 0.0
        for number in numbers:
            content = make_input(target.name, seeds, target.words, seed, number)
            place[:] = number.to_bytes(8, "little")
            begun_s = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
            told = None
            try:
                target.feed(content)
            except target.documented:
                pass
            except Exception as error:  # noqa: BLE001 - whatever is not documented is what is looked for
                told = describe(error)
            signal.setitimer(signal.ITIMER_PROF, 0)
            longest_s = max(longest_s, time.process_time() - begun_s)
            if told:
                os.write(writing, json.dumps([number, *told]).encode() + b"\n")
        os.write(writing, f"{longest_s}\n".encode())
        status = 0
    finally:
        os._exit(status)


def describe(error: BaseException) -> tuple[str, str]:
    """Return what an exception says, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}"[:200], place
