"""What all cells of a run share: emulators, proven accelerators, programs, platform firmware, guests."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

from bootrig.builder.build import obtain_platform_firmware
from bootrig.builder.probe import assemble_probe, make_grub_image
from bootrig.cell.process import describe_host_error
from bootrig.cell.slots import iter_slot_faults
from bootrig.cell.specification import CellSpecification, make_nonce
from bootrig.document.errors import DocumentError, Problem
from bootrig.emulator.accelerator import choose_accelerator
from bootrig.emulator.definition.check import check_definition
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.file import load_definition
from bootrig.emulator.definition.launch import AcceleratorWish, Launch, Pace
from bootrig.emulator.definition.values import Fault
from bootrig.emulator.release.discovery import Emulator, PlatformFirmware, find_platform_firmware
from bootrig.emulator.release.firmware_file import load_firmware_file
from bootrig.emulator.release.recipes import find_emulator
from bootrig.emulator.schema.introspection import load_introspection
from bootrig.emulator.schema.shapes import Catalog
from bootrig.givenfile import read_given
from bootrig.network.services.content.path import SERVED
from bootrig.network.services.files import iter_host_faults
from bootrig.network.services.registry import find_programs, find_services
from bootrig.recipe.path import RecipeKind, find_recipe_path
from bootrig.scenario.platform import find_built_recipe, find_firmware_file, firmware_family, probe_build
from bootrig.scenario.scenario import Scenario
from bootrig.schedule.plan import PlannedCell
from bootrig.schedule.rom_files import ask_rom_files, find_missing_roms
from bootrig.schedule.sides import Side
from bootrig.trace.attempt import Attempt
from bootrig.trace.reading.attempts import FASTEST_SHIFT, LAST_SHIFT, REAL_TIME
from bootrig.trace.trace import Clock, ClockKind
from bootrig.workdir import write_atomically

CELLS_DIRECTORY = "cells"
PROGRAMS_DIRECTORY = "programs"


def count_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True, slots=True)
class Equipment:
    """What all cells of a run share; emulators, built platform firmware and guests by name.

    Attributes:
        accelerators: by emulator, that of cells which begin in real time.
        confirmers: by emulator, that of the boots in real time of all other cells.
        programs: assembled probes by kind.
        shipped_firmware: the emulators' own platform firmware and what sides give as a file, by the names of emulator
            and firmware.
        guests: checked machine definitions.
        rom_files: by the names of emulator and guest, the ROM file that each NIC model asks for.
        is_virtual: whether guests' clocks count instructions at first.
        is_kvm_asked: whether KVM has to be used; else TCG takes its place where it breaks a boot.
        load: how many processes the machine was running when the run began.
    """

    emulators: Mapping[str, Emulator]
    accelerators: Mapping[str, str]
    confirmers: Mapping[str, str]
    programs: Mapping[str, bytes]
    platform_firmware: Mapping[str, Path]
    shipped_firmware: Mapping[tuple[str, str], PlatformFirmware]
    guests: Mapping[str, MachineDefinition]
    is_virtual: bool
    launch: Launch = field(default_factory=Launch)
    rom_files: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    is_kvm_asked: bool = False
    load: float = 0.0

    def choose_first_clock(self, cell: PlannedCell) -> Clock:
        """Return the clock that a cell is tried with first.

        On a loaded machine OVMF, of which nearly every boot at shift 7 is disturbed there, starts at 5.
        """
        if self._begins_in_real_time(cell):
            return self.find_clock(cell, REAL_TIME)
        shift = cell.scenario.clock.find_shift(cell.family)
        is_slow = self.load > count_processors() and cell.family == "ovmf" and shift == FASTEST_SHIFT
        return Clock(ClockKind.VIRTUAL, LAST_SHIFT if is_slow else shift)

    def find_clock(self, cell: PlannedCell, clock: Clock) -> Clock:
        """Return `clock`, or the one by KVM for that in real time where the cell's guest runs so.

        The clock of a boot says which accelerator it has, and nothing else does.
        """
        if clock.is_virtual:
            return clock
        chosen = self.accelerators if self._begins_in_real_time(cell) else self.confirmers
        return Clock(ClockKind.KVM if chosen[cell.emulator] == "kvm" else ClockKind.REAL)

    def without_kvm(self) -> "Equipment":
        """Return the same equipment with TCG in KVM's place."""
        by_tcg = dict.fromkeys(self.emulators, "tcg")
        return replace(self, accelerators=by_tcg, confirmers=by_tcg)

    def _begins_in_real_time(self, cell: PlannedCell) -> bool:
        return cell.scenario.clock.only_real or not self.is_virtual

    def find_rom_file(self, cell: PlannedCell) -> str:
        """Return the ROM file for which a cell's NIC asks on its machine type, empty where that is not known."""
        return self.rom_files.get((cell.emulator, cell.key.machine), {}).get(cell.key.nic_model, "")

    def iter_firmware_files(self) -> Iterator[tuple[str, Path]]:
        """Yield the name and the file of each platform firmware that guests boot by.

        Where several emulators have another one of that name, all but the first are called `seabios of qemu-11`.
        """
        told: dict[str, Path] = {}
        for (emulator, name), firmware in self.shipped_firmware.items():
            path = self.platform_firmware.get(name, firmware.code)
            told[name if told.get(name, path) == path else f"{name} of {emulator}"] = path
        yield from told.items()


def make_equipment(
    planned: Sequence[PlannedCell],
    *,
    pace: Pace,
    launch: Launch,
    given: Mapping[str, MachineDefinition] | None = None,
) -> Equipment:
    """Find and prove what the planned cells need, before the first one starts.

    Guests that are `given` are taken in the place of those of that name that this machine has.

    Raises:
        DocumentError: a guest's definition is wrong.
        EmulatorMissingError: there is no QEMU.
        PlatformFirmwareMissingError: a platform firmware is not installed.
        AcceleratorError: the accelerator asked for does not work.
        ToolMissingError: a program is missing.
    """
    _require_served(planned)
    find_programs(dict.fromkeys(name for cell in planned for name in cell.scenario.services))
    emulators = {name: find_emulator(name) for name in dict.fromkeys(cell.emulator for cell in planned)}
    pairs = dict.fromkeys((cell.emulator, cell.platform_firmware) for cell in planned)
    found = {(emulator, firmware): _find_firmware(emulators[emulator], firmware) for emulator, firmware in pairs}
    programs = {kind: assemble_probe(kind) for kind in _probe_kinds(planned)}
    accelerators, confirmers = (
        {name: str(choose_accelerator(emulator, wish)) for name, emulator in emulators.items()}
        for wish in (pace.accelerator, pace.confirm_by)
    )
    files = {name: path for _, name in pairs if (path := _find_own_file(name))}
    guests = {
        name: _load_guest(name, planned, emulators, (given or {}).get(name))
        for name in dict.fromkeys(cell.key.machine for cell in planned)
    }
    asked = {
        (emulator, machine): ask_rom_files(emulators[emulator], guests[machine], models)
        for (emulator, machine), models in _group_nic_models(planned).items()
    }
    return Equipment(
        emulators=emulators,
        accelerators=accelerators,
        confirmers=confirmers,
        programs=programs,
        platform_firmware=files,
        shipped_firmware=found,
        guests=guests,
        is_virtual=pace.is_virtual,
        is_kvm_asked=AcceleratorWish.KVM in (pace.accelerator, pace.confirm_by),
        launch=launch,
        rom_files=asked,
        load=os.getloadavg()[0],
    )


def _find_firmware(emulator: Emulator, name: str) -> PlatformFirmware:
    """Return the platform firmware of this name, that of an emulator for one that was built."""
    family, path = firmware_family(name), find_firmware_file(name)
    return find_platform_firmware(emulator, family) if path is None else load_firmware_file(family, path, emulator)


def _find_own_file(name: str) -> Path | None:
    """Return the file that takes the place of the machine's firmware: one that was built, a SeaBIOS that was given."""
    recipe, path = find_built_recipe(name), find_firmware_file(name)
    if recipe:
        return obtain_platform_firmware(recipe)
    return path if firmware_family(name) == "seabios" else None


def _require_served(planned: Sequence[PlannedCell]) -> None:
    """Make sure that this machine has the files that scenarios serve of it.

    Raises:
        DocumentError: it does not; every place in every file is named.
        ServiceError: a package is missing.
    """
    services = find_services()
    for scenario in {cell.scenario.name: cell.scenario for cell in planned}.values():
        path = find_recipe_path(RecipeKind.SCENARIOS, scenario.name.partition("[")[0])
        problems = [
            Problem(path, f"{word}.{key_path}", message)
            for word, configuration in scenario.services.items()
            for key_path, message in iter_host_faults(services[word].files(configuration))
        ]
        if problems:
            raise DocumentError(f"the scenario {scenario.name} serves what this machine does not have:", problems)


def _group_nic_models(planned: Sequence[PlannedCell]) -> dict[tuple[str, str], list[str]]:
    """Return the NIC models of the planned cells by the names of emulator and guest."""
    models: dict[tuple[str, str], list[str]] = {}
    for cell in planned:
        models.setdefault((cell.emulator, cell.key.machine), []).append(cell.key.nic_model)
    return models


def _load_guest(
    name: str, planned: Sequence[PlannedCell], emulators: Mapping[str, Emulator], given: MachineDefinition | None
) -> MachineDefinition:
    """Return a guest's definition, checked for its planned cells against what their emulators say about themselves."""
    path = Path(name) if given else find_recipe_path(RecipeKind.GUESTS, name)
    cells = [cell for cell in planned if cell.key.machine == name]
    for emulator in dict.fromkeys(cell.emulator for cell in cells):
        tried = [cell for cell in cells if cell.emulator == emulator]
        judge = partial(
            iter_slot_faults,
            nic_models=tuple(dict.fromkeys(cell.key.nic_model for cell in tried)),
            families={cell.family for cell in tried},
            has_disk=any(cell.scenario.guest.disk for cell in tried),
        )
        catalog = Catalog(load_introspection(emulators[emulator]))
        definition = _require_sound(given, path, catalog, judge) if given else load_definition(path, catalog, judge)
    return definition


def _require_sound(
    given: MachineDefinition,
    path: Path,
    catalog: Catalog,
    judge: Callable[[MachineDefinition, Catalog], Iterable[Fault]],
) -> MachineDefinition:
    """Return a definition that was recorded; whoever recorded it may be a stranger.

    Raises:
        DocumentError: it is wrong.
    """
    faults = [*check_definition(given, catalog), *judge(given, catalog)]
    if faults:
        problems = [Problem(path, fault.key_path, fault.message) for fault in faults]
        raise DocumentError(f"the guest {path} as it was recorded cannot be booted:", problems)
    return given


def _probe_kinds(planned: Sequence[PlannedCell]) -> dict[str, None]:
    kinds = dict.fromkeys(probe_build(cell.platform_firmware) for cell in planned)
    if any(cell.scenario.guest.disk for cell in planned):
        kinds["bios"] = None
    return kinds


def collect_programs(scenario: Scenario, equipment: Equipment, run_directory: Path) -> dict[str, Path]:
    """Return the programs of one cell, written into the run: probes, GRUB images, files of this machine."""
    programs = dict(equipment.programs)
    for name, modules in scenario.iter_grub_images():
        programs[name] = make_grub_image(modules, f"(pxe)/{name.rpartition('/')[0]}")
    for path in scenario.iter_host_files():
        programs[str(path)] = read_given(path, SERVED)
    return {name: _write_program(content, run_directory) for name, content in programs.items()}


def _write_program(content: bytes, run_directory: Path) -> Path:
    """Return a program's file inside the run, called as its digest, so that the run is whole wherever it is carried.

    Raises:
        RigError: it cannot be written.
    """
    path = run_directory / PROGRAMS_DIRECTORY / sha256(content).hexdigest()
    try:
        if not path.exists():
            write_atomically(path, content)
    except OSError as error:
        raise describe_host_error(error, run_directory) from error
    return path


def specify(
    planned: PlannedCell, side: Side, equipment: Equipment, run_directory: Path, attempt: Attempt
) -> CellSpecification:
    """Return the specification of one boot for one side."""
    emulator, guest = equipment.emulators[planned.emulator], equipment.guests[planned.key.machine]
    asked = equipment.rom_files.get((planned.emulator, planned.key.machine), {})
    firmware = equipment.shipped_firmware.get((planned.emulator, planned.platform_firmware))
    if firmware is not None and find_firmware_file(planned.platform_firmware):
        emulator = replace(emulator, given_firmware=(firmware,))
    is_varied = planned.platform_firmware != planned.key.platform_firmware
    return CellSpecification(
        key=planned.key,
        side=side.label,
        scenario=planned.scenario,
        rom_set=side.rom_set.name,
        data_directory=side.directory,
        emulator=emulator,
        programs=collect_programs(planned.scenario, equipment, run_directory),
        guest=guest,
        run_directory=run_directory,
        cell_directory=run_directory / CELLS_DIRECTORY / side.label / planned.key.directory_name,
        attempt=attempt,
        first_clock=equipment.choose_first_clock(planned),
        nonce=make_nonce(),
        launch=equipment.launch,
        platform_firmware=planned.platform_firmware if is_varied else "",
        platform_firmware_file=equipment.platform_firmware.get(planned.platform_firmware),
        missing_roms=find_missing_roms(planned.key, side, guest, equipment.launch, asked, emulator),
    )
