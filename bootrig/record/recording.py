"""Recordings: the boots of a ROM set, kept as a side for where its ROMs are not at hand (`bootrig-baseline/1`).

A recording is a file of lines of JSON, compressed by xz: a heading, then a trace a line. It has, of each cell of the
default matrix, the boot that counts, one at the second clock, and of a cell that failed one in real time.
"""

import lzma
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from bootrig.givenfile import FileKind, read_given
from bootrig.jsonfile import JsonFileError, encode_line, parse_json
from bootrig.recipe.path import RecipeKind, recipe_directories
from bootrig.record.run import RunEmulator, RunFirmware, RunRom
from bootrig.record.varying import take_out_varying
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import (
    LAST_SHIFT,
    REAL_TIME,
    CellBoots,
    Reason,
    WantedBoot,
    choose_second_clock,
    group_boots,
)
from bootrig.trace.reading.outcome import settle_outcome
from bootrig.trace.trace import Clock, ClockKind, Trace
from firmware.lint.finding import Finding

SUFFIX = ".jsonl.xz"
COMPRESSED = FileKind("a recording", 16 << 20)
# The most bytes of lines that are read: a hundred times what recordings have.
LARGEST = 1 << 30
FILTERS = ({"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME},)
Place = tuple[str, str, str, str]


class Heading(Struct, frozen=True, kw_only=True):
    """What a recording says of itself in its first line.

    Attributes:
        name: of the ROM set, which is the file's name.
        origin: where the ROMs came from and how they were obtained, fact by fact.
        roms: the ROMs that were booted.
        emulators: versions and digests of the emulators, by name.
        platform_firmware: files and digests of the platform firmware, by name.
        suites: the suites whose cells were booted; empty for the default one.
        scenarios: digests of the scenarios as they were booted, by name.
        recorded: the day, ISO 8601.
        bootrig: version of bootrig.
        lint: what lint finds in the ROMs, with the names under which they are installed.
    """

    format: Literal["bootrig-baseline/1"] = "bootrig-baseline/1"
    name: str
    origin: Mapping[str, str] = {}
    roms: tuple[RunRom, ...] = ()
    emulators: Mapping[str, RunEmulator] = {}
    platform_firmware: Mapping[str, RunFirmware] = {}
    suites: tuple[str, ...] = ()
    scenarios: Mapping[str, str] = {}
    recorded: str
    bootrig: str
    lint: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded ROM set: what the recording says of itself, and the boots of all cells."""

    heading: Heading
    traces: tuple[Trace, ...]

    def serve(self, wanted: Mapping[CellKey, tuple[Place, str]], side: str) -> tuple[Trace, ...]:
        """Return the boots of a side that serve the cells that are `wanted`, with places and digests of scenarios.

        A boot serves where scenario, NIC, machine and platform firmware are equal, and the scenario is what it was;
        whatever the emulator is called.
        """
        places: dict[Place, list[Trace]] = {}
        for trace in self.traces:
            key = trace.key
            places.setdefault((key.scenario, key.nic_model, key.machine, key.platform_firmware), []).append(trace)
        words = f"{self.heading.name} of {self.heading.recorded}"
        return tuple(
            replace(trace, cell=str(key), side=side, rom_set=self.heading.name, recorded=words)
            for key, (place, digest) in wanted.items()
            if self.heading.scenarios.get(key.scenario) == digest
            for trace in places.get(place, ())
        )


def encode_recording(recording: Recording) -> bytes:
    """Return the content of a recording's file; of each boot without what differs from boot to boot."""
    lines = [encode_line(recording.heading), *(encode_line(take_out_varying(trace)) for trace in recording.traces)]
    return lzma.compress(b"".join(lines), format=lzma.FORMAT_XZ, filters=list(FILTERS))


def parse_recording(content: bytes, origin: str) -> Recording:
    """Return the recording in the content of a file, which messages call `origin`; its outcomes are found anew.

    Raises:
        JsonFileError: it is not a recording.
    """
    try:
        decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        text = decompressor.decompress(content, LARGEST)
    except lzma.LZMAError as error:
        raise JsonFileError(f"{origin} is not a recording: {error}") from error
    if not decompressor.eof:
        raise JsonFileError(f"{origin} is not a recording: it is cut short, or longer than {LARGEST} bytes")
    heading, *lines = text.splitlines() or [b""]
    return Recording(
        parse_json(heading, Heading, f"{origin}: line 1"),
        tuple(
            settle_outcome(parse_json(line, Trace, f"{origin}: line {number}"))
            for number, line in enumerate(lines, start=2)
        ),
    )


def find_recording(name: str) -> Recording | None:
    """Return the recording of the ROM set `name`: the user's (`$BOOTRIG_RECIPES`) before the shipped one.

    Raises:
        JsonFileError: it is damaged.
        GivenFileError: it cannot be read.
    """
    path = find_recording_path(name)
    return None if path is None else parse_recording(read_given(path, COMPRESSED), str(path))


def find_recording_path(name: str) -> Path | None:
    """Return the file of the recording of the ROM set `name`; None for none."""
    if "/" in name:
        return None
    paths = (directory / f"{name}{SUFFIX}" for directory in recipe_directories(RecipeKind.BASELINES))
    return next((path for path in paths if path.is_file()), None)


def find_lacking(traces: Iterable[Trace], *, once: bool = False) -> tuple[WantedBoot, ...]:
    """Return the boots that a recording lacks: those at the second clock, and of cells that failed in real time.

    Where each cell is to be booted `once`, none at a second clock is lacking.
    """
    return tuple(boot for boots in group_boots(traces).values() for boot in _iter_lacking(boots, once=once))


def _iter_lacking(boots: CellBoots, *, once: bool) -> Iterator[WantedBoot]:
    counted = boots.counted
    if counted.missing_roms:
        return
    second = find_second_clock(boots)
    wanted = [] if once else [(second, boots.number_beside(second), Reason.SECOND_CLOCK)]
    if not counted.passed:
        wanted.append((REAL_TIME, 1, Reason.REAL_TIME))
    for clock, number, reason in wanted:
        if boots.find(clock, number) is None and boots.lacks(clock, number):
            yield WantedBoot(counted.side, counted.key, clock, reason)


def find_second_clock(boots: CellBoots) -> Clock:
    """Return the second clock of a recorded cell: of the virtual ones the slowest, which all recordings have."""
    second = choose_second_clock([boots])
    if second.is_virtual and (boots.first_clock.shift or 0) > LAST_SHIFT:
        return Clock(ClockKind.VIRTUAL, LAST_SHIFT)
    return second


def select_recorded(traces: Iterable[Trace]) -> tuple[Trace, ...]:
    """Return of each cell the boots that a recording holds, in the order of the cells.

    Of disturbed boots none is held, so the clock of the one that counts is the first one that the cell was tried with.
    """
    chosen: list[Trace] = []
    for boots in group_boots(traces).values():
        second = find_second_clock(boots)
        found = (boots.counted, boots.find(second, boots.number_beside(second)), boots.find(REAL_TIME))
        of_cell = {trace.attempt: trace for trace in found if trace is not None}
        chosen += (replace(trace, first_clock=boots.counted.clock) for trace in of_cell.values())
    return tuple(chosen)
