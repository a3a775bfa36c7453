"""What bootrig does, as functions over requests: compare, run, boot, judge.

The commands and the pytest plugin are thin layers over this module. Progress is told to a `Listener`; nothing here
prints. What is wrong with a request is an `InputError`, a broken rig a `RigError`; how boots ended, and the verdict, are
values.
"""

import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket

from msgspec.structs import replace

from bootrig import __version__
from bootrig.cell.errors import CellError
from bootrig.cell.observer import Operator
from bootrig.cell.process import run_cell
from bootrig.cell.specification import CellSpecification, write_specification
from bootrig.compare.comparison import compare_traces
from bootrig.compare.confirmation import find_doubtful, needs_confirmation
from bootrig.compare.verdict import Verdict
from bootrig.compare.waivers import Waiver
from bootrig.emulator.definition.launch import Launch, require_possible
from bootrig.errors import ExitStatus, InputError, RigError
from bootrig.record.judgement import judge
from bootrig.record.run import (
    Run,
    RunCell,
    RunEmulator,
    RunFirmware,
    RunHost,
    RunRom,
    RunSide,
    tell_time,
    write_run,
)
from bootrig.schedule.campaign import Campaign, CampaignListener
from bootrig.schedule.equipment import Equipment, make_equipment, specify
from bootrig.schedule.errors import CellSelectionError
from bootrig.schedule.plan import Filters, PlannedCell, plan_cells
from bootrig.schedule.pool import start_pool
from bootrig.schedule.sides import Side, embed_side, label_sides, obtain_sides
from bootrig.trace.reading.attempts import settle_traces
from bootrig.trace.trace import Trace
from bootrig.workdir import digest_file, make_run_directory

__all__ = [
    "BootRequest",
    "CompareResult",
    "Filters",
    "Launch",
    "Listener",
    "Matrix",
    "RunResult",
    "boot",
    "compare",
    "judge",
    "open_console",
    "run",
]

SIDES = ("baseline", "candidate")


class Listener(CampaignListener):
    """Told how a request goes; does nothing by itself."""

    def run_made(self, directory: Path, cells: int) -> None:
        """The run directory is there, and so many cells will be booted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Which cells are booted, and how.

    Attributes:
        filters: what of the matrix is tried.
        jobs: cells at a time; None for one a processor.
        is_virtual: whether guests' clocks count instructions; None for yes where the accelerator allows it.
        accelerator: `auto`, `tcg` or `kvm`.
        launch: how guests are started.
        runs: where run directories are made; None for `bootrig-runs` in the working directory.
        argv: the command's words, for the record.
    """

    filters: Filters = field(default_factory=Filters)
    jobs: int | None = None
    is_virtual: bool | None = None
    accelerator: str = "auto"
    launch: Launch = field(default_factory=Launch)
    runs: Path | None = None
    argv: tuple[str, ...] = ()

    def require_sound(self) -> int:
        """Return how many cells run at a time.

        Raises:
            InputError: what is asked for is not possible.
        """
        require_possible(self.launch)
        if self.jobs is None:
            return count_processors()
        if self.jobs < 1:
            raise InputError(f"-j {self.jobs}: at least one cell has to run")
        return self.jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run without baseline gave.

    Attributes:
        traces: of all boots; of a cell that was confirmed both, in virtual and in real time.
        directory: the run directory.
    """

    traces: tuple[Trace, ...]
    directory: Path

    @property
    def settled(self) -> tuple[Trace, ...]:
        """One trace a side and cell: the one that counts."""
        return settle_traces(self.traces)

    @property
    def failed(self) -> tuple[Trace, ...]:
        """The traces that count of boots that failed."""
        return tuple(trace for trace in self.settled if not trace.passed)

    def find(self, scenario: str = "", *, nic: str = "", rom_set: str = "") -> Trace:
        """Return the one trace that counts and fits.

        Raises:
            LookupError: none does, or several do; they are named.
        """
        wanted = {"scenario": scenario, "nic": nic, "rom_set": rom_set}
        fitting = [
            trace
            for trace in self.settled
            if scenario in ("", trace.key.scenario)
            and nic in ("", trace.key.nic_model)
            and rom_set in ("", trace.rom_set)
        ]
        if len(fitting) != 1:
            asked = ", ".join(f"{name} {value}" for name, value in wanted.items() if value) or "no condition"
            among = ", ".join(f"{trace.rom_set} {trace.cell}" for trace in fitting or self.settled) or "nothing"
            raise LookupError(f"{len(fitting)} traces fit {asked}: {among}")
        return fitting[0]

    @property
    def status(self) -> ExitStatus:
        """Good where all boots passed."""
        return ExitStatus.BAD if self.failed else ExitStatus.GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareResult:
    """What a comparison gave: the verdict, and the directory of the run that it stands on."""

    verdict: Verdict
    directory: Path

    @property
    def status(self) -> ExitStatus:
        """Good, bad, or broken where nothing was proven."""
        return self.verdict.status


@dataclass(frozen=True, slots=True, kw_only=True)
class BootRequest:
    """One boot.

    Attributes:
        rom_set: the ROM set, as users name it.
        scenario: the scenario.
        nic_model: the NIC model.
        machine: the guest; None for the scenario's first.
        platform_firmware: None for the scenario's first.
        emulator: the emulator.
        interactive: whether somebody sits at the console: then time is real.
        is_virtual: whether the guest's clock counts instructions; None for yes where the accelerator allows it.
        accelerator: `auto`, `tcg` or `kvm`.
        launch: how the guest is started.
        runs: where run directories are made.
        argv: the command's words, for the record.
    """

    rom_set: str
    scenario: str = "pxe-tftp"
    nic_model: str = "e1000"
    machine: str | None = None
    platform_firmware: str | None = None
    emulator: str = "host"
    interactive: bool = False
    is_virtual: bool | None = None
    accelerator: str = "auto"
    launch: Launch = field(default_factory=Launch)
    runs: Path | None = None
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Session:
    """A run that is under way: its cells, its directory, what `run.json` says of it."""

    campaign: Campaign
    directory: Path
    record: Run


def count_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def run(rom_sets: Sequence[str], matrix: Matrix, listener: Listener | None = None) -> RunResult:
    """Boot ROM sets in every cell, confirm what is doubtful in real time.

    Args:
        rom_sets: as users name them; each once.
        matrix: which cells.
        listener: told how it goes.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken.
    """
    names = tuple(dict.fromkeys(rom_sets))
    with _start_session("run", names, label_sides(names), matrix, listener or Listener()) as session:
        _boot_all(session.campaign)
        result = RunResult(traces=session.campaign.traces(), directory=session.directory)
        _finish(session, result.status)
    return result


def compare(
    baseline: str, candidate: str, matrix: Matrix, waivers: Sequence[Waiver] = (), listener: Listener | None = None
) -> CompareResult:
    """Boot two ROM sets in every cell, compare, confirm in real time what needs it, compare again.

    Args:
        baseline: the ROM set that is in use, as users name it.
        candidate: the one that may replace it.
        matrix: which cells.
        waivers: differences that are accepted.
        listener: told how it goes.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken.
    """
    with _start_session("compare", (baseline, candidate), SIDES, matrix, listener or Listener()) as session:
        campaign = session.campaign
        _boot_all(campaign)
        verdict = _compare(campaign, waivers)
        while keys := needs_confirmation(verdict) - campaign.confirmed:
            campaign.confirm(keys)
            verdict = _compare(campaign, waivers)
        result = CompareResult(verdict=verdict, directory=session.directory)
        _finish(session, result.status)
    return result


def boot(request: BootRequest, operator: Operator | None = None) -> tuple[Trace, Path]:
    """Boot one guest in this process, which has one thread only; return its trace and the attempt's directory.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken.
    """
    specification, record = _specify_one(request)
    write_specification(specification)
    trace = run_cell(specification, operator)
    status = ExitStatus.GOOD if trace.passed else ExitStatus.BAD
    write_run(replace(record, ended=tell_time(), exit_status=status), specification.run_directory)
    return trace, specification.directory


@contextmanager
def open_console(request: BootRequest) -> Iterator[socket]:
    """Boot one guest and yield its console: a stream socket. The guest ends with the `with`.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken.
    """
    specification, _ = _specify_one(request)
    with start_pool(1, specification.run_directory) as pool, pool.start_console(specification) as console:
        yield console


def _boot_all(campaign: Campaign) -> None:
    """Boot the matrix, then again in real time what is doubtful.

    Raises:
        RigError: the rig broke in a cell.
    """
    campaign.run()
    campaign.confirm(find_doubtful(campaign.traces()))
    _require_unbroken(campaign.errors)


def _compare(campaign: Campaign, waivers: Sequence[Waiver]) -> Verdict:
    _require_unbroken(campaign.errors)
    return compare_traces(campaign.traces(SIDES[0]), campaign.traces(SIDES[1]), waivers)


def _require_unbroken(errors: Sequence[CellError]) -> None:
    """Refuse to judge where cells broke.

    Raises:
        RigError: some did; the first one is told whole.
    """
    if errors:
        raise RigError(
            f"the rig broke in {len(errors)} cell{'s' if len(errors) > 1 else ''}, the first: {errors[0]}\n"
            f"its run directory: {errors[0].directory}",
            remedy=errors[0].remedy,
        )


@contextmanager
def _start_session(
    verb: str, names: Sequence[str], labels: Sequence[str], matrix: Matrix, listener: Listener
) -> Iterator[_Session]:
    """Make everything ready for the cells of ROM sets; processes end with the `with`.

    Raises:
        InputError: a recipe or a filter is wrong.
        RigError: something that the cells need is missing.
    """
    jobs = matrix.require_sound()
    planned = plan_cells(matrix.filters)
    equipment = make_equipment(
        planned, is_virtual=matrix.is_virtual, accelerator=matrix.accelerator, launch=matrix.launch
    )
    rom_sets = obtain_sides(names)
    directory = make_run_directory(matrix.runs, verb)
    sides = [
        embed_side(rom_set, name, directory, label)
        for rom_set, name, label in zip(rom_sets, names, labels, strict=True)
    ]
    with start_pool(jobs, directory) as pool:
        campaign = Campaign(pool.run, equipment, directory, sides, planned, listener)
        cells = list(campaign.iter_cells())
        if not cells:
            raise InputError(
                f"no ROM of {', '.join(names)} fits the NIC models asked for", remedy="bootrig roms show NAME"
            )
        record = _describe_run(verb, matrix.argv, directory, sides, equipment, cells)
        write_run(record, directory)
        listener.run_made(directory, len(cells))
        yield _Session(campaign, directory, record)


def _finish(session: _Session, status: ExitStatus) -> None:
    write_run(replace(session.record, ended=tell_time(), exit_status=status), session.directory)


def _specify_one(request: BootRequest) -> tuple[CellSpecification, Run]:
    """Make everything ready for one boot.

    Raises:
        InputError: the request is wrong.
        RigError: something that the cell needs is missing.
    """
    require_possible(request.launch)
    cell = _plan_one(request)
    real = request.interactive or cell.scenario.clock.only_real
    equipment = make_equipment(
        [cell],
        is_virtual=False if real else request.is_virtual,
        accelerator=request.accelerator,
        launch=request.launch,
    )
    (rom_set,) = obtain_sides([request.rom_set])
    (label,) = label_sides([request.rom_set])
    directory = make_run_directory(request.runs, "boot")
    side = embed_side(rom_set, request.rom_set, directory, label)
    if not side.covers(cell.key.nic_model):
        verb = "lint" if "/" in request.rom_set else "roms show"
        raise CellSelectionError(
            f"{request.rom_set} has no ROM for {cell.key.nic_model}", remedy=f"bootrig {verb} {request.rom_set}"
        )
    clock = equipment.choose_clock(cell, real=not equipment.is_virtual)
    record = _describe_run("boot", request.argv, directory, [side], equipment, [(side, cell)])
    write_run(record, directory)
    return specify(cell, side, equipment, directory, clock), record


def _plan_one(request: BootRequest) -> PlannedCell:
    """Return the cell of a single boot.

    Raises:
        CellSelectionError: there is no such cell, or the scenario has variants.
    """
    planned = plan_cells(
        Filters(
            nic_models=(request.nic_model,),
            scenarios=(request.scenario,),
            machines=(request.machine,) if request.machine else (),
            platform_firmware=(request.platform_firmware,) if request.platform_firmware else (),
            emulators=(request.emulator,),
        )
    )
    names = dict.fromkeys(cell.scenario.name for cell in planned)
    if len(names) > 1:
        raise CellSelectionError(f"{request.scenario} has variants, name one", remedy=f"known: {', '.join(names)}")
    return planned[0]


def _describe_run(
    verb: str,
    argv: tuple[str, ...],
    directory: Path,
    sides: Sequence[Side],
    equipment: Equipment,
    cells: Sequence[tuple[Side, PlannedCell]],
) -> Run:
    """Return what `run.json` says before the first boot."""
    accelerators = dict.fromkeys(equipment.accelerators.values())
    return Run(
        id=directory.name,
        verb=verb,
        argv=argv,
        bootrig=__version__,
        started=tell_time(),
        host=RunHost(cpus=count_processors(), python=platform.python_version(), accelerator=", ".join(accelerators)),
        sides=tuple(_describe_side(side) for side in sides),
        emulators={
            name: RunEmulator(emulator.version_number, emulator.digest)
            for name, emulator in equipment.emulators.items()
        },
        platform_firmware={
            name: RunFirmware(path.name, digest_file(path)) for name, path in equipment.iter_firmware_files()
        },
        cells=tuple(
            RunCell(str(cell.key), side.label, f"cells/{side.label}/{cell.key.directory_name}") for side, cell in cells
        ),
    )


def _describe_side(side: Side) -> RunSide:
    return RunSide(
        label=side.label,
        given=side.given,
        kind="directory" if "/" in side.given else "recipe",
        roms=tuple(RunRom(rom.file_name, rom.sha256, rom.length, rom.bar_length) for rom in side.rom_set.roms),
    )
