"""`bootrig cache`: what is kept of results, and removing it."""

import argparse
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from bootrig.cli.argument_types import DAY_S, parse_age
from bootrig.errors import ExitStatus, InputError

if TYPE_CHECKING:
    from bootrig.cache import Entry


class Room(Protocol):
    """What of the cache can be listed and removed: results, directories, what ccache keeps."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def limit(self) -> int | None:
        """How many bytes it holds, None for any number."""

    def entries(self) -> Sequence["Entry"]:
        """Return what is in it; an OSError where it cannot be read."""

    def remove(self, entry: "Entry") -> bool:
        """Remove an entry that nobody uses; return whether it is gone. An OSError where it cannot be removed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig cache` takes."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="list the sorts of results, how much is kept of each, and its limit")
    prune = actions.add_parser("prune", help="show what would go, and remove it with --yes")
    prune.add_argument("--room", metavar="NAME", action="append", default=[], help="only this sort; repeatable")
    prune.add_argument(
        "--older",
        metavar="AGE",
        type=parse_age,
        help="only what was used longer ago: 30d, 12h; without it everything, but of the emulators that are unpacked "
        "those that no recipe names",
    )
    prune.add_argument("--yes", action="store_true", help="remove what is shown")


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig cache`.

    Raises:
        InputError: there is no such room.
        CacheError: the cache cannot be read, or what has to go cannot be removed.
    """
    from bootrig.cache import describe_cache_error

    rooms = _find_rooms()
    known = {room.name: room for room in rooms}
    try:
        if arguments.action == "list":
            return _list(rooms)
        if unknown := [name for name in arguments.room if name not in known]:
            raise InputError(f"the cache has no room {unknown[0]!r}", remedy=f"known: {', '.join(known)}")
        for room in [known[name] for name in dict.fromkeys(arguments.room)] or rooms:
            _prune(room, arguments.older, remove=arguments.yes)
    except OSError as error:
        raise describe_cache_error(error) from error
    return ExitStatus.GOOD


def _find_rooms() -> list[Room]:
    """Return all rooms of the cache, by their names."""
    from bootrig.api import bisect
    from bootrig.builder import build, compiler_cache
    from bootrig.builder.probe import GRUB_IMAGES, PROBES
    from bootrig.emulator import accelerator
    from bootrig.emulator.definition import json_schema
    from bootrig.emulator.guest import rom_files
    from bootrig.emulator.release import discovery, unpack
    from bootrig.emulator.schema import introspection
    from bootrig.schedule import results, shelf
    from bootrig.schedule.executors.worker import CONTENTS

    modules = (accelerator, json_schema, rom_files, discovery, introspection, results, shelf)
    trees = (bisect.ROOM, build.ROOM, unpack.ROOM, compiler_cache.ROOM)
    rooms: list[Room] = [*(module.ROOM for module in modules), PROBES, GRUB_IMAGES, CONTENTS, *trees]
    return sorted(rooms, key=lambda room: room.name)


def _list(rooms: Sequence[Room]) -> int:
    from bootrig.emulator.release import unpack
    from bootrig.workdir import cache_directory

    total = 0
    for room in rooms:
        entries = room.entries()
        length = sum(entry.length for entry in entries)
        total += length
        limit = "no limit" if room.limit is None else f"of {room.limit:>11} bytes"
        used = f"oldest use {max(map(_age_days, entries)):.0f} days ago" if entries else "empty"
        print(f"{room.name:<14} {len(entries):>6} entries {length:>12} {limit:<20}  {used}")
        if room is unpack.ROOM:
            unnamed = {entry.path for entry in _find_unnamed()}
            for entry in entries:
                told = ", no recipe names it" if entry.path in unnamed else ""
                print(f"  {entry.path.name:<28} {entry.length:>12}  last use {_age_days(entry):.0f} days ago{told}")
    print(f"{cache_directory()}: {total} bytes")
    return ExitStatus.GOOD


def _age_days(entry: "Entry") -> float:
    return (time.time() - entry.used_s) / DAY_S


def _find_unnamed() -> Sequence["Entry"]:
    from bootrig.emulator.release.recipes import find_unnamed

    return find_unnamed()


def _prune(room: Room, age_s: float | None, *, remove: bool) -> None:
    from bootrig.emulator.release import unpack

    if age_s is None:
        chosen = _find_unnamed() if room is unpack.ROOM else room.entries()
    else:
        before_s = time.time() - age_s
        chosen = [entry for entry in room.entries() if entry.used_s <= before_s]
    gone = [entry for entry in chosen if not remove or room.remove(entry)]
    what = f"{len(gone)} entries, {sum(entry.length for entry in gone)} bytes"
    if remove:
        used = len(chosen) - len(gone)
        print(f"{room.name}: removed {what}{f'; {used} in use' if used else ''}")
    else:
        print(f"{room.name}: {what}{'; --yes removes them' if gone else ''}")
