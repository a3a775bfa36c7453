"""`bootrig roms`: the ROM sets there are, where each stands, and what is in them."""

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bootrig.recipe.roms import RomSetRecipe
    from bootrig.store.content import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig roms` takes."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    parser.add_argument("--json", action="store_true", help="print JSON")
    actions.add_parser("list", help="list the ROM sets (the default)")
    show = actions.add_parser("show", help="the files of a ROM set")
    show.add_argument("name", metavar="NAME", help="the ROM set, by the name of its recipe")
    # The flag is read before the action or after it; a default here would undo the one that was read before.
    show.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig roms`.

    Raises:
        InputError: there is no such recipe, or recipes say something wrong.
    """
    from bootrig.recipe.roms import load_rom_recipe, load_rom_recipes  # noqa: PLC0415 - the parser starts without it
    from bootrig.store.content import Store  # noqa: PLC0415

    store = Store.default()
    if arguments.action == "show":
        recipe = load_rom_recipe(arguments.name)
        if arguments.json:
            print(json.dumps(_facts(recipe, store), indent=2))
        else:
            _show(recipe, store)
        return 0
    recipes, broken = load_rom_recipes()
    if arguments.json:
        print(json.dumps([_facts(recipe, store) for recipe in recipes], indent=2))
    else:
        _list(recipes, store)
    if broken:
        from bootrig.document.errors import DocumentError  # noqa: PLC0415

        raise DocumentError("\n".join(map(str, broken)))
    return 0


def standing(recipe: "RomSetRecipe", store: "Store") -> str:
    """Return where a ROM set stands: how much of it is in the store."""
    if recipe.build is not None:
        there = sum(1 for file in recipe.source_files if file.sha256 and store.find(file.sha256))
        return "source in the store" if there == len(recipe.source_files) else "to be built"
    there = sum(1 for member in recipe.members if store.find(member.sha256))
    if there == len(recipe.members):
        return "in the store"
    if recipe.source.sha256 and store.find(recipe.source.sha256):
        return "package in the store"
    return f"{there} of {len(recipe.members)} files in the store" if there else "not in the store"


def _file_names(recipe: "RomSetRecipe") -> tuple[str, ...]:
    """Return the names of a set's files, those of a set that is built as its targets say."""
    targets = recipe.build.instructions.targets if recipe.build else ()
    return tuple(member.file_name for member in recipe.members) + tuple(target.name for target in targets)


def _list(recipes: tuple["RomSetRecipe", ...], store: "Store") -> None:
    rows = [("ROM set", "files", "where it stands", "licence", "origin")]
    for recipe in recipes:
        row = (recipe.name, str(len(_file_names(recipe))), standing(recipe, store), recipe.licence, recipe.origin)
        rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for name, count, where, licence, origin in rows:
        print(f"{name:<{widths[0]}}  {count:>{widths[1]}}  {where:<{widths[2]}}  {licence:<{widths[3]}}  {origin}")


def _show(recipe: "RomSetRecipe", store: "Store") -> None:
    from firmware.romset import bar_length  # noqa: PLC0415

    print(f"{recipe.name}: {recipe.title}")
    print(f"  version  {recipe.version}")
    print(f"  origin   {recipe.origin}")
    print(f"  licence  {recipe.licence}")
    for file in recipe.source_files:
        pinned = f"SHA-256 {file.sha256}" if file.sha256 else "not pinned itself, its members are"
        print(f"  source   {file.file_name} ({pinned})")
    print(f"  stands   {standing(recipe, store)}")
    print(f"  recipe   {recipe.path}")
    if recipe.build is not None:
        print(f"  builds   {', '.join(_file_names(recipe))}")
        return
    print(f"{'file':<18} {'bytes':>7} {'ROM BAR':>7} {'store':<5} SHA-256")
    for member in recipe.members:
        there = "yes" if store.find(member.sha256) else "no"
        bar = f"{bar_length(member.length) >> 10}K"
        print(f"{member.file_name:<18} {member.length:>7} {bar:>7} {there:<5} {member.sha256}")


def _facts(recipe: "RomSetRecipe", store: "Store") -> dict[str, object]:
    from firmware.romset import bar_length  # noqa: PLC0415

    return {
        "name": recipe.name,
        "title": recipe.title,
        "version": recipe.version,
        "origin": recipe.origin,
        "licence": recipe.licence,
        "standing": standing(recipe, store),
        "source": {
            "kind": recipe.source_kind.value,
            "file_name": recipe.source.file_name,
            "sha256": recipe.source.sha256,
            "pool_path": recipe.source.pool_path,
            "addresses": list(recipe.source.addresses),
        },
        "builds": list(_file_names(recipe)) if recipe.build else [],
        "files": [
            {
                "name": member.file_name,
                "member": member.member,
                "length": member.length,
                "sha256": member.sha256,
                "bar_length": bar_length(member.length),
                "in_store": store.find(member.sha256) is not None,
            }
            for member in recipe.members
        ],
    }
