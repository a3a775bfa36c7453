"""A single boot: in this process, or with its console at the other end of a socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from socket import socket

from msgspec.structs import replace

from bootrig.api.asked import Asked
from bootrig.api.record import describe_options, describe_run, end_run
from bootrig.api.requests import BootRequest, Request
from bootrig.bug import keep_bugs
from bootrig.cell.observer import Operator
from bootrig.cell.process import run_cell
from bootrig.cell.specification import CellSpecification, write_specification
from bootrig.emulator.definition.launch import require_possible, settle_pace
from bootrig.errors import ExitStatus
from bootrig.jsonfile import load_json
from bootrig.record.listing import measure
from bootrig.record.presence import start_run
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
    return boot_cell(_ask_one(request), request, operator, is_interactive=request.interactive)


def boot_cell(
    asked: Asked, request: Request, operator: Operator | None = None, *, is_interactive: bool = False
) -> tuple[Trace, Path]:
    """Boot the one cell of the one side that is asked for as `boot` does, whatever it comes from.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken.
    """
    with _start_one(asked, request, is_interactive=is_interactive) as (specification, record):
        directory = specification.run_directory
        with keep_bugs(directory):
            write_specification(specification)
            run_cell(specification, operator)
            trace = load_json(specification.directory / TRACE_FILE, Trace)
            status = ExitStatus.GOOD if trace.passed else ExitStatus.BAD
            outcome = "left" if is_interactive else str(trace.outcome.status)
            ended = end_run(record, [trace], status)
            write_run(replace(ended, outcome=outcome, length=measure(directory)), directory)
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
    with (
        _start_one(_ask_one(request), request, is_interactive=request.interactive) as (specification, _),
        start_pool(1, specification.run_directory) as pool,
        pool.start_console(specification) as console,
    ):
        yield OpenedConsole(console, specification.directory)


def _ask_one(request: BootRequest) -> Asked:
    """Return the cell and the side of a single boot."""
    require_possible(request.launch)
    stack = resolve_stack(request.rom_set)
    cell = _plan_one(request, stack)
    names = (request.rom_set,)
    require_rom_sets(names)
    return Asked(
        names=names, labels=label_sides(names), stacks=(stack,), planned=(cell,), obtain=partial(obtain_sides, names)
    )


@contextmanager
def _start_one(asked: Asked, request: Request, *, is_interactive: bool) -> Iterator[tuple[CellSpecification, Run]]:
    """Make everything ready for one boot."""
    pace = settle_pace(False if is_interactive else request.is_virtual, request.accelerator)
    (name,), (label,), (stack,) = asked.names, asked.labels, asked.stacks
    (cell,) = assign_cells(asked.planned, asked.stacks)
    equipment = make_equipment([cell], pace=pace, launch=request.launch, given=asked.guests)
    asked.require(equipment)
    (rom_set,) = asked.obtain()
    directory = make_run_directory(request.runs, "boot")
    with start_run(directory):
        equipment = keep_firmware(equipment, directory)
        side = embed_side(rom_set, name, directory, label, stack=stack)
        if not side.covers(cell.key.nic_model):
            remove_path(directory)
            raise CellSelectionError(f"{name} has no ROM for {cell.key.nic_model}", remedy=f"bootrig roms show {name}")
        record = replace(
            describe_run("boot", request.argv, directory, [side], equipment, [(side, cell)]),
            options=describe_options(request),
            repeats=asked.repeats,
        )
        write_run(record, directory)
        yield specify(cell, side, equipment, directory, Attempt(equipment.choose_first_clock(cell))), record


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
