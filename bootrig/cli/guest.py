"""`bootrig guest`: machine definitions, and what QEMU says about itself."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bootrig.bug import keep_bugs
from bootrig.cli.argument_types import parse_directory, parse_path, parse_runs, parse_seconds
from bootrig.document.errors import DocumentError, Problem
from bootrig.emulator.definition.launch import ConfigureBy, Launch, Launcher, require_possible
from bootrig.errors import ExitStatus, InputError

if TYPE_CHECKING:
    from bootrig.emulator.definition.definition import MachineDefinition
    from bootrig.emulator.definition.values import Fault
    from bootrig.emulator.release.discovery import Emulator
    from bootrig.emulator.schema.shapes import Catalog

LIMIT_S = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their options."""
    subparsers = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = subparsers.add_parser("check", help="check machine definitions against an emulator, without starting it")
    check.add_argument("files", nargs="+", type=parse_path, metavar="FILE", help="TOML or JSON")
    schema = subparsers.add_parser("schema", help="print the JSON Schema of machine definitions for an emulator")
    schema.add_argument(
        "--diff", nargs=2, metavar=("EMULATOR_A", "EMULATOR_B"), help="print what B has that A lacks, and the reverse"
    )
    docs = subparsers.add_parser("docs", help="reference pages of what an emulator accepts")
    docs.add_argument("names", nargs="*", metavar="NAME", help="print the entries that have these names: e1000, tap")
    docs.add_argument(
        "--into", type=parse_directory, metavar="DIR", help="write all pages, text and HTML, into a directory"
    )
    run_parser = subparsers.add_parser("run", help="start a guest and show its console")
    run_parser.add_argument("files", nargs=1, type=parse_path, metavar="FILE", help="TOML or JSON")
    run_parser.add_argument("--runs", type=parse_runs, metavar="DIR", help="parent of the run directory")
    ends = run_parser.add_mutually_exclusive_group()
    ends.add_argument(
        "--script",
        type=parse_path,
        metavar="FILE",
        help="lead a dialogue at the console, [[step]] of a TOML file as in scenarios; 0 at its end, otherwise 1",
    )
    ends.add_argument("--until", metavar="TEXT", help="end with exit status 0 when the console shows TEXT, otherwise 1")
    run_parser.add_argument(
        "--limit", type=parse_seconds, default=LIMIT_S, metavar="S", help="limit in seconds of wall time"
    )
    run_parser.add_argument(
        "--configure-by",
        choices=[word.value for word in ConfigureBy],
        default=ConfigureBy.COMMAND_LINE.value,
        help="give QEMU its devices and backends on the command line, or over QMP before the first instruction",
    )
    run_parser.add_argument(
        "--launcher",
        choices=[word.value for word in Launcher],
        default=Launcher.DIRECT.value,
        help="start QEMU from this process, or by libvirt",
    )
    run_parser.add_argument(
        "--allow-host", action="store_true", help="let the guest have the files, ports and devices of the host it names"
    )
    run_parser.add_argument("--root-ports", action="store_true", help="put PCI devices of q35 behind root ports")
    for subparser in (check, schema, docs, run_parser):
        subparser.add_argument("--emulator", default="host", metavar="NAME", help="the emulator (default: host)")


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; returns the exit status."""
    actions: Mapping[str, Callable[[argparse.Namespace], int]] = {
        "check": _check,
        "schema": _schema,
        "docs": _docs,
        "run": _run,
    }
    return actions[arguments.action](arguments)


def _load_catalog(emulator: "Emulator") -> "Catalog":
    from bootrig.emulator.schema.introspection import load_introspection
    from bootrig.emulator.schema.shapes import Catalog

    return Catalog(load_introspection(emulator))


def _check(arguments: argparse.Namespace) -> int:
    from bootrig.emulator.definition.file import load_definition
    from bootrig.emulator.definition.host_access import iter_host_access
    from bootrig.emulator.release.recipes import find_emulator

    catalog = _load_catalog(find_emulator(arguments.emulator))
    errors = []
    for path in arguments.files:
        try:
            definition = load_definition(path, catalog)
            print(f"{path}: correct for QEMU {catalog.introspection.version_text}")
            for access in iter_host_access(definition):
                print(f"  has of the host: {access}")
        except DocumentError as error:
            errors.append(error)
    if errors:
        # a file that is missing or not TOML has no problems that the reference pages could explain
        explained = any(error.problems for error in errors)
        remedy = "bootrig guest docs NAME shows what a device or backend accepts" if explained else ""
        raise InputError("\n".join(map(str, errors)), remedy=remedy)
    return ExitStatus.GOOD


def _schema(arguments: argparse.Namespace) -> int:
    from bootrig.emulator.definition.json_schema import load_json_schema
    from bootrig.emulator.release.recipes import find_emulator
    from bootrig.emulator.schema.difference import compare_schemas

    if arguments.diff:
        first, second = (_load_catalog(find_emulator(name)) for name in arguments.diff)
        differences = compare_schemas(first, second)
        print(f"from QEMU {first.introspection.version_text} to QEMU {second.introspection.version_text}:")
        for difference in differences:
            print(difference)
        print(f"{len(differences)} differences")
    else:
        print(json.dumps(load_json_schema(find_emulator(arguments.emulator)), indent=1))
    return ExitStatus.GOOD


def _docs(arguments: argparse.Namespace) -> int:
    from bootrig.document.toml import suggest
    from bootrig.emulator.release.recipes import find_emulator
    from bootrig.emulator.schema.entries import iter_entries
    from bootrig.emulator.schema.pages import render_text, write_reference

    catalog = _load_catalog(find_emulator(arguments.emulator))
    if arguments.into is not None:
        written = write_reference(catalog, arguments.into)
        print(f"{len(written)} pages in {arguments.into}, begin with {written[-1]}")
        return ExitStatus.GOOD
    entries = tuple(iter_entries(catalog))
    if not arguments.names:
        raise InputError("no name given", remedy="name an entry (e1000, tap, blockdev-add), or use --into DIR for all")
    for name in arguments.names:
        found = [entry for entry in entries if entry.name == name]
        if not found:
            version = catalog.introspection.version_text
            raise InputError(f'QEMU {version} has no "{name}"{suggest(name, (entry.name for entry in entries))}')
        print("\n\n".join(render_text(entry) for entry in found))
    return ExitStatus.GOOD


def _iter_memory_faults(definition: "MachineDefinition", _catalog: "Catalog") -> "Iterator[Fault]":
    from bootrig.emulator.definition.host_access import iter_memory_faults, read_host_memory_mib

    return iter_memory_faults(definition, read_host_memory_mib())


def _tell_host_access(definition: "MachineDefinition", path: Path, *, is_allowed: bool) -> None:
    """List what a guest has of the host.

    Raises:
        DocumentError: there is something, and it is not allowed.
    """
    from bootrig.emulator.definition.host_access import iter_host_access

    problems = [Problem(path, access.key_path, access.message) for access in iter_host_access(definition)]
    if problems and not is_allowed:
        remedy = "bootrig guest run --allow-host lets it have them; it is your own guest, or you have read its file"
        raise DocumentError(f"{path.name} gives the guest something of the host:", problems, remedy=remedy)
    for problem in problems:
        print(f"has of the host: {problem}", file=sys.stderr)


def _run(arguments: argparse.Namespace) -> int:
    from bootrig.cli.guest_console import Goal, run_guest
    from bootrig.emulator.definition.file import load_definition
    from bootrig.emulator.guest.configuration import add_root_ports
    from bootrig.emulator.release.recipes import find_emulator
    from bootrig.scenario.steps import load_script
    from bootrig.workdir import make_run_directory

    launch = Launch(Launcher(arguments.launcher), ConfigureBy(arguments.configure_by))
    goal = Goal(arguments.until or "", load_script(arguments.script) if arguments.script else ())
    require_possible(launch)
    emulator = find_emulator(arguments.emulator)
    catalog = _load_catalog(emulator)
    definition = load_definition(arguments.files[0], catalog, _iter_memory_faults)
    _tell_host_access(definition, arguments.files[0], is_allowed=arguments.allow_host)
    if arguments.root_ports or launch.configure_by is ConfigureBy.QMP:
        definition = add_root_ports(definition, catalog)
    directory = make_run_directory(arguments.runs, arguments.files[0].stem)
    print(f"run directory: {directory}", file=sys.stderr)
    with keep_bugs(directory):
        return run_guest(definition, launch, emulator, directory, goal, limit_s=arguments.limit)
