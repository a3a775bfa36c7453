"""What the confinement of a cell costs: its namespaces, a QEMU that starts and ends, a program in a server's place."""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bootrig.cell.confinement import make_python_view
from bootrig.confinement.entry import Entry
from bootrig.confinement.view import View, see
from bootrig.deadline import Deadline
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.guest.guest import start_direct_guest
from bootrig.emulator.release.discovery import Emulator, find_host_emulator
from bootrig.network.namespace import run_in_namespaces
from bootrig.network.servers.dnsmasq import make_confinement
from bootrig.network.tap import open_device
from bootrig.process import start_process
from ci.benchmarks import Figure

ROUNDS = 21
LIMIT_MS = 8.0
SERVER = ("/usr/bin/true",)


def run_cell(emulator: Emulator, directory: Path, *, is_confined: bool) -> float:
    """Return how many milliseconds of wall time a cell takes that starts a server's program and a paused QEMU."""
    logs = directory / "logs"
    logs.mkdir(exist_ok=True)

    async def start() -> None:
        async with start_direct_guest(emulator, MachineDefinition(), directory, is_confined=is_confined):
            pass

    def inside() -> int:
        with start_process(
            SERVER,
            output=logs / "server.log",
            confinement=make_confinement(Path(SERVER[0]), logs) if is_confined else None,
        ) as server:
            server.wait(Deadline.after(10, "the program ends"))
        asyncio.run(start())
        return 0

    begun_s = time.perf_counter()
    entry = None
    if is_confined:
        seen = make_python_view()
        view = View((*seen.mounts, *see(directory, is_writable=True)), seen.links, has_processes=True)
        entry = Entry(view, directory, lambda: os.close(open_device()))
    run_in_namespaces(inside, entry=entry)
    return (time.perf_counter() - begun_s) * 1000


def iter_figures() -> Iterator[Figure]:
    """Yield the wall time of a cell that does nothing, confined and not, and the difference."""
    emulator = find_host_emulator()
    times: dict[bool, list[float]] = {True: [], False: []}
    with tempfile.TemporaryDirectory(prefix="bootrig-bench-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        for _ in range(ROUNDS):
            for is_confined, taken in times.items():
                taken.append(run_cell(emulator, directory, is_confined=is_confined))
    free_ms, confined_ms = (sorted(times[key])[ROUNDS // 2] for key in (False, True))
    yield Figure("a cell that boots nothing, confined", confined_ms, "ms", free_ms)
    yield Figure("what confinement costs a cell", confined_ms - free_ms, "ms", limit=LIMIT_MS)
