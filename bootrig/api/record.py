"""What `run.json` says of a run before its first boot, and after its last one."""

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bootrig import __version__
from bootrig.api.requests import Matrix, Request
from bootrig.cache import digest_file
from bootrig.confinement.barriers import find_held
from bootrig.emulator.definition.launch import AcceleratorWish, ConfigureBy, Launch, Launcher, RomBy
from bootrig.errors import ExitStatus, InputError
from bootrig.record.run import (
    Run,
    RunCell,
    RunEmulator,
    RunFirmware,
    RunHost,
    RunOptions,
    RunRom,
    RunSide,
    tell_time,
)
from bootrig.romset.side import parse_side
from bootrig.schedule.equipment import CELLS_DIRECTORY, Equipment, count_processors
from bootrig.schedule.plan import PlannedCell
from bootrig.schedule.sides import Side
from bootrig.trace.reading.attempts import REAL_TIME
from bootrig.trace.trace import Trace

# What the origin of a ROM set has a fact of, by the kind of the set.
ORIGIN_KINDS = ("recipe", "directory", "archive", "rom", "host", "emulator")


def describe_run(
    verb: str,
    argv: tuple[str, ...],
    directory: Path,
    sides: Sequence[Side],
    equipment: Equipment,
    cells: Sequence[tuple[Side, PlannedCell]],
) -> Run:
    """Return what `run.json` says before the first boot."""
    clocks = [
        found
        for _, cell in cells
        for found in (equipment.choose_first_clock(cell), equipment.find_clock(cell, REAL_TIME))
    ]
    accelerators = dict.fromkeys(clock.accelerator for clock in clocks)
    return Run(
        id=directory.name,
        verb=verb,
        argv=argv,
        bootrig=__version__,
        started=tell_time(),
        host=RunHost(
            cpus=count_processors(),
            load=equipment.load,
            python=platform.python_version(),
            accelerator=", ".join(accelerators),
        ),
        sides=tuple(_describe_side(side) for side in sides),
        emulators={
            name: RunEmulator(emulator.version_number, emulator.digest)
            for name, emulator in equipment.emulators.items()
        },
        platform_firmware={
            name: RunFirmware(path.name, digest_file(path)) for name, path in equipment.iter_firmware_files()
        },
        cells=tuple(
            RunCell(str(cell.key), side.label, f"{CELLS_DIRECTORY}/{side.label}/{cell.key.directory_name}")
            for side, cell in cells
        ),
    )


def describe_options(asked: Request) -> RunOptions:
    """Return what `run.json` says of how guests are booted."""
    launch = asked.launch
    told = RunOptions(
        is_virtual=asked.is_virtual,
        accelerator=asked.accelerator,
        launcher=launch.launcher,
        configure_by=launch.configure_by,
        rom_by=launch.rom_by,
    )
    if not isinstance(asked, Matrix):
        return told
    return replace(
        told, confirm_everywhere=asked.confirm_everywhere, confirm_by=asked.confirm_by, is_cold=asked.is_cold
    )


def restore_options(options: RunOptions) -> dict[str, Any]:
    """Return the fields of a `Matrix` that are such options.

    Raises:
        InputError: a word is not known.
    """
    try:
        launch = Launch(Launcher(options.launcher), ConfigureBy(options.configure_by), RomBy(options.rom_by))
        AcceleratorWish(options.accelerator), AcceleratorWish(options.confirm_by)
    except ValueError as error:
        raise InputError(f"the run has options that this bootrig does not know: {error}") from error
    return {
        "is_virtual": options.is_virtual,
        "accelerator": options.accelerator,
        "launch": launch,
        "confirm_everywhere": options.confirm_everywhere,
        "confirm_by": options.confirm_by,
        "is_cold": options.is_cold,
    }


def end_run(record: Run, traces: Sequence[Trace], status: ExitStatus) -> Run:
    """Return what `run.json` says in the end: with what its traces tell of the machine."""
    confined = [trace for trace in traces if trace.confinement or trace.lacking]
    lacking = tuple(dict.fromkeys(words for trace in confined for words in trace.lacking))
    host = replace(record.host, confinement=find_held(lacking) if confined else (), lacking=lacking)
    return replace(record, host=host, ended=tell_time(), exit_status=status)


def _describe_side(side: Side) -> RunSide:
    words = parse_side(side.given)
    return RunSide(
        label=side.label,
        given=side.given,
        kind=next((kind for kind in ORIGIN_KINDS if kind in side.rom_set.origin), ""),
        version=side.rom_set.origin.get("version", ""),
        emulator=words.emulator or None,
        platform_firmware=words.platform_firmware or None,
        roms=tuple(RunRom(rom.file_name, rom.sha256, rom.length, rom.bar_length) for rom in side.rom_set.roms),
    )
