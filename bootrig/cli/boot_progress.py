"""What is going on while cells run, on standard error: a live line on a terminal, quiet lines elsewhere.

Nothing here starts a thread: the display is drawn when something happens, so that the caller may fork.
"""

import time
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bootrig.api import Listener
from bootrig.cell.specification import CellSpecification
from bootrig.errors import is_wrong_input
from bootrig.report.sentences import count
from bootrig.report.terminal.console import open_console
from bootrig.schedule.executors.executor import CellResult
from bootrig.trace.names import VARIED, CellKey
from bootrig.trace.trace import OutcomeStatus

SHOWN_CELLS = 4
QUIET_SHARE = 0.1


class Progress(Listener):
    """Shows how far a run is, and where it keeps what it sees where it is interrupted; a context manager.

    Lines stay plain where the console is not a terminal.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or open_console(stderr=True)
        self._title = "booting"
        self._directory: Path | None = None
        self._total = self._finished = self._failed = self._announced = 0
        self._running: dict[tuple[str, CellKey], float] = {}
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._directory is not None and isinstance(error, KeyboardInterrupt):
            self._line(f"What was seen until now: {self._directory}")
        self._live.stop()

    def run_made(self, directory: Path, cells: int) -> None:
        """Begin to show."""
        self._directory, self._total = directory, cells
        if self._console.is_terminal:
            self._live.start()
        else:
            self._line(f"{self._title}: {count(cells, 'cell')}")

    def batch_added(self, title: str, more: int) -> None:
        """Show that more cells are to come, for another reason."""
        self._title = title
        self._total += more
        if not self._live.is_started:
            self._line(f"{title}: {more} more cell{'s' if more != 1 else ''}")
        self._draw()

    def cell_started(self, specification: CellSpecification) -> None:
        """Show that a boot begins."""
        self._running[_name_side(specification), specification.key] = time.monotonic()
        self._draw()

    def cell_finished(self, result: CellResult) -> None:
        """Show that a boot has ended."""
        side, key = _name_side(result.specification), result.specification.key
        self._running.pop((side, key), None)
        self._finished += 1
        name = f"{side} {key.scenario} {key.nic_model} {key.machine} {key.platform_firmware}"
        if result.trace is None:
            self._failed += 1
            is_wrong = result.error is not None and is_wrong_input(str(result.error))
            self._line(f"{'wrong input' if is_wrong else 'broken rig'}: {name}")
        elif result.trace.outcome.status is OutcomeStatus.FAILED:
            self._failed += 1
            self._line(f"failed: {name}: {result.trace.outcome.reason}")
        if not self._live.is_started and self._finished >= self._announced + max(1.0, QUIET_SHARE * self._total):
            self._announced = self._finished
            self._line(f"{self._title}: {self._finished} of {self._total} cells, {self._failed} failed")
        self._draw()

    def boots_cold(self, why: str) -> None:
        """Say so."""
        self._line(f"cells boot from power-on, each by itself: {why}")

    def kvm_left(self, why: str) -> None:
        """Say so."""
        self._line(f"KVM broke a boot, from now on boots in real time run under TCG: {why}")

    def _line(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def _draw(self) -> None:
        if self._live.is_started:
            self._live.update(self._picture(), refresh=True)

    def _picture(self) -> Table:
        table = Table.grid(padding=(0, 1))
        failed = Text(f"{self._failed} failed", style="red" if self._failed else "dim")
        bar = ProgressBar(total=max(1, self._total), completed=self._finished, width=30)
        table.add_row(Text(self._title), bar, Text(f"{self._finished}/{self._total}"), failed)
        grid = Table.grid()
        grid.add_row(table)
        now_s = time.monotonic()
        for (side, key), started_s in list(self._running.items())[:SHOWN_CELLS]:
            words = f"  {side}  {key.scenario}  {key.nic_model}  {key.platform_firmware}  {now_s - started_s:.0f} s"
            grid.add_row(Text(words, style="dim", no_wrap=True, overflow="ellipsis"))
        return grid


def _name_side(specification: CellSpecification) -> str:
    """Return a boot's ROM set; where sides set more, which several have in common, the side's label."""
    return specification.side if VARIED in astuple(specification.key) else specification.rom_set
