"""The progress of a build on the terminal: its steps, what is downloaded, and the last line of its log."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.text import Text

from bootrig.builder.build import BuildOptions
from bootrig.process import read_tail
from bootrig.report.terminal.console import open_console

LINE_LENGTH = 400


class _Doing:
    """What is being done now, in one line that is made again whenever the terminal is drawn."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self.text = ""
        self.shows_log = False

    def __rich__(self) -> Text:
        lines = read_tail(self._log, LINE_LENGTH).split("\n") if self.shows_log else []
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return Text(f"{self.text} {last}".rstrip(), no_wrap=True, overflow="ellipsis")


@contextmanager
def step_options(processes: int | None, log: Path) -> Iterator[BuildOptions]:
    """Yield options that show each step on standard error; a line that lives where that is a terminal.

    Args:
        processes: how many processes make starts at a time, one per processor for None.
        log: the log of the build.
    """
    console = open_console(stderr=True)
    doing = _Doing(log)

    def on_step(number: int, count: int, text: str) -> None:
        console.print(Text(f"[{number}/{count}] {text}"), soft_wrap=True)
        doing.text = f"{text.partition(':')[0]}:"
        doing.shows_log = True

    def on_download(address: str, length: int, total: int | None) -> None:
        doing.text = f"{address}: {length}{f' of {total}' if total else ''} bytes"
        doing.shows_log = False

    with console.status(doing):
        yield BuildOptions(parallelism=processes or os.cpu_count() or 1, on_step=on_step, on_download=on_download)
