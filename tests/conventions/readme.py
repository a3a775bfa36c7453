"""Commands and their output in README.md: found, run again, compared.

A fenced `console` block holds what a terminal showed: lines that begin with `$ ` are commands (a line that ends in a
backslash goes on in the next), what follows is their output. The line before the block says what becomes of it:

    <!-- checked -->                 run and compared by the tests of the pure ring
    <!-- checked: rig -->            it boots guests, so it belongs to the rig ring; likewise: slow, network
    <!-- checked: rig, exit 1 -->    its last command ends with exit status 1
    <!-- not run: REASON -->         shown only

A fenced `python` block is a program, with the same line before it. What it prints is shown where it prints it, as the
comment at the end of a line that begins with `print(`.

In the output a line `...` stands for any number of lines, and `...` within a line for any text. Before they are
compared, both sides lose what no two runs have in common: colours, durations, dates, the names of run directories, the
width of columns, what ci/setup says. One temporary directory is the working directory of all commands of a block; `ci`,
`recipes` and the other top-level names of the checkout are there as links. `write_readme.py` puts real output in.
"""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.conventions.tracked import ROOT

DIRECTIVE = re.compile(r"<!-- (?P<kind>checked|not run)(?:: (?P<words>.*?))? -->")
LANGUAGE = "console"
PROGRAM_LANGUAGE = "python"
PRINTED = re.compile(r"\s*print\(.*\)  # (?P<output>.+)")


class ReadmeError(Exception):
    """README.md does not follow the convention."""


@dataclass(frozen=True, slots=True)
class ShownCommand:
    """A command with the output that README.md shows for it."""

    line: int
    command: str
    output: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsoleBlock:
    """A console block of README.md.

    Attributes:
        line: the number of its first line.
        commands: what it shows.
        checked: whether it is run again.
        markers: pytest's markers for it.
        exit_status: what its last command ends with.
        program: whether it is a Python program.
    """

    line: int
    commands: tuple[ShownCommand, ...]
    checked: bool
    markers: tuple[str, ...] = ()
    exit_status: int = 0
    program: bool = False


def _parse_directive(line: str, number: int) -> tuple[bool, tuple[str, ...], int]:
    """Return whether a block is checked, its markers and the exit status, from the line before it."""
    match = DIRECTIVE.fullmatch(line.strip())
    if match is None:
        raise ReadmeError(f"line {number}: this block needs <!-- checked --> or <!-- not run: REASON --> before it")
    words = [word.strip() for word in (match["words"] or "").split(",") if word.strip()]
    if match["kind"] == "not run":
        if not words:
            raise ReadmeError(f"line {number}: say why this block is not run: <!-- not run: REASON -->")
        return False, (), 0
    statuses = [int(word.removeprefix("exit ")) for word in words if re.fullmatch(r"exit \d+", word)]
    markers = tuple(word for word in words if not word.startswith("exit "))
    for marker in markers:
        if marker not in {"rig", "slow", "network"}:
            raise ReadmeError(f"line {number}: unknown marker {marker!r}; there are rig, slow, network and exit N")
    return True, markers, statuses[0] if statuses else 0


def _parse_program(lines: list[str], first: int) -> tuple[ShownCommand, ...]:
    """Return a Python program as the command that runs it, with the output in its comments."""
    output = tuple(match["output"] for line in lines if (match := PRINTED.fullmatch(line)))
    if not output:
        raise ReadmeError(f"line {first}: a Python block that does not show what it prints: print(...)  # OUTPUT")
    return (ShownCommand(first, f"python -c {shlex.quote(chr(10).join(lines))}", output),)


def _parse_commands(lines: list[str], first: int) -> tuple[ShownCommand, ...]:
    """Split a block's lines into commands and their output."""
    commands: list[tuple[int, str, list[str]]] = []
    continued = False
    for number, line in enumerate(lines, start=first):
        if continued:
            start, command, output = commands[-1]
            commands[-1] = (start, f"{command}\n{line}", output)
        elif line.startswith("$ "):
            commands.append((number, line.removeprefix("$ "), []))
        elif commands:
            commands[-1][2].append(line)
            continue
        else:
            raise ReadmeError(f"line {number}: a console block begins with a command: $ ...")
        continued = line.endswith("\\")
    if not commands:
        raise ReadmeError(f"line {first}: a console block without a command")
    return tuple(ShownCommand(number, command, tuple(output)) for number, command, output in commands)


def parse_console_blocks(text: str) -> tuple[ConsoleBlock, ...]:
    """Return all console and Python blocks of a Markdown text.

    Raises:
        ReadmeError: a block does not follow the convention; the message names the line.
    """
    blocks = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        fence = re.fullmatch(r"(`{3,})(\w*)", lines[number].rstrip())
        number += 1
        if fence is None:
            continue
        begin = number
        while number < len(lines) and lines[number].rstrip() != fence[1]:
            number += 1
        if number == len(lines):
            raise ReadmeError(f"line {begin}: this block has no end")
        if fence[2] in (LANGUAGE, PROGRAM_LANGUAGE):
            checked, markers, status = _parse_directive(lines[begin - 2] if begin > 1 else "", begin)
            parse = _parse_commands if fence[2] == LANGUAGE else _parse_program
            commands = parse(lines[begin:number], begin + 1)
            blocks.append(ConsoleBlock(begin, commands, checked, markers, status, program=parse is _parse_program))
        number += 1
    return tuple(blocks)


_REPLACEMENTS = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    (re.compile(r"\d{8}T\d{6}(?:-\d+)?"), "DATE"),
    (re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?"), "DATE"),
    (re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d+)? ?(?:ms|s|min|seconds?)\b(?: \d+(?:\.\d+)? ?s\b)?"), "TIME"),
    (re.compile(r"(?<![\w.])\d+:\d\d(?::\d\d)?(?![\w.])"), "TIME"),
    (re.compile(r"[─━═_-]{4,}"), "----"),
    (re.compile(r"[ \t]+"), " "),
)


def normalise(line: str, directory: Path | None = None) -> str:
    """Return a line of output without what differs from run to run."""
    if directory is not None:
        line = line.replace(str(directory.resolve()), ".").replace(str(directory), ".").replace(str(ROOT), ".")
    for pattern, replacement in _REPLACEMENTS:
        line = pattern.sub(replacement, line)
    return line.strip()


def _trim(lines: list[str]) -> list[str]:
    """Drop empty lines at both ends."""
    kept = list(lines)
    while kept and not kept[-1]:
        kept.pop()
    while kept and not kept[0]:
        kept.pop(0)
    return kept


def find_output_fault(shown: tuple[str, ...], printed: str, directory: Path | None = None) -> str | None:
    """Return what is wrong with the shown output of a command, None where it is what the command printed."""
    wanted = _trim([normalise(line) for line in shown])
    got = _trim([normalise(line, directory) for line in printed.splitlines() if not line.startswith("set-up: ")])
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else ".*?".join(map(re.escape, line.split("..."))) + "\n" for line in wanted
    )
    text = "".join(f"{line}\n" for line in got)
    if re.fullmatch(pattern, text):
        return None
    return (
        "\n  ".join(["README shows", *(wanted or ["(nothing)"])])
        + "\n"
        + "\n  ".join(["but the command printed", *(got or ["(nothing)"])])
    )


def make_working_directory(directory: Path) -> None:
    """Link the top-level names of the checkout into a directory, for commands that begin with `ci/`."""
    for path in ROOT.iterdir():
        if not path.name.startswith(".") and path.name != "bootrig-runs":
            (directory / path.name).symlink_to(path)


def run_command(command: str, directory: Path) -> tuple[int, str]:
    """Run a command as README's readers do, without a terminal; return its exit status and all that it printed."""
    variables = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "110",
        "LINES": "40",
        "TERM": "dumb",
        "NO_COLOR": "1",
    }
    result = subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return result.returncode, result.stdout


def run_block(block: ConsoleBlock, directory: Path) -> list[str]:
    """Run the commands of a block one after the other; return a sentence for each that did not do what is shown."""
    faults = []
    for shown in block.commands:
        status, printed = run_command(shown.command, directory)
        fault = find_output_fault(shown.output, printed, directory)
        expected = block.exit_status if shown is block.commands[-1] else 0
        if fault is None and status != expected:
            fault = f"exit status {status}, expected {expected}"
        if fault is not None:
            faults.append(f"README.md:{shown.line}: $ {shown.command}\n{fault}")
    return faults
