"""`bootrig lint`: judge option ROMs and ROM sets by their bytes."""

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bootrig import __version__
from bootrig.errors import InputError

if TYPE_CHECKING:
    from firmware.lint import Finding, LintOptions

# The largest expansion ROM that PCI allows; whatever is larger is no option ROM and not read.
FILE_LENGTH_LIMIT = 16 * 1024 * 1024
_LENGTH = re.compile(r"(?P<number>\d+)(?P<unit>[KM]?)i?B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1024, "M": 1024 * 1024}
_EXPECTATIONS = {"bios": frozenset({"bios"}), "efi": frozenset({"efi"}), "both": frozenset({"bios", "efi"})}


@dataclass(frozen=True, slots=True)
class Target:
    """What the user named: a set (a recipe's name or a directory) or a single file."""

    name: str
    files: dict[str, bytes]
    is_set: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig lint` takes."""
    parser.add_argument(
        "target", metavar="ROM|ROMSET|DIR", nargs="?", help="a file, a ROM set by its recipe's name, or a directory"
    )
    parser.add_argument("--against", metavar="ROMSET|DIR", help="the set in use now: compare ROM BARs and coverage")
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
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="findings as JSON")
    output.add_argument("--sarif", action="store_true", help="findings as SARIF 2.1.0, for code-scanning pages")
    output.add_argument("--rules", action="store_true", help="print the rule list (Markdown) and do nothing else")


def parse_length(text: str) -> int:
    """Return the length in bytes that `text` says: `262144`, `256K`, `1MiB`.

    Raises:
        argparse.ArgumentTypeError: it says none.
    """
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f'"{text}" is no length, expected a number of bytes such as 262144 or 256K')
    return int(match["number"]) * _UNITS[match["unit"].upper()]


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig lint`; 1 where a finding is as severe as `--fail-on` says.

    Raises:
        InputError: there is nothing of that name, or it cannot be read.
        RigError: the ROM set cannot be had.
    """
    from bootrig.report.lint_text import render_rules  # noqa: PLC0415
    from firmware.lint import LintOptions, Severity, all_rules, examine_set  # noqa: PLC0415

    if arguments.rules:
        print(render_rules(all_rules().values()))
        return 0
    if not arguments.target:
        raise InputError("lint what?", remedy="name a file, a directory or a ROM set; bootrig roms lists the sets")
    target = load_target(arguments.target)
    baseline = None
    if arguments.against:
        against = load_target(arguments.against)
        baseline = examine_set(against.name, against.files)
    options = LintOptions(arguments.max_bar, baseline)
    findings = _find(target, options, arguments)
    _print(arguments, target, findings)
    limit = Severity(arguments.fail_on)
    return 1 if any(finding.severity.rank <= limit.rank for finding in findings) else 0


def _find(target: Target, options: "LintOptions", arguments: argparse.Namespace) -> "tuple[Finding, ...]":
    """Return the findings about `target`; a single file is not asked to be a whole set."""
    from firmware.lint import SetSubject, examine_rom, examine_set, lint_set  # noqa: PLC0415
    from firmware.nic import NIC_MODELS, NIC_VARIANTS, find_nic_model  # noqa: PLC0415

    expected = _EXPECTATIONS.get(arguments.expect)
    if target.is_set:
        if arguments.nic:
            raise InputError("--nic is for a single file: in a set the files' names say it")
        return lint_set(examine_set(target.name, target.files, expected=expected), options)
    model = find_nic_model(arguments.nic) if arguments.nic else None
    if arguments.nic and model is None:
        known = ", ".join([*NIC_MODELS, *NIC_VARIANTS])
        raise InputError(f'QEMU has no default ROM for a NIC model "{arguments.nic}"', remedy=f"known: {known}")
    roms = tuple(
        examine_rom(name, content, nic_model=model, expected=expected) for name, content in target.files.items()
    )
    alone = SetSubject(target.name, roms)
    about_sets = {"nic-covered", "nic-against-baseline"}
    return tuple(finding for finding in lint_set(alone, options) if finding.rule not in about_sets)


def _print(arguments: argparse.Namespace, target: Target, findings: "tuple[Finding, ...]") -> None:
    from bootrig.report.lint_documents import findings_as_json, findings_as_sarif  # noqa: PLC0415
    from bootrig.report.lint_text import render_findings, render_summary  # noqa: PLC0415
    from firmware.lint import all_rules  # noqa: PLC0415

    if arguments.json:
        print(json.dumps(findings_as_json(findings, target.name, target.files), indent=2))
    elif arguments.sarif:
        print(json.dumps(findings_as_sarif(findings, all_rules().values(), __version__, target.files), indent=2))
    else:
        if findings:
            print(render_findings(findings, target.files))
        print(render_summary(findings, len(target.files)))


def load_target(name: str) -> Target:
    """Return what `name` names: a file or directory where there is one, else a ROM set by its recipe's name.

    Raises:
        InputError: there is nothing of that name, or it cannot be read.
        RigError: the ROM set cannot be had.
    """
    path = Path(name)
    if path.is_dir():
        files = {str(found): read_file(found) for found in sorted(path.glob("*.rom")) if found.is_file()}
        if not files:
            raise InputError(f"{path} has no .rom files")
        return Target(name, files, is_set=True)
    if path.exists():
        return Target(name, {name: read_file(path)}, is_set=False)
    if len(path.parts) > 1 or path.suffix in {".rom", ".bin"}:
        raise InputError(f"there is no file or directory {name}")
    from bootrig.romset.obtain import obtain_rom_set  # noqa: PLC0415

    rom_set = obtain_rom_set(name)
    return Target(name, {rom.file_name: rom.content for rom in rom_set.roms}, is_set=True)


def read_file(path: Path) -> bytes:
    """Return the content of a ROM file.

    Raises:
        InputError: it cannot be read, or it is larger than any option ROM.
    """
    try:
        length = path.stat().st_size
        if length > FILE_LENGTH_LIMIT:
            raise InputError(f"{path} has {length} bytes; no option ROM has more than {FILE_LENGTH_LIMIT}")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
