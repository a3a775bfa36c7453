"""Finding the first error in a build's log: the first error matters, not the last words of make."""

import re

CONTEXT_LINES = 6
# GCC and Clang (GNU Coding Standards, "Formatting Error Messages"), the linker, the assembler, Perl and Python.
COMPILER = re.compile(r"^\S.*?:\d+(:\d+)?: (fatal )?error: |^\S.*?:\d+: Error: |^\S+: (fatal )?error: ")
LINKER = re.compile(r"undefined reference to|multiple definition of|^\S*ld(\.\w+)?: (?!warning)|collect2: error")
OTHER = re.compile(r"(?i)\berror\b|not found|No such file|No rule to make target|Traceback")
MAKE = re.compile(r"^make(\[\d+\])?: \*\*\* ")
NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded")


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
