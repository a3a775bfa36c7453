"""A run: everything its cells need, made ready once, and the order in which cells are tried and confirmed."""

import logging
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bootrig.builder.built import obtain_platform_firmware
from bootrig.builder.probe import assemble_probe, make_grub_image
from bootrig.cell.serving import probe_kind
from bootrig.cell.specification import CellSpecification
from bootrig.emulator.accelerator import choose_accelerator
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.file import load_definition
from bootrig.emulator.definition.launch import Launch
from bootrig.emulator.release.discovery import Emulator, find_platform_firmware
from bootrig.emulator.release.recipes import find_emulator
from bootrig.emulator.schema.introspection import load_introspection
from bootrig.emulator.schema.shapes import Catalog
from bootrig.process import require_tool
from bootrig.recipe.path import RecipeKind, find_recipe_path
from bootrig.romset.embed import embed_rom_set
from bootrig.romset.obtain import obtain_rom_set
from bootrig.scenario.errors import CellError
from bootrig.scenario.platform import find_built_recipe, firmware_family
from bootrig.scenario.scenario import ContentKind, Scenario
from bootrig.schedule.plan import PlannedCell
from bootrig.schedule.pool import CellResult, Pool
from bootrig.trace.trace import CellKey, OutcomeStatus, TimeMode, Trace
from firmware.nic import find_nic_model
from firmware.optionrom import survey_option_rom
from firmware.romset import RomFile, RomSet

logger = logging.getLogger(__name__)

ROMS_DIRECTORY = "roms"
CELLS_DIRECTORY = "cells"
BROKEN_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Side:
    """One ROM set of a run.

    Attributes:
        rom_set: its ROMs.
        directory: where it is embedded.
        label: its name as a directory; differs between two sides of the same set.
    """

    rom_set: RomSet
    directory: Path
    label: str

    def find_rom(self, nic_model: str) -> RomFile | None:
        """Return the set's ROM for a NIC model, None where it has none."""
        model = find_nic_model(nic_model)
        return None if model is None else self.rom_set.find_rom(model.rom_stem, model.rom_prefix)

    def covers(self, nic_model: str) -> bool:
        """Whether the set has a ROM for a NIC model."""
        return self.find_rom(nic_model) is not None

    def suits(self, key: CellKey) -> bool:
        """Whether the set's ROM for a cell has an image for its platform firmware; a damaged ROM counts as suitable."""
        rom = self.find_rom(key.nic_model)
        if rom is None:
            return False
        survey = survey_option_rom(rom.content)
        wants_efi = firmware_family(key.platform_firmware) == "ovmf"
        return bool(survey.damage) or any(i.is_efi if wants_efi else i.is_bios for i in survey.rom.images)


@dataclass(frozen=True, slots=True)
class Equipment:
    """What all cells of a run share.

    Attributes:
        emulators: by name.
        accelerators: proven accelerator by emulator's name.
        programs: assembled probes by kind.
        platform_firmware: files of platform firmware that was built, by name.
        guests: checked machine definitions, by name.
        time_mode: how the guests' clocks run at first.
        launch: how guests are started.
    """

    emulators: Mapping[str, Emulator]
    accelerators: Mapping[str, str]
    programs: Mapping[str, Path]
    platform_firmware: Mapping[str, Path]
    guests: Mapping[str, MachineDefinition]
    time_mode: TimeMode
    launch: Launch = field(default_factory=Launch)


def make_side(name: str, run_directory: Path, label: str) -> Side:
    """Obtain the ROM set `name` and embed it into the run directory.

    Raises:
        DocumentError: there is no such recipe.
        UnavailableError: its files cannot be had.
        RigError: it cannot be embedded: no space is left, say.
    """
    rom_set = obtain_rom_set(name)
    directory = run_directory / ROMS_DIRECTORY / label
    directory.parent.mkdir(parents=True, exist_ok=True)
    embed_rom_set(rom_set, directory, durable=False)
    return Side(rom_set, directory, label)


def make_equipment(
    planned: Sequence[PlannedCell],
    time_mode: TimeMode | None,
    accelerator: str = "auto",
    launch: Launch | None = None,
) -> Equipment:
    """Find and prove what the planned cells need, before the first one starts.

    Args:
        planned: the cells.
        time_mode: how clocks run; None for virtual where the accelerator allows it.
        accelerator: `auto`, `tcg` or `kvm`.
        launch: how guests are started.

    Raises:
        DocumentError: a guest's definition is wrong.
        EmulatorMissingError: there is no QEMU.
        PlatformFirmwareMissingError: a platform firmware is not installed.
        AcceleratorError: the accelerator asked for does not work.
        ToolMissingError: a program is missing.
    """
    require_tool("dnsmasq")
    names = dict.fromkeys(cell.key.emulator for cell in planned)
    emulators = {name: find_emulator(name) for name in names}
    for name, firmware in dict.fromkeys((cell.key.emulator, cell.key.platform_firmware) for cell in planned):
        find_platform_firmware(emulators[name], firmware_family(firmware))
    recipes = {cell.key.platform_firmware: find_built_recipe(cell.key.platform_firmware) for cell in planned}
    built = {name: obtain_platform_firmware(recipe) for name, recipe in recipes.items() if recipe}
    programs = {kind: assemble_probe(kind) for kind in _probe_kinds(planned)}
    wanted = "tcg" if time_mode is TimeMode.VIRTUAL and accelerator == "auto" else accelerator
    accelerators = {name: str(choose_accelerator(emulator, wanted).kind) for name, emulator in emulators.items()}
    if time_mode is None:
        time_mode = TimeMode.VIRTUAL if set(accelerators.values()) == {"tcg"} else TimeMode.REAL
    guests = {name: _load_guest(name, emulators.values()) for name in dict.fromkeys(c.key.machine for c in planned)}
    return Equipment(emulators, accelerators, programs, built, guests, time_mode, launch or Launch())


def _load_guest(name: str, emulators: Iterable[Emulator]) -> MachineDefinition:
    """Return a guest's definition, checked against what every emulator says about itself.

    Raises:
        DocumentError: it is wrong; every problem is named.
    """
    path = find_recipe_path(RecipeKind.GUESTS, name)
    for emulator in emulators:
        definition = load_definition(path, Catalog(load_introspection(emulator)))
    return definition


def _probe_kinds(planned: Sequence[PlannedCell]) -> dict[str, None]:
    """Return the kinds of probes that the cells need, in their order."""
    kinds = dict.fromkeys(probe_kind(cell.key.platform_firmware) for cell in planned)
    if any(cell.scenario.disk for cell in planned):
        kinds["bios"] = None
    return kinds


def cell_programs(scenario: Scenario, equipment: Equipment) -> dict[str, Path]:
    """Return the programs of one cell: the run's probes, and GRUB images made for this scenario."""
    programs = dict(equipment.programs)
    for served in (*scenario.tftp, *scenario.http):
        if served.kind is ContentKind.GRUB:
            folder = served.name.rpartition("/")[0]
            programs[served.name] = make_grub_image(served.modules, f"(pxe)/{folder}")
    return programs


def specify(
    planned: PlannedCell, side: Side, equipment: Equipment, run_directory: Path, time_mode: TimeMode
) -> CellSpecification:
    """Return the specification of one cell for one ROM set."""
    word = re.sub(r"[^A-Za-z0-9_.+-]", "_", planned.key.label)
    suffix = "" if time_mode is equipment.time_mode else f"+{time_mode}"
    return CellSpecification(
        key=planned.key,
        scenario=planned.scenario,
        rom_set=side.rom_set.name,
        data_directory=side.directory,
        emulator=equipment.emulators[planned.key.emulator],
        accelerator=equipment.accelerators[planned.key.emulator],
        time_mode=time_mode,
        nonce=secrets.token_hex(8),
        programs=cell_programs(planned.scenario, equipment),
        guest=equipment.guests[planned.key.machine],
        launch=equipment.launch,
        platform_firmware_file=equipment.platform_firmware.get(planned.key.platform_firmware),
        directory=run_directory / CELLS_DIRECTORY / side.label / (word + suffix),
    )


class Campaign:
    """Runs the cells of one or more ROM sets and keeps the results.

    Args:
        pool: runs the cells.
        equipment: what they share.
        run_directory: where everything is kept.
        sides: the ROM sets.
        planned: the matrix.
    """

    def __init__(
        self,
        pool: Pool,
        equipment: Equipment,
        run_directory: Path,
        sides: Sequence[Side],
        planned: Sequence[PlannedCell],
    ) -> None:
        self._pool = pool
        self._equipment = equipment
        self._run_directory = run_directory
        self._sides = sides
        self._suited = [cell for cell in planned if any(side.suits(cell.key) for side in sides)]
        self._results: dict[_Place, CellResult] = {}
        self.listen()

    def listen(
        self,
        *,
        on_batch: Callable[[str, int], None] = lambda _title, _more: None,
        on_start: Callable[[CellSpecification], None] = lambda _cell: None,
        on_finish: Callable[[CellResult], None] = lambda _result: None,
    ) -> None:
        """Tell somebody how it goes: each batch that is added to the matrix, each cell's start and end."""
        self._on_batch = on_batch
        self._on_start = on_start
        self._on_finish = on_finish

    @property
    def errors(self) -> tuple[CellError, ...]:
        """What broke, one error a cell."""
        return tuple(result.error for result in self._results.values() if result.error is not None)

    @property
    def confirmed(self) -> frozenset[CellKey]:
        """The cells that have been tried in real time."""
        return frozenset(place.key for place in self._results if place.time_mode is TimeMode.REAL)

    def traces(self, label: str) -> tuple[Trace, ...]:
        """Return the traces of one side: of a cell that was confirmed both, in virtual and in real time."""
        return tuple(
            result.trace for place, result in self._results.items() if place.label == label and result.trace is not None
        )

    def count_cells(self) -> int:
        """Return how many cells the matrix has, on all sides, without confirmations."""
        return len(list(self._iter_cells()))

    def run(self) -> None:
        """Run every planned cell for every ROM set that covers it, then confirm.

        A cell that fails or shows retransmissions in virtual time runs again in real time, and so does its counterpart
        of every other side, so that only boots of one kind are compared.

        Raises:
            CellError: more cells broke than chance explains.
        """
        if self._equipment.time_mode is TimeMode.VIRTUAL:
            virtual = [(side, cell) for side, cell in self._iter_cells() if not cell.scenario.in_real_time]
            real = [(side, cell) for side, cell in self._iter_cells() if cell.scenario.in_real_time]
            self._run(virtual, TimeMode.VIRTUAL)
            self._run(real, TimeMode.REAL)
            self.confirm({place.key for place, result in self._results.items() if _is_doubtful(result)})
        else:
            self._run(list(self._iter_cells()), TimeMode.REAL)

    def confirm(self, keys: Collection[CellKey]) -> None:
        """Run the cells of `keys` in real time, on every side, unless they have been.

        Raises:
            CellError: more cells broke than chance explains.
        """
        again = [
            (side, cell)
            for side, cell in self._iter_cells()
            if cell.key in keys and _Place(side.label, cell.key, TimeMode.REAL) not in self._results
        ]
        if again:
            self._on_batch("confirming in real time", len(again))
            self._run(again, TimeMode.REAL)

    def _iter_cells(self) -> Iterator[tuple[Side, PlannedCell]]:
        """Yield the places of the matrix for which there is a ROM, and on some side an image for the platform firmware.

        Where one side has such an image, the others are booted without: what a set has lost must show.
        """
        for cell in self._suited:
            for side in self._sides:
                if side.covers(cell.key.nic_model):
                    yield side, cell

    def _run(self, cells: Sequence[tuple[Side, PlannedCell]], time_mode: TimeMode) -> None:
        """Run cells in one time mode and keep the results."""
        places: dict[Path, _Place] = {}
        specifications = []
        for side, cell in cells:
            specification = specify(cell, side, self._equipment, self._run_directory, time_mode)
            places[specification.directory] = _Place(side.label, cell.key, time_mode)
            specifications.append(specification)
        for result in self._pool.run(specifications, on_start=self._on_start):
            self._results[places[result.specification.directory]] = result
            self._on_finish(result)
            broken = self.errors
            if len(broken) >= BROKEN_LIMIT:
                raise CellError(
                    f"{len(broken)} cells broke, the rest was not tried; the last: {broken[-1]}",
                    directory=broken[-1].directory,
                    remedy=broken[-1].remedy,
                )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a result belongs."""

    label: str
    key: CellKey
    time_mode: TimeMode


def _is_doubtful(result: CellResult) -> bool:
    """Whether a boot in virtual time has to be confirmed before its outcome counts."""
    trace = result.trace
    return (
        trace is not None
        and trace.time_mode is TimeMode.VIRTUAL
        and (trace.outcome.status is OutcomeStatus.FAILED or trace.outcome.retransmissions > 0)
    )
