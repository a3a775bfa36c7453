"""A run's cells: the order in which they are tried and confirmed, and what came of each."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bootrig.cell.errors import CellError
from bootrig.cell.specification import CellSpecification
from bootrig.schedule.equipment import Equipment, specify
from bootrig.schedule.plan import PlannedCell
from bootrig.schedule.sides import Side
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Trace

BROKEN_LIMIT = 5


@dataclass(frozen=True, slots=True)
class CellResult:
    """How a boot ended: with a trace, or with the error that says how the rig broke."""

    specification: CellSpecification
    trace: Trace | None
    error: CellError | None


class RunCells(Protocol):
    """What runs cells: specifications in, results out, each as it comes."""

    def __call__(
        self, specifications: Sequence[CellSpecification], *, on_start: Callable[[CellSpecification], None]
    ) -> Iterator[CellResult]:
        """Run cells in their order and yield each result as it comes."""


class Listener:
    """Told how a run goes; does nothing by itself."""

    def run_made(self, directory: Path, cells: int) -> None:
        """The run directory is there, and so many cells will be booted."""

    def batch_added(self, title: str, more: int) -> None:
        """`more` cells are added, for another reason: `confirming in real time`."""

    def cell_started(self, specification: CellSpecification) -> None:
        """A boot begins."""

    def cell_finished(self, result: CellResult) -> None:
        """A boot has ended."""


class Campaign:
    """Runs the cells of one or more sides, which share the equipment, and keeps the results."""

    def __init__(
        self,
        run_cells: RunCells,
        equipment: Equipment,
        run_directory: Path,
        sides: Sequence[Side],
        planned: Sequence[PlannedCell],
        listener: Listener,
    ) -> None:
        self._run_cells = run_cells
        self._equipment = equipment
        self._run_directory = run_directory
        self._sides = sides
        self._suited = [cell for cell in planned if any(side.suits(cell.key) for side in sides)]
        self._results: dict[tuple[str, CellKey, bool], CellResult] = {}  # by side, cell, whether in real time
        self._listener = listener

    @property
    def errors(self) -> tuple[CellError, ...]:
        """What broke, one error a boot."""
        return tuple(result.error for result in self._results.values() if result.error is not None)

    @property
    def confirmed(self) -> frozenset[CellKey]:
        """The cells that have been tried in real time."""
        return frozenset(key for _, key, is_real in self._results if is_real)

    def traces(self, label: str | None = None) -> tuple[Trace, ...]:
        """Return the traces of one side, or of all: of a cell that was confirmed both, in virtual and in real time."""
        return tuple(
            result.trace
            for (side, _, _), result in self._results.items()
            if label in (None, side) and result.trace is not None
        )

    def iter_cells(self) -> Iterator[tuple[Side, PlannedCell]]:
        """Yield the places of the matrix for which there is a ROM, and on some side an image for the platform firmware.

        Where one side has such an image, the others are booted without: what a set has lost must show. A side that is
        compared is tried without a ROM, too.
        """
        for cell in self._suited:
            for side in self._sides:
                if side.is_compared or side.covers(cell.key.nic_model):
                    yield side, cell

    def run(self) -> None:
        """Run every planned cell for every ROM set that covers it.

        Raises:
            CellError: more cells broke than chance explains.
        """
        for real in (False, True):
            wanted = [
                (side, cell)
                for side, cell in self.iter_cells()
                if real is (cell.scenario.clock.only_real or not self._equipment.is_virtual)
            ]
            self._run(wanted, real=real)

    def confirm(self, keys: Collection[CellKey]) -> None:
        """Run the cells of `keys` in real time, on every side, unless they have been.

        Raises:
            CellError: more cells broke than chance explains.
        """
        again = [
            (side, cell)
            for side, cell in self.iter_cells()
            if cell.key in keys and (side.label, cell.key, True) not in self._results
        ]
        if again:
            self._listener.batch_added("confirming in real time", len(again))
            self._run(again, real=True)

    def _run(self, cells: Sequence[tuple[Side, PlannedCell]], *, real: bool) -> None:
        specifications = [
            specify(cell, side, self._equipment, self._run_directory, self._equipment.choose_clock(cell, real=real))
            for side, cell in cells
        ]
        for result in self._run_cells(specifications, on_start=self._listener.cell_started):
            told = result.specification
            self._results[told.side, told.key, real] = result
            self._listener.cell_finished(result)
            broken = self.errors
            if len(broken) >= BROKEN_LIMIT:
                raise CellError(
                    f"{len(broken)} cells broke, the rest was not tried; the last: {broken[-1]}",
                    directory=broken[-1].directory,
                    remedy=broken[-1].remedy,
                )
