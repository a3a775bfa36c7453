"""`bootrig store`: import, list, check and remove stored files."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bootrig.cli.argument_types import DAY_S, parse_age, parse_path
from bootrig.errors import ExitStatus, InputError

if TYPE_CHECKING:
    from bootrig.romset.importing import ImportedFile
    from bootrig.store.content import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig store` takes."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="import files: ROMs, packages, archives")
    add.add_argument("files", metavar="FILE", type=parse_path, nargs="+", help="a file to import")
    actions.add_parser("list", help="list what is in the store")
    actions.add_parser("check", help="read every file, remove those that are damaged, and count what recipes name")
    prune = actions.add_parser("prune", help="show what no recipe names any more, and remove it with --yes")
    prune.add_argument(
        "--older", metavar="AGE", type=parse_age, default=0.0, help="only what was added longer ago: 30d, 12h"
    )
    prune.add_argument("--yes", action="store_true", help="remove what is shown")
    path = actions.add_parser("path", help="print where the store is, or where it has a file")
    path.add_argument("sha256", metavar="SHA256", nargs="?", help="the digest of a file")


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig store`.

    Raises:
        InputError: a file cannot be imported, or is not in the store, or a recipe is wrong by which files may be named.
        RigError: the store cannot be read or written.
    """
    from bootrig.store.content import Store

    store = Store.default()
    match arguments.action:
        case "add":
            return _add(store, arguments.files)
        case "list":
            return _list(store)
        case "check":
            return _check(store)
        case "prune":
            return _prune(store, arguments.older, remove=arguments.yes)
    if arguments.sha256 is None:
        print(store.root)
        return ExitStatus.GOOD
    found = store.find(arguments.sha256)
    if found is None:
        raise InputError(f"the store {store.root} has no file {arguments.sha256}", remedy="bootrig store list")
    print(found)
    return ExitStatus.GOOD


def _add(store: "Store", paths: list[Path]) -> int:
    """Import every file that can be; then, if one could not, say so."""
    from bootrig.romset.importing import import_file, load_recipes

    recipes, broken = load_recipes()
    for recipe_error in broken:
        print(f"not used: {recipe_error}")
    refused: list[InputError] = []
    for path in paths:
        try:
            _show_import(import_file(path, store, recipes))
        except InputError as error:
            refused.append(error)
    if refused:
        remedies = dict.fromkeys(error.remedy for error in refused if error.remedy)
        raise InputError("\n  ".join(map(str, refused)), remedy="; ".join(remedies))
    return ExitStatus.GOOD


def _show_import(imported: "ImportedFile") -> None:
    if imported.stored:
        matched = ", ".join(imported.serves) or "no recipe names it"
        print(f"{imported.path}: {imported.stored.sha256}: {matched}")
    else:
        print(f"{imported.path}: its members were imported, itself is not needed")
    for member, serves in imported.members:
        print(f"  {member}: {', '.join(serves)}")


def _list(store: "Store") -> int:
    from bootrig.romset.importing import load_recipes, serving

    recipes, _ = load_recipes()
    for stored in store.iter_files():
        serves = ", ".join(serving(stored.sha256, recipes))
        print(f"{stored.sha256} {stored.length:>9} {serves or stored.file_name or '-'}")
    return ExitStatus.GOOD


def _check(store: "Store") -> int:
    """Say which files were damaged, in which case the store is a broken part of the rig."""
    from bootrig.romset.importing import iter_pins, load_recipes

    damaged = store.remove_damaged()
    for stored in damaged:
        print(f"damaged and removed: {stored.sha256} {stored.file_name}".rstrip())
    incomplete = [key for key, _ in store.iter_records() if store.recall(key) is None]
    for key in incomplete:
        store.forget(key)
        print(f"incomplete, to be built anew: {key}")
    recipes, _ = load_recipes()
    pins = {sha256 for recipe in recipes for sha256 in iter_pins(recipe)}
    there = {stored.sha256 for stored in store.iter_files()}
    print(f"{store.root}: {len(there)} files intact, {len(damaged)} damaged")
    print(f"recipes name {len(pins)} files, {len(pins & there)} of them are here; the others are fetched when needed")
    return ExitStatus.BROKEN if damaged else ExitStatus.GOOD


def _prune(store: "Store", age_s: float, *, remove: bool) -> int:
    from bootrig.romset.importing import load_recipes
    from bootrig.romset.pruning import find_unnamed, prune

    recipes, broken = load_recipes()
    if broken:
        raise InputError("\n".join(map(str, broken)), remedy="mend it first: what it names would be removed")
    now_s = time.time()
    unnamed = find_unnamed(store, recipes, now_s - age_s)
    for file in unnamed.files:
        days = (now_s - file.added_s) / DAY_S
        print(f"{file.sha256} {file.length:>9} {days:>5.0f} days {file.file_name or '-'}")
    length = sum(file.length for file in unnamed.files)
    what = f"{len(unnamed.files)} files that no recipe names, {length} bytes"
    if remove:
        prune(store, unnamed)
        print(f"{store.root}: removed {what}")
    else:
        print(f"{store.root}: {what}; --yes removes them" if unnamed.files else f"{store.root}: {what}")
    return ExitStatus.GOOD
