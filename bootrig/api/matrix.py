"""Booting a matrix of cells: without a baseline, or two sides compared, booted again, and compared again."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from bootrig.api.record import describe_run, end_run
from bootrig.api.requests import Matrix
from bootrig.api.results import CompareResult, RunResult
from bootrig.bug import keep_bugs
from bootrig.cell.errors import CellError
from bootrig.cell.process import describe_host_error
from bootrig.compare import Failures, Outcomes, Policy, Proof, Verdict, compare_traces, judge_failures
from bootrig.compare.linting import find_errors, find_new
from bootrig.compare.narrowing import tell_narrowed
from bootrig.emulator.definition.launch import settle_pace
from bootrig.errors import BootrigError, ExitStatus, InputError, RigError, is_wrong_input
from bootrig.record.news import keep_history, tell_news
from bootrig.record.run import VERDICT_FILE, Run, write_run
from bootrig.report.json import encode_verdict
from bootrig.romset.kinds.rom import is_single_rom
from bootrig.romset.obtain import require_rom_sets
from bootrig.schedule.campaign import Campaign, Listener
from bootrig.schedule.equipment import make_equipment
from bootrig.schedule.executors.choice import start_executor
from bootrig.schedule.firmware_files import keep_firmware
from bootrig.schedule.results import KeptResults
from bootrig.schedule.shelf import start_shelf
from bootrig.schedule.sides import Side, embed_side, label_sides, narrow_cells, obtain_sides
from bootrig.schedule.stack import assign_cells, require_portable, resolve_stack
from bootrig.temporary import remove_path
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import find_repeats
from bootrig.workdir import make_run_directory, write_atomically
from firmware.lint.finding import Finding

SIDES = ("baseline", "candidate")


@dataclass(frozen=True, slots=True)
class _Session:
    """A run that is under way: its cells, its directory, what `run.json` says of it."""

    campaign: Campaign
    sides: Sequence[Side]
    directory: Path
    record: Run

    @property
    def nic_models(self) -> set[str]:
        """The NIC models that are booted."""
        return {cell.key.nic_model for _, cell in self.campaign.iter_cells()}

    def find_new(self) -> tuple[Finding, ...]:
        """Return what lint finds in the candidate's ROMs and not in the baseline's."""
        first, second = (side.rom_set for side in self.sides)
        return find_new(first, second, self.nic_models)

    def tell_narrowed(self) -> tuple[str, ...]:
        """Return a note where only the NICs of a single ROM are booted."""
        single = [side.given for side in self.sides if is_single_rom(side.rom_set.origin)]
        return tell_narrowed(single, self.nic_models)

    def find_errors(self) -> tuple[tuple[str, Finding], ...]:
        """Return the errors that lint finds in the ROMs of each side, by its label."""
        models = self.nic_models
        return tuple((side.label, finding) for side in self.sides for finding in find_errors(side.rom_set, models))


def run(rom_sets: Sequence[str], matrix: Matrix, listener: Listener | None = None) -> RunResult:
    """Boot ROM sets, as users name them and each once, in every cell; boot again what failed, until it is confirmed.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken, so that nothing was booted.
    """
    names = tuple(dict.fromkeys(rom_sets))
    with _start_session("run", names, label_sides(names), matrix, listener or Listener()) as session:
        campaign = session.campaign
        _boot_all(campaign, matrix.repeat)
        while campaign.boot((failures := _judge_failures(campaign, matrix)).wanted):
            pass
        errors = tuple((side, key, _describe(key, error)) for (side, key), error in campaign.errors.items())
        outcomes = Outcomes(campaign.traces(), failures, errors, session.find_errors())
        result = RunResult(outcomes=outcomes, directory=session.directory)
        _finish(session, result.status)
    return result


def _judge_failures(campaign: Campaign, matrix: Matrix) -> Failures:
    return judge_failures(campaign.traces(), campaign.knows, everywhere=matrix.confirm_everywhere, repeat=matrix.repeat)


def compare(
    baseline: str, candidate: str, matrix: Matrix, policy: Policy | None = None, listener: Listener | None = None
) -> CompareResult:
    """Boot two ROM sets, as users name them, in every cell, compare, boot again what would tell more, compare again.

    `policy` says what the site relies on and accepts.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken, so that nothing was booted.
    """
    with _start_session("compare", (baseline, candidate), SIDES, matrix, listener or Listener()) as session:
        campaign = session.campaign
        policy = policy or Policy()
        _boot_all(campaign, matrix.repeat)
        lint, notes = session.find_new(), session.tell_narrowed()
        while campaign.boot((verdict := _compare(campaign, matrix, policy, lint, notes)).wanted):
            pass
        verdict = tell_news(verdict, session.record, session.directory.parent)
        result = CompareResult(verdict=verdict, directory=session.directory)
        write_atomically(session.directory / VERDICT_FILE, encode_verdict(verdict))
        _finish(session, result.status)
    return result


def _compare(
    campaign: Campaign, matrix: Matrix, policy: Policy, lint: Sequence[Finding], notes: Sequence[str]
) -> Verdict:
    errors = campaign.errors
    # as `judge` does: where both sides broke, the baseline's error is told
    broken = {key: _describe(key, errors[side, key]) for side, key in sorted(errors, reverse=True)}
    return compare_traces(
        campaign.traces(SIDES[0]),
        campaign.traces(SIDES[1]),
        policy,
        broken=broken,
        lint=lint,
        notes=notes,
        proof=Proof(matrix.confirm_everywhere, (matrix.repeat, matrix.repeat)),
    )


def _describe(key: CellKey, error: CellError) -> str:
    """Return how a cell broke, without its name."""
    return str(error).removeprefix(f"{key}: ")


def _boot_all(campaign: Campaign, repeat: int) -> None:
    """Boot the matrix, each cell so many times.

    Raises:
        InputError: no boot ended, and the input of one is wrong: the first such one is told.
        RigError: every boot broke; the first one is told whole.
    """
    campaign.run()
    while campaign.boot(find_repeats(campaign.traces(), repeat)):
        pass
    errors = list(campaign.errors.values())
    if not campaign.traces():
        for (_, key), error in campaign.errors.items():
            if is_wrong_input(str(error)):
                raise InputError(f"{key}: {error}\nits run directory: {error.directory}", remedy=error.remedy)
    if errors and not campaign.traces():
        raise RigError(
            f"the rig broke in {len(errors)} cell{'s' if len(errors) > 1 else ''}, the first: {errors[0]}\n"
            f"its run directory: {errors[0].directory}",
            remedy=errors[0].remedy,
        )


@contextmanager
def _start_session(
    verb: str, names: Sequence[str], labels: Sequence[str], matrix: Matrix, listener: Listener
) -> Iterator[_Session]:
    """Make everything ready for the cells of ROM sets; processes end with the `with`."""
    matrix.require_sound()
    pace = settle_pace(matrix.is_virtual, matrix.accelerator, matrix.confirm_by)
    stacks = tuple(map(resolve_stack, names))
    planned = matrix.plan(stacks)
    require_rom_sets(names)
    if matrix.on is not None:
        require_portable(stacks)
    equipment = make_equipment(assign_cells(planned, stacks), pace=pace, launch=matrix.launch)
    rom_sets = obtain_sides(names)
    if verb == "compare":
        planned = narrow_cells(planned, rom_sets, names)
    directory = make_run_directory(matrix.runs, verb)
    with keep_bugs(directory):
        equipment = keep_firmware(equipment, directory)
        sides = [
            embed_side(rom_set, name, directory, label, is_compared=verb == "compare", stack=stack)
            for rom_set, name, label, stack in zip(rom_sets, names, labels, stacks, strict=True)
        ]
        with start_shelf(listener.boots_cold) as shelf, ExitStack() as stack:
            try:
                executor = start_executor(
                    matrix.on, matrix.parallelism, planned, equipment, directory, shelf, listener.boots_cold
                )
                run_cells = stack.enter_context(executor)
            except BootrigError:
                # nothing was booted, and the error tells it all
                remove_path(directory)
                raise
            kept, shared = KeptResults(is_fresh=matrix.is_fresh), None if matrix.is_cold else shelf
            campaign = Campaign(run_cells, equipment, directory, sides, planned, listener, kept, shared)
            cells = list(campaign.iter_cells())
            if not cells:
                remove_path(directory)
                raise InputError(
                    f"no ROM of {', '.join(names)} fits the NIC models asked for", remedy="bootrig roms show SIDE"
                )
            record = replace(describe_run(verb, matrix.argv, directory, sides, equipment, cells), repeat=matrix.repeat)
            _keep(record, directory)
            listener.run_made(directory, len(cells))
            yield _Session(campaign, sides, directory, record)


def _finish(session: _Session, status: ExitStatus) -> None:
    _keep(end_run(session.record, session.campaign.traces(), status), session.directory)
    keep_history(session.directory.parent)


def _keep(record: Run, directory: Path) -> None:
    try:
        write_run(record, directory)
    except OSError as error:
        raise describe_host_error(error, directory) from error
