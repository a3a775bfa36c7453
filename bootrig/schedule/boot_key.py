"""The key of a boot: everything that decides how it goes, as a JSON value.

Two boots with the same key are boots of the same guest in the same world, seen by the same eyes: what one of them
showed is what the other would show. Not in it: the side and the names of ROM sets, the nonce, the run's directories,
and whether the boot was cold or went on from a prefix, which the key of what is kept has beside it.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import bootrig.cell
import bootrig.confinement
import bootrig.emulator
import bootrig.network
import bootrig.scenario
import bootrig.trace
import firmware.probe
from bootrig.cache import digest_file, digest_key
from bootrig.cell.machine import make_definition
from bootrig.cell.serving import DISK_FILE
from bootrig.cell.specification import CellSpecification
from bootrig.emulator.definition.parts import Device
from bootrig.emulator.release.discovery import find_platform_firmware
from bootrig.jsonfile import to_json_value
from bootrig.network.services.registry import find_packages, find_programs
from bootrig.scenario.file import encode_scenario
from bootrig.scenario.scenario import Scenario
from bootrig.trace.attempt import Attempt
from bootrig.trace.trace import ClockKind
from firmware.nic import find_nic_model
from firmware.romset import DEFAULT_ROM_NAME

# What of a scenario's file says nothing of what happens in a boot.
SAID_OF_SCENARIOS = frozenset({"summary", "why", "suites", "known"})
# What makes boots, and what reads them.
RECORDER = (
    bootrig.cell,
    bootrig.confinement,
    bootrig.emulator,
    bootrig.network,
    bootrig.scenario,
    bootrig.trace,
    firmware.probe,
)
# What QEMU loads from its data directories: ROMs and code that it executes in the guest.
LOADED_SUFFIXES = frozenset({".bin", ".rom"})
RUN = Path("/run")


def make_boot_key(specification: CellSpecification) -> dict[str, Any]:
    """Return the key of a boot, apart from its number among the boots with its clock.

    Raises:
        PlatformFirmwareMissingError: the platform firmware is not installed any more.
        ToolMissingError: a server's program is not installed any more.
        OSError: a file that the boot reads cannot be read.
    """
    return {
        **describe_guest(specification),
        "cell": str(specification.key),
        "scenario": digest_scenario(specification.scenario),
        "programs": {name: _digest(path) for name, path in specification.programs.items()},
        "missing_roms": to_json_value(specification.missing_roms),
        "kernel": platform.release() if specification.clock.kind is ClockKind.KVM else None,
        "servers": [
            *([str(path), _digest(path)] for path in find_programs(specification.scenario.services)),
            *([name, metadata.version(name)] for name in find_packages(specification.scenario.services)),
            ["python", platform.python_version()],
        ],
    }


def describe_guest(specification: CellSpecification) -> dict[str, Any]:
    """Return all that decides how a guest boots as long as it is alone, and what makes and reads its boots.

    Raises:
        PlatformFirmwareMissingError: the platform firmware is not installed any more.
        OSError: a file that the boot reads cannot be read.
    """
    emulator = specification.emulator
    shipped = find_platform_firmware(emulator, specification.family)
    code = specification.platform_firmware_file or shipped.code
    return {
        "machine": digest_key(describe_machine(specification)),
        "launch": to_json_value(specification.launch),
        "roms": {file: _digest(path) for file, path in _iter_roms(specification)},
        "platform_firmware": [code.name, _digest(code)],
        "variables": _digest(shipped.variables) if shipped.variables else None,
        "emulator": [
            emulator.digest,
            emulator.version_text,
            digest_loaded((*specification.guest.data_directories, *emulator.data_directories)),
        ],
        "clock": specification.clock.attempt,
        "accelerator": specification.clock.accelerator,
        "recorder": digest_recorder(),
    }


def digest_scenario(scenario: Scenario) -> str:
    """Return the digest of what decides how boots of a scenario go."""
    document: dict[str, Any] = encode_scenario(scenario)["document"]
    return digest_key({name: value for name, value in document.items() if name not in SAID_OF_SCENARIOS})


def describe_machine(specification: CellSpecification) -> Any:
    """Return the effective machine definition of a boot as if its run, and the boot, were called the same as all."""
    firmware_file = specification.platform_firmware_file
    alike = replace(
        specification,
        run_directory=RUN,
        cell_directory=RUN / "cell",
        data_directory=RUN / "roms",
        platform_firmware_file=RUN / "firmware" if firmware_file else None,
        attempt=Attempt(specification.clock),
    )
    disk = alike.directory / DISK_FILE if specification.scenario.guest.disk else None
    return to_json_value(replace(make_definition(alike, 0, disk).definition, summary=""))


def _iter_roms(specification: CellSpecification) -> Iterator[tuple[str, Path]]:
    """Yield the name and the file of each ROM that the guest can get: the NIC's, and all where it has further NICs."""
    directory = specification.data_directory
    model = find_nic_model(specification.key.nic_model)
    has_further = any(_may_have_rom(device) for device in specification.guest.of_kind(Device))
    for path in sorted(directory.glob("*.rom")):
        if has_further or model is None or path.name.endswith(f"-{model.rom_stem}.rom"):
            yield path.name, path


def _may_have_rom(device: Device) -> bool:
    return find_nic_model(device.type) is not None or not device.properties.keys().isdisjoint({"netdev", "romfile"})


def digest_loaded(directories: Iterable[Path]) -> str:
    """Return the digest of what QEMU may load of these beside the ROMs that are tried and the platform firmware."""
    files = [
        path
        for directory in directories
        if directory.is_dir()
        for path in _list_loaded(directory, directory.stat().st_mtime_ns)
    ]
    return digest_key([[path.name, _digest(path)] for path in files])


@cache
def _list_loaded(directory: Path, _changed_ns: int) -> tuple[Path, ...]:
    return tuple(
        path
        for path in sorted(directory.iterdir())
        if path.suffix in LOADED_SUFFIXES and path.is_file() and not DEFAULT_ROM_NAME.fullmatch(path.name)
    )


def _digest(path: Path) -> str:
    status = path.stat()
    return _digest_once(path, status.st_size, status.st_mtime_ns, status.st_ino)


@cache
def _digest_once(path: Path, _length: int, _changed_ns: int, _number: int) -> str:
    return digest_file(path)


@cache
def digest_recorder() -> str:
    """Return the digest of the sources of what makes boots and reads them."""
    return digest_sources({package.__name__: Path(str(package.__file__)).parent for package in RECORDER})


def digest_sources(packages: Mapping[str, Path]) -> str:
    """Return the digest of all files of packages, by their names, but what Python makes of them."""
    files = [
        [name, str(path.relative_to(root)), digest_file(path)]
        for name, root in packages.items()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    ]
    return digest_key(files)
