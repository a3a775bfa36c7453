"""The progress of a build on the terminal: its steps, and what is downloaded."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bootrig.builder.build import BuildOptions


@contextmanager
def step_options(processes: int | None) -> Iterator[BuildOptions]:
    """Yield options that show each step on standard error, with a line that lives where that is a terminal."""
    from rich.console import Console  # noqa: PLC0415 - only where something is built

    console = Console(stderr=True, highlight=False, markup=False)
    with console.status("") as status:

        def on_step(number: int, count: int, text: str) -> None:
            console.print(f"[{number}/{count}] {text}")
            status.update(text.partition(":")[0])

        def on_download(address: str, length: int, total: int | None) -> None:
            share = f" of {total}" if total else ""
            status.update(f"{address}: {length}{share} bytes")

        yield BuildOptions(parallelism=processes or os.cpu_count() or 1, on_step=on_step, on_download=on_download)
    sys.stderr.flush()
