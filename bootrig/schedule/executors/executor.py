"""What an executor is, and what comes out of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bootrig.cell.errors import CellError
from bootrig.cell.process import write_error
from bootrig.cell.specification import CellSpecification
from bootrig.temporary import remove_abandoned
from bootrig.trace.trace import Trace
from bootrig.workdir import NEW_PREFIX


@dataclass(frozen=True, slots=True)
class CellResult:
    """How a boot ended: with a trace, or with the error that says how the rig broke or what of the input is wrong."""

    specification: CellSpecification
    trace: Trace | None
    error: CellError | None


class RunCells(Protocol):
    """What an executor does; whatever it has started ends with the `with` that it comes from."""

    def __call__(
        self, specifications: Sequence[CellSpecification], *, on_start: Callable[[CellSpecification], None]
    ) -> Iterator[CellResult]:
        """Run cells and yield each result as it comes, its files in the attempt's directory.

        Raises:
            RigError: no cell can be run any more.
        """


def report_broken(specification: CellSpecification, fault: str) -> CellResult:
    """Return what it means that a cell was given up; its directory has the reason, and no file that is half written."""
    error = CellError(fault, label=str(specification.key), directory=str(specification.directory))
    write_error(error, specification.directory)
    remove_abandoned(specification.directory, NEW_PREFIX)
    return CellResult(specification, None, error)
