"""A single boot: in this process, or with its console at the other end of a socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket

from bootrig.api.record import describe_run, end_run
from bootrig.api.requests import BootRequest
from bootrig.bug import keep_bugs
from bootrig.cell.observer import Operator
from bootrig.cell.process import run_cell
from bootrig.cell.specification import CellSpecification, write_specification
from bootrig.emulator.definition.launch import require_possible, settle_pace
from bootrig.errors import ExitStatus
from bootrig.jsonfile import load_json
from bootrig.record.run import Run, write_run
from bootrig.romset.obtain import require_rom_sets
from bootrig.schedule.equipment import make_equipment, specify
from bootrig.schedule.errors import CellSelectionError
from bootrig.schedule.executors.pool import start_pool
from bootrig.schedule.firmware_files import keep_firmware
from bootrig.schedule.plan import Filters, PlannedCell, plan_cells
from bootrig.schedule.sides import embed_side, label_sides, obtain_sides
from bootrig.schedule.stack import Stack, assign_cells, require_filters, resolve_stack, vary_cells
from bootrig.temporary import remove_path
from bootrig.trace.attempt import Attempt
from bootrig.trace.names import DEFAULT_EMULATOR
from bootrig.trace.trace import TRACE_FILE, Trace
from bootrig.workdir import make_run_directory


def boot(request: BootRequest, operator: Operator | None = None) -> tuple[Trace, Path]:
    """Boot one guest in this process, which has one thread only; return its trace and the attempt's directory.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken.
    """
    specification, record = _specify_one(request)
    with keep_bugs(specification.run_directory):
        write_specification(specification)
        run_cell(specification, operator)
        trace = load_json(specification.directory / TRACE_FILE, Trace)
        status = ExitStatus.GOOD if trace.passed else ExitStatus.BAD
        write_run(end_run(record, [trace], status), specification.run_directory)
    return trace, specification.directory


@dataclass(frozen=True, slots=True)
class OpenedConsole:
    """The console of a guest, a stream socket, and the attempt's directory."""

    socket: socket
    directory: Path

    def load_trace(self) -> Trace:
        """Return what the boot showed, once it has ended.

        Raises:
            JsonFileError: it has not.
        """
        return load_json(self.directory / TRACE_FILE, Trace)


@contextmanager
def open_console(request: BootRequest) -> Iterator[OpenedConsole]:
    """Boot one guest and yield its console. The guest ends with the `with`.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken, also in the end.
    """
    specification, _ = _specify_one(request)
    with start_pool(1, specification.run_directory) as pool, pool.start_console(specification) as console:
        yield OpenedConsole(console, specification.directory)


def _specify_one(request: BootRequest) -> tuple[CellSpecification, Run]:
    """Make everything ready for one boot."""
    require_possible(request.launch)
    pace = settle_pace(False if request.interactive else request.is_virtual, request.accelerator)
    stack = resolve_stack(request.rom_set)
    cell = _plan_one(request, stack)
    require_rom_sets([request.rom_set])
    equipment = make_equipment([cell], pace=pace, launch=request.launch)
    (rom_set,) = obtain_sides([request.rom_set])
    (label,) = label_sides([request.rom_set])
    directory = make_run_directory(request.runs, "boot")
    equipment = keep_firmware(equipment, directory)
    side = embed_side(rom_set, request.rom_set, directory, label, stack=stack)
    if not side.covers(cell.key.nic_model):
        remove_path(directory)
        raise CellSelectionError(
            f"{request.rom_set} has no ROM for {cell.key.nic_model}", remedy=f"bootrig roms show {request.rom_set}"
        )
    record = describe_run("boot", request.argv, directory, [side], equipment, [(side, cell)])
    write_run(record, directory)
    return specify(cell, side, equipment, directory, Attempt(equipment.choose_first_clock(cell))), record


def _plan_one(request: BootRequest, stack: Stack) -> PlannedCell:
    """Return the cell of a single boot by a side that sets `stack`."""
    asked = (request.emulator,) if request.emulator != DEFAULT_EMULATOR else ()
    require_filters(asked, (request.platform_firmware,) if request.platform_firmware else (), [stack])
    planned = plan_cells(
        Filters(
            nic_models=(request.nic_model,),
            scenarios=(request.scenario,),
            machines=(request.machine,) if request.machine else (),
            platform_firmware=(request.platform_firmware,) if request.platform_firmware else (),
            emulators=(request.emulator,),
        )
    )
    planned = assign_cells(vary_cells(planned, [stack]), [stack])
    models = dict.fromkeys(cell.key.nic_model for cell in planned)
    if len(models) > 1:
        raise CellSelectionError(f"one boot is of one NIC, and {request.nic_model} means {', '.join(models)}")
    names = dict.fromkeys(cell.scenario.name for cell in planned)
    if len(names) > 1:
        raise CellSelectionError(f"{request.scenario} has variants, name one", remedy=f"known: {', '.join(names)}")
    return planned[0]
