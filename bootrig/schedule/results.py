"""Boots that were seen before: their attempts' directories, kept in the cache by the key of the boot.

What is looked up is the key and a place: how many boots with the same clock this run already has of the cell that were
kept, or came from here. So a second look, or a confirmation, is never answered by the boot that it is to confirm. What
this run has kept answers nothing in it.

An entry holds when it was booted, and all files of the attempt's directory, so that a run is whole wherever it is
carried.
"""

import datetime
import logging
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bootrig.cache import CacheError, Room
from bootrig.cell.process import describe_host_error
from bootrig.cell.recording import find_own_name
from bootrig.cell.specification import CellSpecification, write_specification
from bootrig.jsonfile import parse_json, write_json
from bootrig.schedule.boot_key import make_boot_key
from bootrig.trace.trace import TRACE_FILE, Trace

logger = logging.getLogger(__name__)

ROOM = Room("results", 1, limit=1 << 30)
# An attempt with more than that, in bytes of its files, is booted again.
ATTEMPT_LIMIT = 64 << 20
COMPRESSION = 1


class KeptAttempt(Struct, frozen=True):
    """What an entry holds: when it was booted, ISO 8601 in UTC, and the attempt's files by their paths in it."""

    booted: str
    files: Mapping[str, bytes]


class KeptResults:
    """The boots that are kept, as one run sees them; nothing is found where everything is to be booted (`is_fresh`)."""

    def __init__(self, *, is_fresh: bool = False) -> None:
        self._is_fresh = is_fresh
        self._is_writable = True
        self._own: set[Path] = set()

    def find(self, wanted: Sequence[tuple[CellSpecification, int]]) -> Sequence[Trace]:
        """Return the traces of boots that were seen before, if all of them were; their files are in their places then.

        Each boot comes with its place. One that may go on from a prefix is a clone, or a cold boot where those are
        alike.

        Raises:
            RigError: the files cannot be written.
        """
        if self._is_fresh:
            return ()
        found = []
        for specification, place in wanted:
            content = self._read(specification, place)
            if content is None:
                return ()
            found.append((specification, content))
        return [_adopt(specification, content) for specification, content in found]

    def _read(self, specification: CellSpecification, place: int) -> bytes | None:
        if specification.missing_roms:
            return None
        sorts = [bool(specification.prefix)]
        if specification.prefix and not specification.has_random_times:
            sorts.append(False)
        for is_clone in sorts:
            key = _make_key(specification, place, is_clone=is_clone)
            if ROOM.path_of(key) not in self._own and (content := ROOM.find(key)) is not None:
                return content
        return None

    def keep(self, specification: CellSpecification, place: int, *, is_clone: bool = False) -> None:
        """Keep a boot that has ended, cold or as a clone, in place of what was kept before.

        A cache that cannot be written is told once, and makes no boot worth less.
        """
        if not self._is_writable or specification.missing_roms:
            return
        directory = specification.directory
        paths = sorted(path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
        if sum(path.stat().st_size for path in paths) > ATTEMPT_LIMIT:
            return
        booted = datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        files = {str(path.relative_to(directory)): path.read_bytes() for path in paths}
        content = zlib.compress(msgspec.msgpack.encode(KeptAttempt(booted, files)), COMPRESSION)
        key = _make_key(specification, place, is_clone=is_clone)
        try:
            ROOM.keep(key, content)
        except CacheError as error:
            self._is_writable = False
            logger.warning("boots of this run are not kept: %s", error)
        self._own.add(ROOM.path_of(key))


def _adopt(specification: CellSpecification, content: bytes) -> Trace:
    """Put the files of a boot that was kept into the attempt's directory; return its trace.

    Raises:
        RigError: they cannot be written.
    """
    kept = msgspec.msgpack.decode(zlib.decompress(content), type=KeptAttempt)
    trace = parse_json(kept.files[TRACE_FILE], Trace, f"the cache's {TRACE_FILE}")
    firmware = trace.platform_firmware
    adopted = replace(
        trace,
        side=specification.side,
        rom_set=specification.rom_set,
        attempt=str(specification.attempt),
        first_clock=specification.first_clock,
        rom=replace(trace.rom, own_name=find_own_name(specification, trace.rom.romfile)),
        # two names may be of the same emulator
        emulator=replace(trace.emulator, name=specification.emulator.name),
        platform_firmware=None if firmware is None else replace(firmware, name=specification.firmware_name),
        directory=specification.attempt_path,
        cached=kept.booted,
    )
    try:
        write_specification(specification)
        for name, inner in kept.files.items():
            if name != TRACE_FILE:
                _write_sparse(specification.directory / name, inner)
        write_json(specification.directory / TRACE_FILE, adopted, durable=False)
    except OSError as error:
        raise describe_host_error(error, specification.directory) from error
    return adopted


def _make_key(specification: CellSpecification, place: int, *, is_clone: bool) -> list[object]:
    return [make_boot_key(specification), is_clone, place]


def _write_sparse(path: Path, content: bytes) -> None:
    """Write a file; zeros at its end take no space."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.write(content.rstrip(b"\0"))
        stream.truncate(len(content))
