"""Consoles of real boots, as the guests wrote them."""

import json
from pathlib import Path

from bootrig.trace.reading.console import ConsoleReader
from bootrig.trace.trace import ConsoleLine

RECORDED: dict[str, str] = json.loads((Path(__file__).parent / "consoles.json").read_text())


def read_lines(text: str) -> tuple[ConsoleLine, ...]:
    """Return the lines of a whole console, as a guest wrote it: a line feed alone keeps the column."""
    reader = ConsoleReader()
    reader.feed(text, None)
    return reader.lines
