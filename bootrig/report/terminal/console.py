"""Where reports are printed."""

import sys
from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from bootrig.legible import make_legible
from bootrig.standard_streams import LegibleStream

PLAIN_WIDTH = 100


class ReportConsole(Console):
    """A console on which every text is legible: nothing that a terminal would obey comes from guests, files or names.

    Markup and highlighting are not for such texts, so they are off.
    """

    def __init__(self, file: IO[str], width: int | None = None) -> None:
        super().__init__(file=file, width=width, highlight=False, markup=False, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is drawn, each text of it legible."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(make_legible(text), style)


def open_console(*, stderr: bool = False) -> ReportConsole:
    """Return a console as wide as the terminal; where it is none, wide enough for a matrix of all NIC models."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return ReportConsole(stream.drawn if isinstance(stream, LegibleStream) else stream, width)
