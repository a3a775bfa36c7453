"""The progress of a build on standard error: its steps, what is downloaded, and how far make is."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bootrig.builder.build import BuildOptions
from bootrig.builder.compile_log import StepReader
from bootrig.report.terminal.console import open_console

# Where there is no terminal, a line is printed so often, if make got further.
QUIET_S = 10.0


class _Doing:
    """What is being done now, in one line that is made again whenever the terminal is drawn."""

    def __init__(self) -> None:
        self.text = ""
        self._steps: StepReader | None = None
        self._count: int | None = None

    def watch(self, log: Path, count: int | None) -> None:
        """Tell from now on how far a make is that announces so many steps; None for one that finds that out."""
        self._steps, self._count = StepReader(log), count

    def leave(self, text: str) -> None:
        """Tell something else from now on."""
        self.text, self._steps = text, None

    def __str__(self) -> str:
        """Return the line."""
        steps, count = self._steps, self._count
        if steps is None:
            return self.text
        steps.read()
        if count is None:
            return f"finding out what to compile: {steps.count} {steps.last}".rstrip()
        return f"compiling {steps.count}{f' of {count}' if count else ''} {steps.last}".rstrip()

    def __rich__(self) -> Text:
        return Text(str(self), no_wrap=True, overflow="ellipsis")


@contextmanager
def step_options(processes: int | None) -> Iterator[BuildOptions]:
    """Yield options that show each step; in a line that lives where standard error is a terminal, else now and then.

    Args:
        processes: how many processes make starts at a time, one per processor for None.
    """
    console = open_console(stderr=True)
    doing = _Doing()

    def on_step(number: int, count: int, text: str) -> None:
        console.print(Text(f"[{number}/{count}] {text}"), soft_wrap=True)
        doing.leave(f"{text.partition(':')[0]}")

    def on_download(address: str, length: int, total: int | None) -> None:
        doing.leave(f"{address}: {length}{f' of {total}' if total else ''} bytes")

    with console.status(doing) if console.is_terminal else _print_quietly(console, doing):
        yield BuildOptions(
            parallelism=processes or os.cpu_count() or 1, on_step=on_step, on_make=doing.watch, on_download=on_download
        )


@contextmanager
def _print_quietly(console: Console, doing: _Doing) -> Iterator[None]:
    over = threading.Event()

    def print_lines() -> None:
        last = ""
        while not over.wait(QUIET_S):
            if (line := str(doing)) != last:
                console.print(Text(line), soft_wrap=True)
                last = line

    thread = threading.Thread(target=print_lines, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
