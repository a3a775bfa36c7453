"""Where reports are printed."""

import sys

from rich.console import Console

PLAIN_WIDTH = 100


def open_console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal; where it is none, wide enough for a matrix of all NIC models."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, highlight=False, width=None if stream.isatty() else PLAIN_WIDTH)
