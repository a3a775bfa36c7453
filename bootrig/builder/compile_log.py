"""What a build's log tells: how far it is, and the first error, which matters, not the last words of make."""

import re
from pathlib import Path

CONTEXT_LINES = 6
# GCC and Clang (GNU Coding Standards, "Formatting Error Messages"), the linker, the assembler, Perl and Python.
COMPILER = re.compile(r"^\S.*?:\d+(:\d+)?: (fatal )?error: |^\S.*?:\d+: Error: |^\S+: (fatal )?error: ")
LINKER = re.compile(r"undefined reference to|multiple definition of|^\S*ld(\.\w+)?: (?!warning)|collect2: error")
OTHER = re.compile(r"(?i)\berror\b|not found|No such file|No rule to make target|Traceback")
MAKE = re.compile(r"^make(\[\d+\])?: \*\*\* ")
NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded")

# What make announces of a step: "  [BUILD] bin/a.o" in the Etherboot family, "  Compile checking out/a.o" in SeaBIOS.
_STEP = r"  (?:\[[A-Z]+\]|[A-Z][a-z]+) .*"
ANNOUNCED = re.compile(f"^{_STEP}", re.MULTILINE)
# The command that announces it, as make shows it where it only says what it would do.
ANNOUNCEMENT = re.compile(f"^\\s*echo [\"']{_STEP}", re.MULTILINE)


class StepReader:
    """Counts the steps that make announces in a log from now on, as the log grows.

    Attributes:
        count: how many there were.
        last: the last of them, as make words it.
    """

    def __init__(self, log: Path) -> None:
        self.count, self.last = 0, ""
        self._log = log
        self._offset = log.stat().st_size if log.exists() else 0

    def read(self) -> None:
        """Count what came since; a line that is not complete waits."""
        try:
            with self._log.open("rb") as stream:
                stream.seek(self._offset)
                complete, end, _ = stream.read().rpartition(b"\n")
        except OSError:
            return
        self._offset += len(complete) + len(end)
        if steps := ANNOUNCED.findall(complete.decode("utf-8", "replace")):
            self.count += len(steps)
            self.last = steps[-1].strip()


def find_first_error(text: str) -> str:
    """Return the first error in a log with the lines that belong to it; the log's end where none is recognised."""
    lines = text.splitlines()
    for pattern in (COMPILER, LINKER, MAKE, OTHER):
        for number, line in enumerate(lines):
            if pattern.search(line):
                return "\n".join(_context(lines, number))
    return "\n".join(lines[-CONTEXT_LINES:])


def _context(lines: list[str], number: int) -> list[str]:
    """Return an error's line and those behind it that are indented or notes, as compilers print them."""
    kept = [lines[number]]
    for line in lines[number + 1 : number + CONTEXT_LINES]:
        if not line.startswith((" ", "\t")) and ": note: " not in line:
            break
        kept.append(line)
    return kept
