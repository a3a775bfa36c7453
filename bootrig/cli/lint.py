"""`bootrig lint`: judge option ROMs and ROM sets by their bytes."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bootrig.cli.argument_types import parse_length
from bootrig.cli.documents import Document, add_report_option, read_documents, write_documents
from bootrig.errors import ExitStatus, InputError
from bootrig.romset.rom_file import load_rom
from firmware.lint.check import all_rules, lint_set
from firmware.lint.finding import Severity
from firmware.lint.rule import LintOptions
from firmware.lint.subject import SetSubject, examine_rom, examine_set, place_subject
from firmware.nic import NIC_MODELS, NIC_VARIANTS, find_nic_model

if TYPE_CHECKING:
    from bootrig.report.places import Place

_EXPECTATIONS = {"bios": frozenset({"bios"}), "efi": frozenset({"efi"}), "both": frozenset({"bios", "efi"})}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig lint` takes."""
    parser.add_argument(
        "targets", metavar="SIDE", nargs="*", help="ROM sets: NAME, host, ./DIRECTORY, ./PACKAGE, ./FILE.rom"
    )
    parser.add_argument("--against", metavar="SIDE", help="the set in use now: what is new, and what would change")
    parser.add_argument("--max-bar", metavar="LENGTH", type=parse_length, help="largest ROM BAR accepted: 256K")
    parser.add_argument("--nic", metavar="MODEL", help="the NIC model that will use the file: e1000")
    parser.add_argument(
        "--expect", choices=sorted(_EXPECTATIONS), help="the images wanted (default: by the file's name)"
    )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "note"),
        default="error",
        help="the least severity that makes the exit status 1 (default: error)",
    )
    add_report_option(parser, "findings", "text, json, sarif, tap, markdown or github")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_const", const="-", help="short for --report json")
    output.add_argument("--sarif", action="store_const", const="-", help="short for --report sarif")
    output.add_argument("--rules", action="store_true", help="print the rule list (Markdown) and do nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig lint`; 1 where a finding is as severe as `--fail-on` says.

    Raises:
        InputError: there is nothing of that name, or it cannot be read.
        RigError: the ROM set is not available.
    """
    from bootrig.report.format import Findings
    from bootrig.report.terminal.findings import render_rules

    if arguments.rules:
        if arguments.targets:
            raise InputError(f"--rules lints nothing: {' '.join(arguments.targets)} would be ignored")
        print(render_rules(all_rules().values()))
        return ExitStatus.GOOD
    if not arguments.targets:
        raise InputError("lint what?", remedy="name a file, a directory or a ROM set; bootrig roms lists the sets")
    documents = read_documents(arguments, "findings") or (Document("text", None),)
    expected = _EXPECTATIONS.get(arguments.expect)
    subjects = [_load_subject(target, nic=arguments.nic, expected=expected) for target in arguments.targets]
    if len(subjects) > 1:  # two sets have files of the same names
        subjects = [place_subject(subject) for subject in subjects]
    options = LintOptions(arguments.max_bar, _load_subject(arguments.against) if arguments.against else None)
    findings = tuple(finding for subject in subjects for finding in lint_set(subject, options))
    files = {rom.file: rom.content for subject in subjects for rom in subject.roms}
    target = ", ".join(subject.name for subject in subjects)
    found = Findings(findings=findings, target=target, files=files, places=_find_places(arguments.targets, subjects))
    written = write_documents(documents, "findings", found)
    limit = Severity(arguments.fail_on)
    is_bad = any(finding.severity.rank <= limit.rank for finding in findings)
    return written.join(ExitStatus.BAD if is_bad else ExitStatus.GOOD)


def _find_places(targets: Sequence[str], subjects: Sequence[SetSubject]) -> "Mapping[str, Place]":
    """Return where people find the files of ROM sets."""
    from bootrig.report.places import find_places
    from bootrig.romset.kinds.recipe import names_recipe
    from bootrig.romset.side import parse_side

    places: dict[str, Place] = {}
    for target, subject in zip(targets, subjects, strict=True):
        what = parse_side(target).roms
        files = {rom.file: Path(rom.file).name for rom in subject.roms}
        places |= find_places(what, subject.name, files, is_recipe=names_recipe(what))
    return places


def _load_subject(what: str, *, nic: str | None = None, expected: frozenset[str] | None = None) -> SetSubject:
    """Return what `what` names, examined: a ROM set, or a single file by its path, which need not be a whole set."""
    from bootrig.romset.kinds.rom import names_rom
    from bootrig.romset.obtain import obtain_rom_set
    from bootrig.romset.side import parse_side

    path = parse_side(what).roms
    if names_rom(path):
        model = find_nic_model(nic) if nic else None
        if nic and model is None:
            known = ", ".join([*NIC_MODELS, *NIC_VARIANTS])
            raise InputError(f'QEMU has no default ROM for a NIC model "{nic}"', remedy=f"known: {known}")
        rom = examine_rom(path, load_rom(Path(path)), nic_model=model, expected=expected)
        return SetSubject(path, (rom,), is_whole=False)
    if nic:
        raise InputError("--nic is for a single file: in a set the files' names say it")
    rom_set = obtain_rom_set(what)
    place = path.rstrip("/") if "directory" in rom_set.origin else ""
    return examine_set(rom_set, place=place, expected=expected)
