"""`bootrig roms`: the ROM sets there are, how much of each is in the store, and what is in them."""

import argparse
from typing import TYPE_CHECKING

from bootrig.cli.documents import print_json
from bootrig.document.errors import DocumentError
from bootrig.errors import ExitStatus
from bootrig.recipe.build import BuildRecipe
from bootrig.recipe.path import RecipeKind
from bootrig.recipe.recipe import load_all
from bootrig.recipe.roms import RomSetRecipe, load_rom_recipe
from firmware.romset import RomSet, bar_length

if TYPE_CHECKING:
    from bootrig.store.content import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig roms` takes."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    parser.add_argument("--json", action="store_true", help="print JSON")
    listing = actions.add_parser("list", help="list the ROM sets (the default)")
    show = actions.add_parser("show", help="the files of a ROM set")
    show.add_argument("name", metavar="SIDE", help="the ROM set: NAME, host, ./DIRECTORY, ./PACKAGE, ./FILE.rom")
    # The flag is read before the action or after it; a default here would undo the one that was read before.
    for action in (listing, show):
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
    pin = actions.add_parser("pin", help="print the recipe of a ROM set, with the digests of all its files")
    pin.add_argument("name", metavar="SIDE", help="the ROM set, as of show")


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig roms`.

    Raises:
        InputError: there is no such ROM set, or recipes say something wrong.
        RigError: what is to be pinned is not available.
    """
    from bootrig.romset.kinds.recipe import names_recipe
    from bootrig.romset.obtain import obtain_rom_set
    from bootrig.romset.pin import write_pinned_recipe
    from bootrig.romset.side import parse_side
    from bootrig.store.content import Store

    store = Store.default()
    if arguments.action == "pin":
        print(write_pinned_recipe(obtain_rom_set(arguments.name, store)), end="")
        return ExitStatus.GOOD
    named = parse_side(arguments.name).roms if arguments.action == "show" else ""
    if arguments.action == "show" and not (named and names_recipe(named)):
        _show_files(obtain_rom_set(arguments.name, store), as_json=arguments.json)
        return ExitStatus.GOOD
    broken: tuple[DocumentError, ...] = ()
    if arguments.action == "show":
        recipes: tuple[RomSetRecipe, ...] = (load_rom_recipe(named),)
    else:
        recipes, broken = load_all(RecipeKind.ROMS, load_rom_recipe)
    if arguments.json:
        print_json("roms", rom_sets=[_facts(recipe, store) for recipe in recipes])
    elif arguments.action == "show":
        _show(recipes[0], store)
    else:
        _list(recipes, store)
    if broken:
        raise DocumentError("\n".join(map(str, broken)))
    return ExitStatus.GOOD


def _list(recipes: tuple[RomSetRecipe, ...], store: "Store") -> None:
    from bootrig.romset.importing import store_state

    rows = [("ROM set", "files", "in the store", "licence", "origin")]
    for recipe in recipes:
        row = (recipe.name, str(len(recipe.rom_names)), store_state(recipe, store), recipe.licence, recipe.origin)
        rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for name, count, where, licence, origin in rows:
        print(f"{name:<{widths[0]}}  {count:>{widths[1]}}  {where:<{widths[2]}}  {licence:<{widths[3]}}  {origin}")


def _show(recipe: RomSetRecipe, store: "Store") -> None:
    from bootrig.romset.importing import store_state

    print(f"{recipe.name}: {recipe.title}")
    print(f"  version  {recipe.version}")
    print(f"  origin   {recipe.origin}")
    print(f"  licence  {recipe.licence}")
    for file in recipe.source.files:
        pinned = f"SHA-256 {file.sha256}" if file.sha256 else "not pinned itself, its members are"
        print(f"  source   {file.file_name} ({pinned})")
    print(f"  store    {store_state(recipe, store)}")
    print(f"  recipe   {recipe.path}")
    if isinstance(recipe, BuildRecipe):
        print(f"  builds   {', '.join(recipe.rom_names)}")
        return
    print(f"{'file':<18} {'bytes':>7} {'ROM BAR':>7} {'store':<5} SHA-256")
    for member in recipe.members:
        there = "yes" if store.find(member.sha256) else "no"
        bar = f"{bar_length(member.length) >> 10}K"
        print(f"{member.file_name:<18} {member.length:>7} {bar:>7} {there:<5} {member.sha256}")


def _show_files(rom_set: RomSet, *, as_json: bool) -> None:
    """Show a set that has no recipe: its files, and the names under which they are found."""
    roms = sorted(rom_set.roms, key=lambda rom: rom.file_name)
    if as_json:
        files = [
            {"name": r.file_name, "member": r.given, "length": r.length, "sha256": r.sha256, "bar_length": r.bar_length}
            for r in roms
        ]
        print_json("roms", rom_sets=[{"name": rom_set.name, "origin": dict(rom_set.origin), "files": files}])
        return
    print(rom_set.name)
    for key, value in rom_set.origin.items():
        print(f"  {key:<13}  {value}")
    if rom_set.strangers:
        print(f"  {'not of QEMU':<13}  {', '.join(sorted(rom_set.strangers))}")
    print(f"{'file':<18} {'bytes':>7} {'ROM BAR':>7} {'SHA-256':<64} given")
    for rom in roms:
        bar = f"{rom.bar_length >> 10}K"
        print(f"{rom.file_name:<18} {rom.length:>7} {bar:>7} {rom.sha256} {rom.given}".rstrip())


def _facts(recipe: RomSetRecipe, store: "Store") -> dict[str, object]:
    from bootrig.romset.importing import store_state

    members = () if isinstance(recipe, BuildRecipe) else recipe.members
    return {
        "name": recipe.name,
        "title": recipe.title,
        "version": recipe.version,
        "origin": recipe.origin,
        "licence": recipe.licence,
        "store": store_state(recipe, store),
        "source": {"kind": recipe.source.kind, "files": recipe.source.files},
        "builds": list(recipe.rom_names) if isinstance(recipe, BuildRecipe) else [],
        "files": [
            {
                "name": member.file_name,
                "member": member.member,
                "length": member.length,
                "sha256": member.sha256,
                "bar_length": bar_length(member.length),
                "in_store": store.find(member.sha256) is not None,
            }
            for member in members
        ],
    }
