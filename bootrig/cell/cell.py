"""One cell, from its specification to its trace, in namespaces of its own."""

import errno
import json
from pathlib import Path

from bootrig.cell.boot import boot
from bootrig.cell.observer import Operator
from bootrig.cell.specification import (
    ERROR_FILE,
    SPECIFICATION_FILE,
    TRACE_FILE,
    CellSpecification,
    parse_specification,
)
from bootrig.errors import BootrigError, RigError
from bootrig.network.namespace import run_in_namespaces
from bootrig.scenario.errors import CellError
from bootrig.trace.trace import Trace, load_trace, write_trace
from bootrig.workdir import write_atomically

UNWRITTEN_STATUS = 4
SPACE_REMEDY = "free some space there, or name another place by --runs"


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
            raise host_error(error, directory) from error
        return 0

    try:
        run_in_namespaces(inside)
    except RigError as error:
        raise CellError(
            str(error), label=specification.key.label, directory=str(directory), remedy=error.remedy
        ) from error
    return load_trace(directory / TRACE_FILE)


def host_error(error: OSError, directory: Path) -> RigError:
    """Return what an error of the operating system means for what is kept in `directory`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RigError(f"no space is left where {directory} is", remedy=SPACE_REMEDY)
    return RigError(f"{error.filename or 'the operating system'}: {error.strerror}")


def run_cell_file(directory: Path) -> int:
    """Run the cell whose specification stands in `directory`; an error is written beside it.

    Returns:
        0; where the rig broke 3, or `UNWRITTEN_STATUS` where the error could not be written.
    """
    try:
        content = (directory / SPECIFICATION_FILE).read_bytes()
        run_cell(parse_specification(content, str(directory / SPECIFICATION_FILE)))
    except BootrigError as error:
        return 3 if write_error(error, directory) else UNWRITTEN_STATUS
    return 0


def write_error(error: BootrigError, directory: Path) -> bool:
    """Write what broke into the run directory, all or nothing; returns whether that worked."""
    document = {"type": type(error).__name__, "message": str(error), "remedy": error.remedy}
    try:
        write_atomically(directory / ERROR_FILE, (json.dumps(document, indent=1) + "\n").encode())
    except OSError:
        return False
    return True


def load_error(directory: Path, label: str, status: int) -> CellError:
    """Return the error that a cell left, or one that says that it left none."""
    if status == UNWRITTEN_STATUS:
        return CellError(
            f"the rig broke and its error could not be written into {directory}",
            label=label,
            directory=str(directory),
            remedy=SPACE_REMEDY,
        )
    try:
        document = json.loads((directory / ERROR_FILE).read_bytes())
        return CellError(document["message"], label="", directory=str(directory), remedy=document["remedy"])
    except (OSError, ValueError, KeyError, TypeError):
        return CellError(
            f"the cell ended with exit status {status} and left no trace", label=label, directory=str(directory)
        )
