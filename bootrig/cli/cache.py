"""`bootrig cache`: what is kept of results, and removing it."""

import argparse
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bootrig.cli.argument_types import DAY_S, parse_age
from bootrig.errors import ExitStatus, InputError

if TYPE_CHECKING:
    from bootrig.cache import Room


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig cache` takes."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="list the sorts of results, how much is kept of each, and its limit")
    prune = actions.add_parser("prune", help="show what would go, and remove it with --yes")
    prune.add_argument("--room", metavar="NAME", action="append", default=[], help="only this sort; repeatable")
    prune.add_argument(
        "--older", metavar="AGE", type=parse_age, default=0.0, help="only what was used longer ago: 30d, 12h"
    )
    prune.add_argument("--yes", action="store_true", help="remove what is shown")


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig cache`.

    Raises:
        InputError: there is no such room.
        CacheError: the cache cannot be read, or what has to go cannot be removed.
    """
    rooms = _find_rooms()
    if arguments.action == "list":
        return _list(rooms)
    known = {room.name: room for room in rooms}
    if unknown := [name for name in arguments.room if name not in known]:
        raise InputError(f"the cache has no room {unknown[0]!r}", remedy=f"known: {', '.join(known)}")
    chosen = [known[name] for name in dict.fromkeys(arguments.room)] or rooms
    return _prune(chosen, arguments.older, remove=arguments.yes)


def _find_rooms() -> list["Room"]:
    """Return all rooms of the cache, by their names."""
    from bootrig.builder.probe import GRUB_IMAGES, PROBES
    from bootrig.emulator import accelerator
    from bootrig.emulator.definition import json_schema
    from bootrig.emulator.guest import rom_files
    from bootrig.emulator.release import discovery
    from bootrig.emulator.schema import introspection
    from bootrig.schedule import results, shelf

    modules = (accelerator, json_schema, rom_files, discovery, introspection, results, shelf)
    return sorted([*(module.ROOM for module in modules), PROBES, GRUB_IMAGES], key=lambda room: room.name)


def _list(rooms: Sequence["Room"]) -> int:
    from bootrig.cache import describe_cache_error
    from bootrig.workdir import cache_directory

    now_s = time.time()
    try:
        kept = [(room, room.entries()) for room in rooms]
    except OSError as error:
        raise describe_cache_error(error) from error
    for room, entries in kept:
        length = sum(entry.length for entry in entries)
        days = max((now_s - entry.used_s for entry in entries), default=0.0) / DAY_S
        used = f"oldest use {days:.0f} days ago" if entries else "empty"
        print(f"{room.name:<14} {len(entries):>6} entries {length:>12} of {room.limit:>11} bytes  {used}")
    print(f"{cache_directory()}: {sum(entry.length for _, entries in kept for entry in entries)} bytes")
    return ExitStatus.GOOD


def _prune(rooms: Sequence["Room"], age_s: float, *, remove: bool) -> int:
    from bootrig.cache import describe_cache_error
    from bootrig.temporary import remove_path

    before_s = time.time() - age_s
    try:
        for room in rooms:
            gone = [entry for entry in room.entries() if entry.used_s <= before_s]
            what = f"{len(gone)} entries, {sum(entry.length for entry in gone)} bytes"
            if remove:
                for entry in gone:
                    remove_path(entry.path)
                print(f"{room.name}: removed {what}")
            else:
                print(f"{room.name}: {what}{'; --yes removes them' if gone else ''}")
    except OSError as error:
        raise describe_cache_error(error) from error
    return ExitStatus.GOOD
