"""`bootrig emulators`: the QEMUs that can be used, and whether they are ready."""

import argparse
from typing import Any

from bootrig.cli.documents import print_json
from bootrig.errors import ExitStatus


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these emulators")
    parser.add_argument("--unpack", action="store_true", help="download and unpack those that are not ready")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """List the emulators; returns the exit status."""
    from bootrig.emulator.release.recipes import iter_emulator_names

    rows = [_describe(name, unpack=arguments.unpack) for name in arguments.names or iter_emulator_names()]
    if arguments.json:
        print_json("emulators", emulators=rows)
        return ExitStatus.GOOD
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        print(f"{row['name']:<{width}}  {row['state']:<12}  {row['version'] or row['summary']}")
    return ExitStatus.GOOD


def _describe(name: str, *, unpack: bool) -> dict[str, Any]:
    """Return what is known about an emulator, as JSON values."""
    from bootrig.emulator.errors import EmulatorMissingError
    from bootrig.emulator.release.recipes import find_emulator, find_ready_emulator, load_emulator_recipe

    recipe = load_emulator_recipe(name)
    problem = ""
    emulator = None
    try:
        emulator = find_emulator(name) if unpack else find_ready_emulator(recipe)
    except EmulatorMissingError as error:
        if unpack:
            raise
        problem = str(error)
    return {
        "name": recipe.name,
        "summary": recipe.summary,
        "kind": str(recipe.kind),
        "state": "ready" if emulator else "missing" if problem else "not unpacked",
        "problem": problem,
        "version": emulator.version_text if emulator else "",
        "digest": emulator.digest if emulator else "",
        "command": list(emulator.command) if emulator else [],
        "data_directories": [str(directory) for directory in emulator.data_directories] if emulator else [],
    }
