"""`bootrig store`: import, list and verify stored files."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bootrig.errors import ExitStatus, InputError

if TYPE_CHECKING:
    from bootrig.romset.importing import ImportedFile
    from bootrig.store.content import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig store` takes."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="import files: ROMs, packages, archives")
    add.add_argument("files", metavar="FILE", type=Path, nargs="+", help="a file to import")
    actions.add_parser("list", help="list what is in the store")
    actions.add_parser("verify", help="read every file and remove those that are damaged")
    path = actions.add_parser("path", help="print where the store is, or where it has a file")
    path.add_argument("sha256", metavar="SHA256", nargs="?", help="the digest of a file")


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig store`.

    Raises:
        InputError: a file cannot be imported, or is not in the store.
        RigError: the store cannot be read or written.
    """
    from bootrig.store.content import Store

    store = Store.default()
    match arguments.action:
        case "add":
            return _add(store, arguments.files)
        case "list":
            return _list(store)
        case "verify":
            return _verify(store)
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


def _verify(store: "Store") -> int:
    damaged = store.verify()
    for stored in damaged:
        print(f"damaged and removed: {stored.sha256} {stored.file_name}".rstrip())
    print(f"{store.root}: {sum(1 for _ in store.iter_files())} files are intact, {len(damaged)} were damaged")
    return ExitStatus.BAD if damaged else ExitStatus.GOOD
