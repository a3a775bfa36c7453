"""The progress of boots on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootrig.api import Listener
from bootrig.cell.specification import CellSpecification
from bootrig.report.terminal.console import open_console
from bootrig.report.terminal.progress import Progress
from bootrig.schedule.campaign import CellResult


class ProgressListener(Listener):
    """Shows how far a run is, and where it keeps what it sees where it is interrupted."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._directory: Path | None = None

    def run_made(self, directory: Path, cells: int) -> None:
        """Begin to show."""
        self._directory = directory
        self._progress = Progress(cells, open_console(stderr=True))
        self._progress.__enter__()

    def batch_added(self, title: str, more: int) -> None:
        """Show that more cells are to come."""
        if self._progress is not None:
            self._progress.begin(title, more)

    def cell_started(self, specification: CellSpecification) -> None:
        """Show that a boot begins."""
        if self._progress is not None:
            self._progress.cell_started(specification.rom_set, specification.key)

    def cell_finished(self, result: CellResult) -> None:
        """Show that a boot has ended."""
        if self._progress is not None:
            outcome = result.trace.outcome if result.trace else None
            self._progress.cell_finished(result.specification.rom_set, result.specification.key, outcome)

    def end(self, *, interrupted: bool) -> None:
        """End to show."""
        if self._progress is not None:
            if interrupted:
                self._progress.note(f"What was seen until now: {self._directory}")
            self._progress.__exit__(None, None, None)


@contextmanager
def start_progress() -> Iterator[ProgressListener]:
    """Yield a listener that shows what it is told until the `with` ends."""
    listener = ProgressListener()
    interrupted = False
    try:
        yield listener
    except KeyboardInterrupt:
        interrupted = True
        raise
    finally:
        listener.end(interrupted=interrupted)
