"""Booting again what a run booted: with the same bytes of ROMs, scenarios, guests and options, in a new run.

All of that is in the run's directory, wherever it was carried. What it needs of this machine, emulators and platform
firmware by their digests, is looked for before anything is made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootrig import __version__
from bootrig.api.asked import SIDES, Asked
from bootrig.api.matrix import boot_sides, compare_sides
from bootrig.api.record import restore_options
from bootrig.api.requests import BootRequest, Matrix
from bootrig.api.results import CompareResult, RunResult
from bootrig.api.single import boot_cell
from bootrig.cache import digest_file
from bootrig.cell.observer import Operator
from bootrig.cell.specification import SPECIFICATION_FILE, CellSpecification, load_specification
from bootrig.compare import Policy
from bootrig.record.judgement import restore_policy
from bootrig.record.presence import is_under_way
from bootrig.record.run import RecordedRun, RunError, RunSide
from bootrig.record.selection import find_failed, find_missing, is_comparison, list_cells, select_cells
from bootrig.romset.manifest import find_manifest
from bootrig.romset.rom_file import load_rom
from bootrig.scenario.file import load_scenario_family
from bootrig.scenario.scenario import Scenario
from bootrig.schedule.campaign import Listener
from bootrig.schedule.equipment import Equipment
from bootrig.schedule.plan import PlannedCell
from bootrig.schedule.recorded import RecordedResults
from bootrig.schedule.stack import Stack, resolve_stack
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import REAL_TIME
from bootrig.trace.trace import Trace
from bootrig.workdir import ROMS_DIRECTORY
from firmware.romset import RomFile, RomSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """What of a run is booted again.

    Attributes:
        cells: names of cells, as people type them; none for all.
        side: the label of the only side; empty for all.
        only_failed: only the cells that failed, regressed, or whose rig broke.
        only_missing: only the cells without a trace; the others are taken over, and the new run has them all.
        parallelism: how many cells at a time; None for one a processor.
        runs: where the new run is made.
        argv: the command's words, for the record.
    """

    cells: tuple[str, ...] = ()
    side: str = ""
    only_failed: bool = False
    only_missing: bool = False
    parallelism: int | None = None
    runs: Path | None = None
    argv: tuple[str, ...] = ()


def rerun(
    recorded: RecordedRun, wanted: Rerun, policy: Policy | None = None, listener: Listener | None = None
) -> CompareResult | RunResult:
    """Boot again what a run booted; what had a baseline and a candidate is compared, by the same policy or another one.

    Raises:
        InputError: nothing is to be booted, the run is damaged, or this machine lacks what it needs.
        RigError: the rig or its host is broken, so that nothing was booted.
    """
    matrix = _make_matrix(recorded, wanted)
    asked = _ask(recorded, wanted, _choose(recorded, wanted))
    if asked.is_comparison:
        return compare_sides(asked, matrix, policy or restore_policy(recorded.run), listener)
    return boot_sides(asked, matrix, listener)


def rerun_one(recorded: RecordedRun, wanted: Rerun, operator: Operator) -> tuple[Trace, Path]:
    """Boot one cell of one side again, with somebody at its console; return its trace and the attempt's directory.

    Raises:
        InputError: these are several, the run is damaged, or this machine lacks what it needs.
        RigError: the rig or its host is broken.
    """
    cells = _choose(recorded, wanted)
    asked = _ask(recorded, wanted, cells)
    if len(cells) > 1:
        raise RunError(f"{len(cells)} cells cannot share a console", remedy=f"name one, such as {cells[0]}")
    if len(asked.labels) > 1:
        raise RunError("two sides cannot share a console", remedy=f"add --side {asked.labels[-1]}")
    options = restore_options(recorded.run.options)
    request = BootRequest(
        rom_set=asked.names[0], interactive=True, launch=options["launch"], runs=wanted.runs, argv=wanted.argv
    )
    return boot_cell(asked, request, operator, is_interactive=True)


def _make_matrix(recorded: RecordedRun, wanted: Rerun) -> Matrix:
    options: dict[str, Any] = restore_options(recorded.run.options)
    # boots that the cache knows are not booted again, which is what is asked for; completing is something else
    if not wanted.only_missing:
        options["is_fresh"] = True
    matrix = Matrix(
        parallelism=wanted.parallelism, runs=wanted.runs, argv=wanted.argv, repeat=recorded.run.repeat, **options
    )
    matrix.require_sound()
    return matrix


def _choose(recorded: RecordedRun, wanted: Rerun) -> tuple[CellKey, ...]:
    """Return the cells that the new run has."""
    if recorded.run.ended is None and is_under_way(recorded.directory):
        raise RunError(f"{recorded.directory} is under way", remedy="wait until it has ended")
    if wanted.only_missing:
        if recorded.run.ended is not None and not find_missing(recorded):
            raise RunError(f"{recorded.directory} lacks no cell", remedy="leave out --missing to boot all again")
        return list_cells(recorded)
    chosen = select_cells(recorded, wanted.cells) if wanted.cells else list_cells(recorded)
    if wanted.only_failed:
        failed = find_failed(recorded)
        chosen = tuple(key for key in chosen if key in failed)
        if not chosen:
            raise RunError(f"no cell of {recorded.directory} failed", remedy="leave out --failed to boot all again")
    if not chosen:
        raise RunError(f"{recorded.directory} has no cells")
    return chosen


def _ask(recorded: RecordedRun, wanted: Rerun, cells: Sequence[CellKey]) -> Asked:
    sides = [recorded.find_side(wanted.side)] if wanted.side else list(recorded.run.sides)
    if is_comparison(recorded) and len(sides) == len(SIDES):
        sides = [recorded.find_side(label) for label in SIDES]
    specified = _load_specifications(recorded)
    planned = [PlannedCell(key, _find_scenario(key, specified)) for key in cells]
    guests = {one.key.machine: one.guest for one in specified}
    rom_sets = _load_rom_sets(recorded, sides)

    def require(equipment: Equipment) -> None:
        lacks = [
            *_iter_lacks(recorded, equipment),
            *([f"bootrig {recorded.run.bootrig}; this is {__version__}"] if _is_of_another(recorded, wanted) else []),
        ]
        if lacks:
            roms = f"{recorded.directory}/{ROMS_DIRECTORY}/{sides[-1].label}/"
            raise RunError(
                "this machine lacks what the run was made with:\n  " + "\n  ".join(lacks),
                remedy=f"bootrig boot {roms} boots the ROMs of a side with what this machine has",
            )

    return Asked(
        names=[side.given for side in sides],
        labels=[side.label for side in sides],
        stacks=[resolve_stack(side.given) if side.emulator or side.platform_firmware else Stack() for side in sides],
        planned=planned,
        obtain=lambda: rom_sets,
        guests=guests,
        require=require,
        kept=RecordedResults(recorded.directory) if wanted.only_missing else None,
        repeats=recorded.run.id,
    )


def _is_of_another(recorded: RecordedRun, wanted: Rerun) -> bool:
    """Whether boots of another bootrig would be completed: the two need not be alike."""
    return wanted.only_missing and recorded.run.bootrig != __version__


def _load_specifications(recorded: RecordedRun) -> list[CellSpecification]:
    """Return the specifications of the cells that were begun."""
    places = [recorded.directory.absolute() / cell.directory for cell in recorded.run.cells]
    attempt = REAL_TIME.attempt
    return [load_specification(place, attempt) for place in places if (place / SPECIFICATION_FILE).is_file()]


def _find_scenario(key: CellKey, specified: Sequence[CellSpecification]) -> Scenario:
    """Return the scenario of a cell as it was booted; where none of its cells was begun, as this machine has it.

    Raises:
        DocumentError: there is no such scenario.
    """
    found = next((one.scenario for one in specified if one.key.scenario == key.scenario), None)
    if found is None:
        found = next((one for one in load_scenario_family(key.scenario) if one.name == key.scenario), None)
    if found is None:
        raise RunError(f"there is no scenario {key.scenario}, and no cell of it was begun in the run")
    return found


def _load_rom_sets(recorded: RecordedRun, sides: Sequence[RunSide]) -> list[RomSet]:
    """Return the ROM sets of sides as they were embedded.

    Raises:
        RunError: a file is missing, or does not have the bytes that were booted; all are named.
    """
    faults: list[str] = []
    rom_sets = []
    for side in sides:
        directory = recorded.directory / ROMS_DIRECTORY / side.label
        manifest = find_manifest(directory)
        names = {file.name: file.rom for file in manifest.files} if manifest else {}
        roms = []
        for rom in side.roms:
            path = directory / rom.file
            if not path.is_file():
                faults.append(f"{path} is missing")
                continue
            given = names.get(rom.file, rom.file)
            roms.append(RomFile(rom.file, load_rom(path), "" if given == rom.file else given))
            if roms[-1].sha256 != rom.sha256:
                faults.append(f"{path} is not what was booted: its SHA-256 is {roms[-1].sha256}, it was {rom.sha256}")
        if roms:
            origin = manifest.origin if manifest else {}
            rom_sets.append(RomSet(manifest.rom_set if manifest else side.given, tuple(roms), origin=origin))
        elif not side.roms:
            faults.append(f"the side {side.label} has no ROMs in {recorded.directory}")
    if faults:
        raise RunError("the run cannot be repeated:\n  " + "\n  ".join(faults))
    return rom_sets


def _iter_lacks(recorded: RecordedRun, equipment: Equipment) -> Iterator[str]:
    """Yield what the run was made with and this machine does not have."""
    run = recorded.run
    for name, emulator in equipment.emulators.items():
        told = run.emulators.get(name)
        if told is not None and told.sha256 != emulator.digest:
            has = f"{emulator.executable} is {emulator.version_number}, {emulator.digest}"
            yield f"the emulator {name}, QEMU {told.version} with SHA-256 {told.sha256}; {has}"
    for name, path in equipment.iter_firmware_files():
        firmware = run.platform_firmware.get(name)
        if firmware is not None and firmware.sha256 != (digest := digest_file(path)):
            yield f"the platform firmware {name}, {firmware.file} with SHA-256 {firmware.sha256}; {path} is {digest}"
