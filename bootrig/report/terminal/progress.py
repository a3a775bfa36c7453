"""What is going on while cells run: a live line on a terminal, quiet lines elsewhere.

Nothing here starts a thread: the display is drawn when something happens, so that the caller may fork.
"""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bootrig.trace.names import CellKey
from bootrig.trace.trace import Outcome, OutcomeStatus

SHOWN_CELLS = 4
QUIET_SHARE = 0.1


class Progress:
    """Shows how far the cells are; a context manager.

    Args:
        total: how many cells there are to run, as far as known.
        console: where to; lines stay plain where it is not a terminal.
        title: what is done, in two or three words.
    """

    def __init__(self, total: int, console: Console, title: str = "booting") -> None:
        self.total = total
        self.finished = 0
        self.failed = 0
        self._console = console
        self._title = title
        self._running: dict[tuple[str, CellKey], float] = {}
        self._announced = 0.0
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        else:
            self._line(f"{self._title}: {self.total} cells")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def begin(self, title: str, more: int) -> None:
        """Say that `more` cells are to run, for another reason: `confirming in real time`."""
        self._title = title
        self.total += more
        if self._live is None:
            self._line(f"{title}: {more} more cells")
        self._draw()

    def note(self, text: str) -> None:
        """Say something about the run as a whole."""
        self._line(text)

    def cell_started(self, rom_set: str, key: CellKey) -> None:
        """Note that a cell runs."""
        self._running[rom_set, key] = time.monotonic()
        self._draw()

    def cell_finished(self, rom_set: str, key: CellKey, outcome: Outcome | None) -> None:
        """Note that a cell has ended; `outcome` is None where the rig broke."""
        self._running.pop((rom_set, key), None)
        self.finished += 1
        name = f"{rom_set} {key.scenario} {key.nic_model} {key.machine} {key.platform_firmware}"
        if outcome is None:
            self.failed += 1
            self._line(f"broken rig: {name}")
        elif outcome.status is OutcomeStatus.FAILED:
            self.failed += 1
            self._line(f"failed: {name}: {outcome.reason}")
        if self._live is None and self.finished >= self._announced + max(1.0, QUIET_SHARE * self.total):
            self._announced = self.finished
            self._line(f"{self._title}: {self.finished} of {self.total} cells, {self.failed} failed")
        self._draw()

    def _line(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def _draw(self) -> None:
        if self._live is not None:
            self._live.update(self._picture(), refresh=True)

    def _picture(self) -> Table:
        table = Table.grid(padding=(0, 1))
        failed = Text(f"{self.failed} failed", style="red" if self.failed else "dim")
        bar = ProgressBar(total=max(1, self.total), completed=self.finished, width=30)
        table.add_row(Text(self._title), bar, Text(f"{self.finished}/{self.total}"), failed)
        grid = Table.grid()
        grid.add_row(table)
        now_s = time.monotonic()
        for (rom_set, key), started_s in list(self._running.items())[:SHOWN_CELLS]:
            words = f"  {rom_set}  {key.scenario}  {key.nic_model}  {key.platform_firmware}  {now_s - started_s:.0f} s"
            grid.add_row(Text(words, style="dim", no_wrap=True, overflow="ellipsis"))
        return grid
