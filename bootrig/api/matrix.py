"""Booting a matrix of cells: without a baseline, or two sides compared, booted again, and compared again."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec import structs

from bootrig.api.asked import SIDES, Asked, ask_by_names
from bootrig.api.record import describe_options, describe_run, end_run
from bootrig.api.recorded import (
    RecordedSide,
    add_recorded,
    describe_recorded_run,
    find_recordings,
    is_bootable,
    judge_recorded,
    serve_cells,
)
from bootrig.api.recording import describe_recording
from bootrig.api.requests import Matrix
from bootrig.api.results import CompareResult, RecordResult, RunResult
from bootrig.bug import keep_bugs
from bootrig.cell.errors import CellError
from bootrig.cell.process import describe_host_error
from bootrig.compare import Failures, Outcomes, Policy, Proof, Verdict, compare_traces, judge_failures
from bootrig.compare.linting import choose_named, find_errors, find_named, find_new, find_new_named
from bootrig.compare.narrowing import tell_narrowed
from bootrig.emulator.definition.launch import settle_pace
from bootrig.errors import BootrigError, ExitStatus, InputError, RigError, is_wrong_input
from bootrig.jsonfile import to_json_value
from bootrig.record.listing import measure
from bootrig.record.news import keep_history, tell_news
from bootrig.record.presence import start_run
from bootrig.record.recording import Recording, find_lacking, select_recorded
from bootrig.record.run import VERDICT_FILE, Run, write_run
from bootrig.report.json import encode_verdict
from bootrig.report.terminal.outcomes import summarise
from bootrig.report.terminal.verdict import summarise_verdict
from bootrig.romset.kinds.rom import is_single_rom
from bootrig.schedule.campaign import Campaign, Listener
from bootrig.schedule.equipment import make_equipment
from bootrig.schedule.executors.choice import start_executor
from bootrig.schedule.firmware_files import keep_firmware
from bootrig.schedule.results import KeptResults
from bootrig.schedule.shelf import start_shelf
from bootrig.schedule.sides import Side, embed_side, narrow_cells
from bootrig.schedule.stack import assign_cells, resolve_stack
from bootrig.temporary import remove_path
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import WantedBoot, find_repeats
from bootrig.trace.trace import Trace
from bootrig.workdir import make_run_directory, write_atomically
from firmware.lint.finding import Finding


@dataclass(frozen=True, slots=True)
class _Session:
    """A run that is under way: its cells, its directory, what `run.json` says of it."""

    campaign: Campaign
    sides: Sequence[Side]
    directory: Path
    record: Run
    recorded: Sequence[RecordedSide] = ()
    notes: tuple[str, ...] = ()

    @property
    def nic_models(self) -> set[str]:
        """The NIC models that are booted."""
        return {cell.key.nic_model for _, cell in self.campaign.iter_cells()}

    def find_new(self) -> tuple[Finding, ...]:
        """Return what lint finds in the candidate's ROMs and not in the baseline's."""
        models = self.nic_models
        if self.recorded:
            named = {side.label: find_named(side.rom_set) for side in self.sides}
            named |= {side.label: side.recording.heading.lint for side in self.recorded}
            return find_new_named(*(choose_named(named[label], models) for label in SIDES))
        first, second = (side.rom_set for side in self.sides)
        return find_new(first, second, models)

    def tell_narrowed(self) -> tuple[str, ...]:
        """Return notes of what was not compared: other NICs than a single ROM's, cells that a recording lacks."""
        single = [side.given for side in self.sides if is_single_rom(side.rom_set.origin)]
        return (*tell_narrowed(single, self.nic_models), *self.notes)

    def traces(self, label: str) -> tuple[Trace, ...]:
        """Return the boots of a side, recorded or made."""
        recorded = [trace for side in self.recorded if side.label == label for trace in side.traces]
        return (*recorded, *self.campaign.traces(label))

    def count_repeats(self, label: str) -> int:
        """Return how often each cell of a side is booted; a recorded one was once."""
        return 1 if any(side.label == label for side in self.recorded) else self.record.repeat

    def boot(self, wanted: Sequence[WantedBoot]) -> int:
        """Boot what is wanted and can be booted; return how many boots that were."""
        labels = [side.label for side in self.recorded]
        return self.campaign.boot(boot for boot in wanted if is_bootable(boot, wanted, labels))

    def find_errors(self) -> tuple[tuple[str, Finding], ...]:
        """Return the errors that lint finds in the ROMs of each side, by its label."""
        models = self.nic_models
        return tuple((side.label, finding) for side in self.sides for finding in find_errors(side.rom_set, models))


def list_cells(rom_sets: Sequence[str], matrix: Matrix) -> tuple[CellKey, ...]:
    """Return the cells that are asked for of sides; nothing is obtained, so also those for which a side has no ROM.

    Raises:
        InputError: the request is wrong.
    """
    return tuple(cell.key for cell in matrix.plan(tuple(map(resolve_stack, rom_sets))))


def run(rom_sets: Sequence[str], matrix: Matrix, listener: Listener | None = None) -> RunResult:
    """Boot ROM sets, as users name them and each once, in every cell; boot again what failed, until it is confirmed.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken, so that nothing was booted.
    """
    return boot_sides(ask_by_names(tuple(dict.fromkeys(rom_sets)), matrix), matrix, listener)


def boot_sides(asked: Asked, matrix: Matrix, listener: Listener | None = None) -> RunResult:
    """Boot sides as `run` does, whatever they come from.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken, so that nothing was booted.
    """
    with _start_session("run", asked, matrix, listener or Listener()) as session:
        campaign = session.campaign
        _boot_all(campaign, matrix.repeat)
        while campaign.boot((failures := _judge_failures(campaign, matrix)).wanted):
            pass
        errors = tuple((side, key, _describe(key, error)) for (side, key), error in campaign.errors.items())
        outcomes = Outcomes(campaign.traces(), failures, errors, session.find_errors())
        result = RunResult(outcomes=outcomes, directory=session.directory)
        _finish(session, result.status, summarise(outcomes))
    return result


def _judge_failures(campaign: Campaign, matrix: Matrix) -> Failures:
    return judge_failures(campaign.traces(), campaign.knows, everywhere=matrix.confirm_everywhere, repeat=matrix.repeat)


def compare(
    baseline: str, candidate: str, matrix: Matrix, policy: Policy | None = None, listener: Listener | None = None
) -> CompareResult:
    """Boot two ROM sets, as users name them, in every cell, compare, boot again what would tell more, compare again.

    `policy` says what the site relies on and accepts. A side whose ROMs are not at hand and of which there is a
    recording is that; nothing of it is booted.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken, so that nothing was booted.
    """
    names, policy = (baseline, candidate), policy or Policy()
    recordings = find_recordings(names, SIDES)
    if len(recordings) == len(SIDES):
        return _compare_recorded(recordings, names, matrix, policy)
    return compare_sides(ask_by_names(names, matrix, SIDES, recordings), matrix, policy, listener)


def compare_sides(
    asked: Asked, matrix: Matrix, policy: Policy | None = None, listener: Listener | None = None
) -> CompareResult:
    """Compare two sides as `compare` does, whatever they come from.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken, so that nothing was booted.
    """
    policy = policy or Policy()
    with _start_session("compare", asked, matrix, listener or Listener(), policy) as session:
        _boot_all(session.campaign, matrix.repeat)
        lint, notes = session.find_new(), session.tell_narrowed()
        while session.boot((verdict := _compare(session, matrix, policy, lint, notes)).wanted):
            pass
        verdict = tell_news(verdict, session.record, session.directory.parent)
        result = CompareResult(verdict=verdict, directory=session.directory)
        write_atomically(session.directory / VERDICT_FILE, encode_verdict(verdict))
        _finish(session, result.status, summarise_verdict(verdict))
    return result


def record(rom_set: str, matrix: Matrix, listener: Listener | None = None, *, once: bool = False) -> RecordResult:
    """Boot a ROM set, as the user names it, in every cell, cold, and return the boots that a recording holds.

    Where each cell is to be booted `once`, only failed ones are booted again.
    Cells for which it has no ROM or no image are booted as well: a side that is compared with it may have them.

    Raises:
        InputError: the request is wrong.
        RigError: the rig or its host is broken, so that nothing was booted.
    """
    matrix = replace(matrix, is_cold=True)
    with _start_session("record", ask_by_names((rom_set,), matrix), matrix, listener or Listener()) as session:
        campaign = session.campaign
        _boot_all(campaign, matrix.repeat)
        while campaign.boot(find_lacking(campaign.traces(), once=once)):
            pass
        recording = Recording(
            describe_recording(session.sides[0], session.record, campaign.iter_cells(), matrix.filters.suites),
            select_recorded(campaign.traces()),
        )
        broken = {key: _describe(key, error) for (_, key), error in campaign.errors.items()}
        result = RecordResult(recording=recording, directory=session.directory, broken=broken)
        _finish(session, result.status, f"{len(result.recording.traces)} boots recorded")
    return result


def _compare_recorded(
    recordings: Mapping[str, Recording], names: Sequence[str], matrix: Matrix, policy: Policy
) -> CompareResult:
    """Compare two recordings, in a run of their own."""
    matrix.require_sound()
    sides, _, notes = serve_cells(recordings, dict(zip(SIDES, names, strict=True)), matrix.plan())
    directory = make_run_directory(matrix.runs, "compare")
    with keep_bugs(directory):
        sides = tuple(side.write_traces(directory) for side in sides)
        record = describe_recorded_run(sides, matrix.argv, directory)
        _keep(record, directory)
        verdict = tell_news(judge_recorded(sides, policy, notes), record, directory.parent)
        result = CompareResult(verdict=verdict, directory=directory)
        write_atomically(directory / VERDICT_FILE, encode_verdict(verdict))
        _end(record, (), result.status, summarise_verdict(verdict), directory)
    return result


def _compare(
    session: _Session, matrix: Matrix, policy: Policy, lint: Sequence[Finding], notes: Sequence[str]
) -> Verdict:
    errors = session.campaign.errors
    # as `judge` does: where both sides broke, the baseline's error is told
    broken = {key: _describe(key, errors[side, key]) for side, key in sorted(errors, reverse=True)}
    return compare_traces(
        session.traces(SIDES[0]),
        session.traces(SIDES[1]),
        policy,
        broken=broken,
        lint=lint,
        notes=notes,
        proof=Proof(matrix.confirm_everywhere, (session.count_repeats(SIDES[0]), session.count_repeats(SIDES[1]))),
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
    verb: str, asked: Asked, matrix: Matrix, listener: Listener, policy: Policy | None = None
) -> Iterator[_Session]:
    """Make everything ready for the cells of ROM sets; processes end with the `with`. Recorded sides are not booted."""
    pace = settle_pace(matrix.is_virtual, matrix.accelerator, matrix.confirm_by)
    planned = asked.planned
    equipment = make_equipment(assign_cells(planned, asked.stacks), pace=pace, launch=matrix.launch, given=asked.guests)
    asked.require(equipment)
    rom_sets = asked.obtain()
    if verb == "compare":
        planned = narrow_cells(planned, rom_sets, asked.names)
    directory = make_run_directory(matrix.runs, verb)
    with keep_bugs(directory), start_run(directory):
        equipment = keep_firmware(equipment, directory)
        sides = [
            replace(
                embed_side(rom_set, name, directory, label, is_compared=verb != "run", stack=stack),
                is_recorded=verb == "record",
            )
            for rom_set, name, label, stack in zip(rom_sets, asked.names, asked.labels, asked.stacks, strict=True)
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
            kept, shared = asked.kept or KeptResults(is_fresh=matrix.is_fresh), None if matrix.is_cold else shelf
            campaign = Campaign(run_cells, equipment, directory, sides, planned, listener, kept, shared)
            cells = list(campaign.iter_cells())
            if not cells:
                remove_path(directory)
                raise InputError(
                    f"no ROM of {', '.join(asked.names)} fits the NIC models asked for", remedy="bootrig roms show SIDE"
                )
            recorded = tuple(side.write_traces(directory) for side in asked.recorded)
            described = describe_run(verb, matrix.argv, directory, sides, equipment, cells)
            record = structs.replace(
                add_recorded(described, recorded),
                repeat=matrix.repeat,
                options=describe_options(matrix),
                policy={} if policy is None or policy == Policy() else to_json_value(policy),
                repeats=asked.repeats,
            )
            _keep(record, directory)
            listener.run_made(directory, len(cells))
            yield _Session(campaign, sides, directory, record, recorded, asked.notes)


def _finish(session: _Session, status: ExitStatus, outcome: str) -> None:
    _end(session.record, session.campaign.traces(), status, outcome, session.directory)


def _end(record: Run, traces: Sequence[Trace], status: ExitStatus, outcome: str, directory: Path) -> None:
    ended = end_run(record, traces, status)
    _keep(structs.replace(ended, outcome=outcome, length=measure(directory)), directory)
    keep_history(directory.parent)


def _keep(record: Run, directory: Path) -> None:
    try:
        write_run(record, directory)
    except OSError as error:
        raise describe_host_error(error, directory) from error
