"""The QMP session against plain qemu.qmp, and what a machine definition's check costs."""

import asyncio
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from qemu.qmp import QMPClient

from bootrig.deadline import Deadline
from bootrig.emulator.definition.check import check_definition
from bootrig.emulator.definition.file import load_definition
from bootrig.emulator.monitor.session import start_session
from bootrig.emulator.monitor.transport import DirectTransport
from bootrig.emulator.release.discovery import find_host_emulator
from bootrig.emulator.schema.introspection import load_introspection
from bootrig.emulator.schema.shapes import Catalog
from bootrig.process import start_process
from bootrig.recipe.path import RecipeKind, find_recipe_path
from ci.benchmarks import Figure

ROUND_TRIPS = 2000
ROUNDS = 5


async def plain_s(connected: socket.socket) -> float:
    """Return seconds per round trip of plain qemu.qmp."""
    client = QMPClient("bench")
    await client.connect(connected)
    begun_s = time.perf_counter()
    for _ in range(ROUND_TRIPS):
        await client.execute("query-status")
    taken_s = time.perf_counter() - begun_s
    await client.disconnect()
    return taken_s / ROUND_TRIPS


async def session_s(connected: socket.socket) -> float:
    """Return seconds per round trip of our session."""
    deadline = Deadline.after(60, "benchmark")
    async with start_session(DirectTransport(connected), deadline) as session:
        begun_s = time.perf_counter()
        for _ in range(ROUND_TRIPS):
            await session.execute("query-status")
        return (time.perf_counter() - begun_s) / ROUND_TRIPS


def measure_round_trip(plain: bool) -> float:
    """Start a QEMU without a guest and return seconds per round trip over its monitor."""
    near, far = socket.socketpair()
    words = [*find_host_emulator().command, "-machine", "none", "-nodefaults", "-display", "none", "-S"]
    words += ["-chardev", f"socket,id=qmp,fd={far.fileno()}", "-mon", "chardev=qmp,mode=control"]
    with (
        far,
        tempfile.TemporaryDirectory() as name,
        start_process(words, output=Path(name) / "qemu.log", pass_fds=[far.fileno()]),
    ):
        return asyncio.run(plain_s(near) if plain else session_s(near))


def iter_figures() -> Iterator[Figure]:
    """Yield round trips, the schema's loading and a definition's check."""
    pairs = [(measure_round_trip(plain=True), measure_round_trip(plain=False)) for _ in range(ROUNDS)]
    plain, ours = (min(times) for times in zip(*pairs, strict=True))
    yield Figure("QMP round trip, plain qemu.qmp", plain * 1e6, "us")
    yield Figure("QMP round trip, QmpSession", ours * 1e6, "us", plain * 1e6, limit=1.3 * plain * 1e6)
    emulator = find_host_emulator()
    load_introspection(emulator)
    begun_s = time.perf_counter()
    catalog = Catalog(load_introspection(emulator))
    yield Figure("schema from the cache", time.perf_counter() - begun_s, "s", limit=0.05)
    path = find_recipe_path(RecipeKind.GUESTS, "q35")
    load_definition(path)
    begun_s = time.perf_counter()
    check_definition(load_definition(path), catalog)
    yield Figure("check of a machine definition", time.perf_counter() - begun_s, "s", limit=0.1)
