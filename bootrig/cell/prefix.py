"""The cell that makes a prefix: a guest's boot up to a moment before its first packet, from which others go on.

It boots the guest three times, in one network without servers. A first boot shows the first packet, and what the guest
prints before it. A second one is stopped at a place that the first has shown, and frozen. A clone of it then has to
print the same and send its first packet at the same moment; of what does not, nothing is made.

A place is a position of the console: behind a text that ROMs print while they wait, else behind which the guest printed
nothing for long. A guest that is stopped while it gathers randomness from the time that passes becomes another one,
and a clone shows that.
"""

import asyncio
import os
import re
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise
from pathlib import Path

from msgspec import structs

from bootrig.cell.boot import POWER_ON_S
from bootrig.cell.confinement import Prepared, prepare_entry
from bootrig.cell.draining import settle
from bootrig.cell.ends import Cable
from bootrig.cell.machine import make_definition
from bootrig.cell.observer import VIRTUAL_WALL_SHARE, Observer
from bootrig.cell.process import report_errors, run_prepared
from bootrig.cell.serving import Served, make_disk_file
from bootrig.cell.sharing import send_frozen
from bootrig.cell.specification import CAPTURE_FILE, CellSpecification, load_specification
from bootrig.cell.stage import CellStage
from bootrig.confinement.limits import MIB
from bootrig.document.toml import TableReader
from bootrig.emulator.guest.freezing import FrozenGuest, save_state
from bootrig.emulator.guest.guest import CONSOLE_FILE, Guest
from bootrig.emulator.guest.memory import make_memory_file, seal
from bootrig.emulator.launch import start_guest
from bootrig.network.capture import open_capture
from bootrig.network.tap import count_frames, open_listener, open_tap
from bootrig.scenario.kinds.kind import Kind
from bootrig.scenario.kinds.stage import Stage
from bootrig.scenario.scenario import Scenario
from bootrig.trace.reading.attempts import WALL_DEADLINE

# What ROMs print last before they wait for a key, two seconds of guest time; some builds of 2011 and before do not.
WAITING_TEXT = re.compile(rb"Press Ctrl-B for the [ig]PXE command line\.\.\.")
# Behind a place nothing was printed for this share of the longest such time.
QUIET_SHARE = 0.5
TRIES = 3
# How far the first packet of a clone may be from that of the cold boot. virtio-net sends from QEMU's main loop; and
# in each process the random source of OVMF in QEMU 10 and later begins anew.
TOLERANCE_S, VIRTIO_TOLERANCE_S, RANDOM_TOLERANCE_S = 0.001, 0.2, 0.5
STARTS = frozenset({"RESUME", "STOP"})


class Lack(IntEnum):
    """Why there is no prefix where nothing broke: how the process of such a cell ends.

    Attributes:
        NOTHING: the guest ends before it sends a packet, or prints nothing before it: there is nothing to share.
        IN_VAIN: it was not stopped in time, or its clones were others: a less loaded host may see other ones.
    """

    NOTHING = 5
    IN_VAIN = 6


@dataclass(frozen=True, slots=True)
class Seen:
    """A guest up to its first packet: what it printed, when it sent the packet, and positions where it was quiet."""

    console: bytes
    packet_guest_s: float
    places: tuple[int, ...]


def run_prefix_file(cell_directory: Path, attempt: str, channel: socket.socket) -> int:
    """Make the prefix of the boot whose specification is in `cell_directory`, and send its descriptors.

    Whoever started this process watches it and those below it.

    Returns:
        0; a `Lack` where no prefix was made; else as `run_cell_file`.
    """

    def work() -> int:
        specification = _without_services(load_specification(cell_directory, attempt))
        prepared = Prepared()

        def make_ready() -> None:
            disk = make_disk_file(specification.directory, b"") if specification.scenario.guest.disk else None
            prepared.served = Served(disk, frozenset())
            prepare_entry(specification, prepared)

        def make() -> int:
            made = asyncio.run(make_prefix(specification, prepared))
            if isinstance(made, Lack):
                return made
            send_frozen(channel, made)
            return 0

        return run_prepared(specification, prepared, make_ready, make)

    return report_errors(cell_directory / attempt, work)


def _without_services(specification: CellSpecification) -> CellSpecification:
    """Return the boot without its network, and without what is expected of it."""
    expectation = structs.replace(
        specification.scenario.expectation, report="", milestones=(), ends=(), console=(), steps=(), known=()
    )
    return replace(specification, scenario=replace(specification.scenario, services={}, expectation=expectation))


async def make_prefix(specification: CellSpecification, prepared: Prepared) -> FrozenGuest | Lack:
    """Return a guest that is frozen before its first packet, or why there is none.

    Raises:
        FreezeError: this QEMU cannot freeze or thaw a guest.
        EmulatorError: it breaks.
    """
    with open_tap((), opened=prepared.device) as tap:
        maker = _Maker(specification, prepared, tap)
        cold = await maker.boot()
        if isinstance(cold, Lack):
            return cold
        for place in cold.places[:TRIES]:
            frozen = await maker.freeze(place)
            if frozen is not None:
                clone = await maker.boot(frozen)
                if isinstance(clone, Seen) and is_alike(cold, clone, find_tolerance_s(specification)):
                    return frozen
                frozen.close()
        return Lack.IN_VAIN if cold.places else Lack.NOTHING


def find_tolerance_s(specification: CellSpecification) -> float:
    """Return how many guest seconds the first packet of a clone may be from that of the cold boot."""
    if specification.has_random_times:
        return RANDOM_TOLERANCE_S
    return VIRTIO_TOLERANCE_S if specification.key.nic_model.startswith("virtio") else TOLERANCE_S


def find_lack(ended_by: str) -> Lack:
    """Return what it means that a guest was not seen to send a packet; what ended its boot may be the host's clock."""
    return Lack.IN_VAIN if not ended_by or ended_by.endswith(WALL_DEADLINE) else Lack.NOTHING


def is_alike(cold: Seen, clone: Seen, tolerance_s: float) -> bool:
    """Whether a clone prints what the cold boot did, and sends its first packet when that did."""
    length = min(len(cold.console), len(clone.console))
    is_same = cold.console[:length] == clone.console[:length]
    return is_same and abs(cold.packet_guest_s - clone.packet_guest_s) <= tolerance_s


def find_places(console: bytes, marks: list[tuple[float, int]]) -> tuple[int, ...]:
    """Return positions of the console, the best first.

    Args:
        console: what the guest printed before its first packet.
        marks: when how much of it had come, in the order of time, and the moment of the packet at the end.
    """
    waits = [found.end() for found in WAITING_TEXT.finditer(console)]
    quiet = [(after_s - s, position) for (s, position), (after_s, _) in pairwise(marks)]
    quiet = [(quiet_s, position) for quiet_s, position in quiet if 0 < position <= len(console)]
    longest_s = max((quiet_s for quiet_s, _ in quiet), default=0.0)
    latest = [position for quiet_s, position in reversed(quiet) if quiet_s >= longest_s * QUIET_SHARE]
    rest = [position for _, position in sorted(quiet, reverse=True)]
    return tuple(dict.fromkeys([*reversed(waits), *latest, *rest]))


class _Marks:
    """Notes when how much was printed: an operator of the observer."""

    stays = False

    def __init__(self) -> None:
        self.marks: list[tuple[float, int]] = []
        self._length = 0

    def attach(self, _write: Callable[[bytes], None], _leave: Callable[[], None]) -> None:
        """Type nothing."""

    def show(self, text: str, _guest_s: float | None) -> None:
        """Note that `text` was printed."""
        self._length += len(text)
        self.marks.append((time.monotonic(), self._length))


class _UntilPacket(Kind):
    """Lets a guest run until it sends its first packet.

    Attributes:
        moment_s: when that was, on the monotonic clock.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.moment_s = 0.0
        self._listener = listener

    def check(self, scenario: Scenario, root: TableReader) -> None:
        """Nobody writes such a kind into a file."""

    async def drive(self, stage: Stage) -> None:
        """Wait for the packet."""
        loop, sent = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._listener, sent.set)
        try:
            await stage.start_guest()
            await sent.wait()
            self.moment_s = time.monotonic()
        finally:
            loop.remove_reader(self._listener)


class _Maker:
    """Boots one guest again and again."""

    def __init__(self, specification: CellSpecification, prepared: Prepared, tap: int) -> None:
        self._specification = specification
        self._prepared = prepared
        self._tap = tap
        self._disk = prepared.served.disk if prepared.served else None

    @asynccontextmanager
    async def _start(self, memory: int | FrozenGuest | None) -> AsyncIterator[Guest]:
        specification = self._specification
        async with start_guest(
            specification.launch,
            specification.emulator,
            make_definition(specification, self._tap, self._disk).definition,
            specification.directory,
            [self._tap],
            is_confined=self._prepared.entry is not None,
            memory=memory,
        ) as guest:
            yield guest

    async def boot(self, frozen: FrozenGuest | None = None) -> Seen | Lack:
        """Boot the guest, or let a clone go on, up to its first packet."""
        specification, marks = self._specification, _Marks()
        async with AsyncExitStack() as stack:
            kind = _UntilPacket(stack.enter_context(open_listener()))
            guest = await stack.enter_async_context(self._start(frozen))
            cell_stage = CellStage(guest, specification.scenario, specification.nonce, specification.clock)
            observer = Observer(guest, cell_stage, specification.clock, Cable(count_frames, lambda: ()), marks)
            observation = await observer.observe(kind, (guest.watch,))
            await settle(guest)
        packet_guest_s = next(self._iter_packet_times(), None)
        if observation.ended_by or packet_guest_s is None:
            return find_lack(observation.ended_by)
        before = [(moment_s, position) for moment_s, position in marks.marks if moment_s <= kind.moment_s]
        console = self._read_console()[: before[-1][1] if before else 0]
        return Seen(console, packet_guest_s, find_places(console, [*before, (kind.moment_s, len(console))]))

    async def freeze(self, place: int) -> FrozenGuest | None:
        """Boot the guest up to a position of its console and freeze it; None where that was too late."""
        memory = make_memory_file(self._specification.guest.memory_mib * MIB)
        unused = [memory]
        try:
            async with self._start(memory) as guest:
                limit_s = self._specification.scenario.deadline.wall_s * VIRTUAL_WALL_SHARE
                is_there = await _run_until(guest, place, limit_s)
                await guest.pause()
                if not is_there:
                    return None
                guest_s = await guest.clock_s()
                state = await save_state(guest.session)
                unused.append(state)
            if next(self._iter_packet_times(), None) is not None:
                return None
            seal(memory)
            unused.clear()
        finally:
            for descriptor in unused:
                os.close(descriptor)
        events = tuple(event for event in guest.events if event.get("event") not in STARTS)
        return FrozenGuest(memory, state, self._read_console(), guest_s, events)

    def _read_console(self) -> bytes:
        return (self._specification.directory / CONSOLE_FILE).read_bytes()

    def _iter_packet_times(self) -> Iterator[float]:
        with open_capture(self._specification.directory / CAPTURE_FILE, epoch_s=POWER_ON_S) as packets:
            for packet in packets:
                yield packet.guest_s


async def _run_until(guest: Guest, place: int, limit_s: float) -> bool:
    """Let a guest run until it has printed `place` bytes; return whether it has, in time."""

    async def read() -> int:
        printed = 0
        while printed < place and (content := await guest.console.read()):
            printed += len(content)
        return printed

    await guest.resume()
    reading, watching = asyncio.ensure_future(read()), asyncio.ensure_future(guest.watch())
    try:
        done, _ = await asyncio.wait((reading, watching), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if watching in done:
            await watching
        return reading in done and reading.result() >= place
    finally:
        for task in (reading, watching):
            task.cancel()
        await asyncio.gather(reading, watching, return_exceptions=True)
