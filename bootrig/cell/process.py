"""The process of a cell: from its specification's file to its trace, in namespaces of its own."""

import errno
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bootrig.bug import keep_bugs
from bootrig.cell.boot import boot
from bootrig.cell.confinement import Prepared, prepare
from bootrig.cell.errors import CellError
from bootrig.cell.observer import Operator
from bootrig.cell.sharing import Prefix
from bootrig.cell.specification import CellSpecification, load_specification
from bootrig.cell.watchdog import GENERATIONS, Watchdog, find_limit_s
from bootrig.emulator.accelerator import revoke_kvm
from bootrig.emulator.definition.definition import AcceleratorKind
from bootrig.emulator.errors import GuestHaltedError
from bootrig.errors import INPUT_WORDS, BootrigError, ExitStatus, InputError, RigError
from bootrig.jsonfile import JsonFileError, load_json, write_json
from bootrig.network.namespace import run_in_namespaces
from bootrig.shortage import find_remedy
from bootrig.trace.error import ERROR_FILE, CellErrorDocument
from bootrig.trace.trace import TRACE_FILE

UNWRITTEN_STATUS = 4
# What an attempt's directory has for a moment, where QEMU halted the guest: why.
HALTED_FILE = "halted"
SPACE_REMEDY = "free some space there, or name another place by --runs"
# The TFTP server's thread waits at most so long for the event loop's: in virtual time its answers are urgent.
SWITCH_INTERVAL_S = 0.0005


def run_cell(
    specification: CellSpecification,
    operator: Operator | None = None,
    *,
    is_watched: bool = False,
    prefix: Prefix | None = None,
) -> None:
    """Run one boot to its end; its trace is in its directory then. The caller has one thread only.

    Where somebody watches this process (`is_watched`), as a pool does, it does not watch the cell's other processes.
    The guest goes on from the `prefix`, where there is one.

    Raises:
        CellError: the rig broke; what is known is in the attempt's directory.
        NamespaceError: this machine does not allow namespaces.
    """
    directory = specification.directory
    prepared = Prepared(prefix=prefix)

    def inside() -> int:
        write_json(directory / TRACE_FILE, boot(specification, prepared, operator))
        return 0

    def watch(keeper: int) -> Callable[[], str]:
        stays = operator is not None and operator.stays
        return Watchdog(keeper, None if stays else find_limit_s(specification.scenario), GENERATIONS[1:]).find_fault

    make_ready = partial(prepare, specification, prepared)
    run_prepared(specification, prepared, make_ready, inside, None if is_watched else watch)


def run_prepared(
    specification: CellSpecification,
    prepared: Prepared,
    make_ready: Callable[[], None],
    work: Callable[[], int],
    watch: Callable[[int], Callable[[], str]] | None = None,
) -> int:
    """Make ready what a cell needs, and run its `work` in its namespaces; return what that returns.

    Raises:
        CellError: the rig broke; what is known is in the attempt's directory.
        NamespaceError: this machine does not allow namespaces.
    """
    directory = specification.directory

    def inside() -> int:
        # the process is the cell's own
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        try:
            with keep_bugs(directory):
                return work()
        except GuestHaltedError as error:
            (directory / HALTED_FILE).write_text(str(error).partition("\n")[0])
            raise
        except OSError as error:
            raise describe_host_error(error, directory) from error

    try:
        directory.mkdir(parents=True, exist_ok=True)
        make_ready()
        return run_in_namespaces(inside, watch=watch, entry=prepared.entry)
    except OSError as error:
        raise describe_host_error(error, directory) from error
    except RigError as error:
        _revoke_accelerator(specification, error)
        raise CellError(
            str(error), label=str(specification.key), directory=str(directory), remedy=error.remedy
        ) from error


def _revoke_accelerator(specification: CellSpecification, error: RigError) -> None:
    """Remember that KVM broke a guest, where it did: the cell itself cannot write what outlives it."""
    halted = specification.directory / HALTED_FILE
    if halted.exists():
        if specification.clock.accelerator == AcceleratorKind.KVM:
            revoke_kvm(specification.emulator, halted.read_text())
            error.remedy = "run it again: from now on guests run under TCG here"
        halted.unlink()


def describe_host_error(error: OSError, directory: Path) -> RigError:
    """Return what an error of the operating system means for what is kept in `directory`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RigError(f"no space is left where {directory} is", remedy=SPACE_REMEDY)
    return RigError(f"{error.filename or 'the operating system'}: {error.strerror}", remedy=find_remedy(error))


def run_cell_file(
    cell_directory: Path, attempt: str, operator: Operator | None = None, prefix: Prefix | None = None
) -> int:
    """Run a boot of the cell whose specification is in `cell_directory`; an error is written into the attempt's.

    Whoever started this process watches it and those below it (`Watchdog`).

    Returns:
        0; where the rig broke 3, where the input was bad 2, or `UNWRITTEN_STATUS` where the error could not be written.
    """

    def work() -> int:
        run_cell(load_specification(cell_directory, attempt), operator, is_watched=True, prefix=prefix)
        return ExitStatus.GOOD

    return report_errors(cell_directory / attempt, work)


def report_errors(directory: Path, work: Callable[[], int]) -> int:
    """Return what `work` returns, or the exit status of its error, which is written into the attempt's `directory`."""
    try:
        with keep_bugs(directory):
            return work()
    except BootrigError as error:
        return error.exit_status if write_error(error, directory) else UNWRITTEN_STATUS


def write_error(error: BootrigError, directory: Path) -> bool:
    """Write what broke into the attempt's directory, all or nothing; returns whether that worked."""
    message = f"{INPUT_WORDS}: {error}" if isinstance(error, InputError) else str(error)
    document = CellErrorDocument(type=type(error).__name__, message=message, remedy=error.remedy)
    try:
        write_json(directory / ERROR_FILE, document)
    except OSError:
        return False
    return True


def load_error(directory: Path, label: str, status: int) -> CellError:
    """Return the error that a cell left, or one that says that it left none."""
    place = str(directory)
    if status == UNWRITTEN_STATUS:
        message = f"the rig broke and its error could not be written into {directory}"
        return CellError(message, label=label, directory=place, remedy=SPACE_REMEDY)
    try:
        document = load_json(directory / ERROR_FILE, CellErrorDocument)
    except JsonFileError:
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
        message = f"the cell's process {how} and left no trace"
        return CellError(message, label=label, directory=place)
    return CellError(document.message, label="", directory=place, remedy=document.remedy)
