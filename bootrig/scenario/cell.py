"""One cell, from its specification to its trace, in namespaces of its own."""

import errno
import json
from pathlib import Path

from bootrig.errors import RigError
from bootrig.network.namespace import run_in_namespaces
from bootrig.scenario.boot import boot
from bootrig.scenario.errors import CellError
from bootrig.scenario.observer import Operator
from bootrig.scenario.specification import (
    ERROR_FILE,
    SPECIFICATION_FILE,
    TRACE_FILE,
    CellSpecification,
    parse_specification,
)
from bootrig.scenario.trace import Trace, load_trace, write_trace


def run_cell(specification: CellSpecification, operator: Operator | None = None) -> Trace:
    """Run a cell to its end; its trace stands in its run directory then, too. The caller has one thread only.

    Args:
        specification: what is tried.
        operator: sits at the console, in the cell's process.

    Raises:
        CellError: the rig broke; what is known stands in the run directory.
        NamespaceError: this machine does not allow namespaces.
    """
    directory = specification.directory

    def inside() -> int:
        try:
            write_trace(boot(specification, operator), directory / TRACE_FILE)
        except OSError as error:
            raise _host_error(error, directory) from error
        return 0

    try:
        run_in_namespaces(inside)
    except RigError as error:
        raise CellError(
            str(error), label=specification.key.label, directory=str(directory), remedy=error.remedy
        ) from error
    return load_trace(directory / TRACE_FILE)


def _host_error(error: OSError, directory: Path) -> RigError:
    """Return what an error of the operating system means for a cell."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RigError(f"no space is left where {directory} is", remedy="free some, or name another place by --runs")
    return RigError(f"{error.filename or 'the operating system'}: {error.strerror}")


def run_cell_file(directory: Path) -> int:
    """Run the cell whose specification stands in `directory`; an error is written beside it. Returns 0 or 3."""
    try:
        content = (directory / SPECIFICATION_FILE).read_bytes()
        run_cell(parse_specification(content, str(directory / SPECIFICATION_FILE)))
    except RigError as error:
        write_error(error, directory)
        return 3
    return 0


def write_error(error: RigError, directory: Path) -> None:
    """Write what broke into the run directory; where even that fails, the exit status has to do."""
    document = {"type": type(error).__name__, "message": str(error), "remedy": error.remedy}
    try:
        (directory / ERROR_FILE).write_text(json.dumps(document, indent=1) + "\n")
    except OSError:
        return


def load_error(directory: Path, label: str, status: int) -> CellError:
    """Return the error that a cell left, or one that says that it left none."""
    try:
        document = json.loads((directory / ERROR_FILE).read_bytes())
        return CellError(document["message"], label="", directory=str(directory), remedy=document["remedy"])
    except (OSError, ValueError, KeyError):
        return CellError(
            f"the cell ended with exit status {status} and left no trace", label=label, directory=str(directory)
        )
