"""Blows: signals to a part of a run, at a moment that is known by what is there, not by time."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bootrig.process_tree import iter_tree
from tests.cli.command import LIMIT_S, PERIOD_S, Command

# the two that nobody can ignore are the most frequent
SIGNALS = [*[signal.SIGKILL, signal.SIGSTOP] * 2, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
SEED = 26000
ANY = "any"
PARTS = ("cli", "zygote", "cell", "keeper", "init", "qemu", "dnsmasq", ANY)
# What is counted, and the most of it for which a blow waits: each is there in every run that nobody strikes.
SIGNS = {"zygote": 1, "cell": 3, "keeper": 3, "init": 3, "qemu": 3, "dnsmasq": 3, "trace": 2, "packet": 40, "text": 999}
# the file that holds it, and so many bytes of the file are one; 0 where the file is one
FILES = {"trace": ("trace.json", 0), "packet": ("capture.pcap", 64), "text": ("console.log", 1)}
PROGRAMS = {"qemu-system-x86_64": "qemu", "dnsmasq": "dnsmasq"}


@dataclass(frozen=True, slots=True)
class Blow:
    """One blow.

    Attributes:
        part: what it strikes; of several processes the one that came last.
        number: the signal.
        sign: what is counted: processes of a part, traces, packets of 64 bytes, characters on consoles.
        count: how many of it there have to be, all cells together.
    """

    part: str
    number: signal.Signals
    sign: str
    count: int

    def __str__(self) -> str:
        return f"{self.number.name}-{self.part}-{self.sign}-{self.count}"

    @property
    def statuses(self) -> set[int]:
        """The exit statuses of a run that it strikes: a part that ignores it, or has done its work, breaks nothing."""
        if self.part != "cli":
            return {0, 3}
        return {0} if self.number is signal.SIGSTOP else {128 + self.number}


def choose_blow(seed: int) -> Blow:
    """Return a blow that depends on `seed` alone."""
    choice = random.Random(SEED + seed)
    sign = choice.choice(list(SIGNS))
    return Blow(PARTS[seed % len(PARTS)], choice.choice(SIGNALS), sign, choice.randint(1, SIGNS[sign]))


def iter_parts(root: int) -> Iterator[tuple[int, str]]:
    """Yield the processes of a run, each with the part that it is, known by its program and its namespaces."""
    for process in iter_tree(root):
        with suppress(OSError):
            yield process.pid, _tell_part(process.pid, process.command, root)


def _tell_part(pid: int, command: str, root: int) -> str:
    program = command.partition(" ")[0].rpartition("/")[2]
    if pid == root:
        return "cli"
    if program in PROGRAMS:
        return PROGRAMS[program]
    if "bootrig.schedule.zygote" not in command:
        return "other"
    ids, levels = _read_ids(pid), len(_read_ids(pid)) - len(_read_ids(root))
    if levels:
        return "init" if levels == 1 and ids[-1] == 1 else "other"
    if Path(f"/proc/{pid}/ns/net").readlink() != Path(f"/proc/{root}/ns/net").readlink():
        return "keeper"
    return "zygote" if os.getsid(pid) == pid else "cell"


def _read_ids(pid: int) -> list[int]:
    """Return the ids of a process, in its namespace and those above it."""
    status = Path(f"/proc/{pid}/status").read_text()
    return [int(word) for word in status.partition("\nNSpid:\t")[2].partition("\n")[0].split()]


@dataclass(slots=True)
class Watch:
    """What has been seen of a run until now: ids of processes by their part."""

    command: Command
    seen: dict[str, dict[int, None]] = field(default_factory=dict)

    def count(self, sign: str) -> int:
        """Return how many of something there have been."""
        for pid, part in iter_parts(self.command.pid):
            self.seen.setdefault(part, {})[pid] = None
        if sign not in FILES:
            return len(self.seen.get(sign, {}))
        name, length = FILES[sign]
        found = list(self.command.runs.glob(f"*/cells/**/{name}"))
        return sum(_measure(path) for path in found) // length if length else len(found)

    def find(self, part: str) -> int | None:
        """Return the process of a part that came last and still lives."""
        return max((pid for pid, told in iter_parts(self.command.pid) if part in (told, ANY)), default=None)


def _measure(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def strike(command: Command, blow: Blow) -> str:
    """Wait for the moment and strike; return the part that was struck, empty where the run ended before."""
    watch = Watch(command)
    struck: list[str] = []

    def hit() -> bool:
        pid = watch.find(blow.part)
        with suppress(OSError):
            if pid is not None:
                struck[:] = [part for other, part in iter_parts(command.pid) if other == pid]
                os.kill(pid, blow.number)
                return bool(struck)
        return False

    if not _await(command, lambda: watch.count(blow.sign) >= blow.count) or not _await(command, hit):
        return ""
    if struck == ["cli"] and blow.number is signal.SIGSTOP:
        _await(command, lambda: watch.find("qemu") is None)  # what runs goes on to its end
        command.send(signal.SIGCONT)
    return struck[0]


def _await(command: Command, is_so: Callable[[], bool]) -> bool:
    """Wait until something is so; return whether it is, and the command has not ended."""
    limit_s = time.monotonic() + LIMIT_S
    while not is_so():
        if command.has_ended:
            return False
        assert time.monotonic() < limit_s
        time.sleep(PERIOD_S)
    return True
