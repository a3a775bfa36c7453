"""Whether a worker elsewhere is like this machine: what decides how its cells would boot, by names for people.

What both describe has to be equal, for a boot is compared with boots of other workers, and is kept as one of here.
"""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import ParamSpec

import msgspec
from msgspec import Struct

from bootrig import __version__
from bootrig.cache import digest_file
from bootrig.cell.confinement import probe_confinement
from bootrig.emulator.accelerator import choose_accelerator
from bootrig.emulator.definition.definition import AcceleratorKind
from bootrig.emulator.release.discovery import Emulator, find_platform_firmware
from bootrig.emulator.release.recipes import find_emulator
from bootrig.errors import BootrigError
from bootrig.network.services.registry import find_packages, find_programs
from bootrig.scenario.platform import firmware_family
from bootrig.schedule.boot_key import digest_loaded, digest_recorder
from bootrig.schedule.equipment import Equipment
from bootrig.schedule.plan import PlannedCell

P = ParamSpec("P")
Find = Callable[[str], Emulator]

VERSION = "bootrig"
CONFINEMENT = "the confinement of cells"
POSSIBLE = "possible"
# How the description begins of what a machine does not have.
MISSING = "missing: "


class Needs(Struct, frozen=True, kw_only=True):
    """What the cells of a run need of the machine that runs them.

    Attributes:
        accelerators: by the names of the emulators.
        platform_firmware: the pairs of emulator and platform firmware.
        services: the names of the services of all scenarios.
        data_directories: those of guests.
    """

    accelerators: Mapping[str, str]
    platform_firmware: Sequence[tuple[str, str]]
    services: Sequence[str]
    data_directories: Sequence[str]


def find_needs(planned: Sequence[PlannedCell], equipment: Equipment) -> Needs:
    """Return what the cells of a run need."""
    return Needs(
        accelerators=equipment.accelerators,
        platform_firmware=tuple(equipment.shipped_firmware),
        services=tuple(dict.fromkeys(name for cell in planned for name in cell.scenario.services)),
        data_directories=tuple(
            dict.fromkeys(str(path) for guest in equipment.guests.values() for path in guest.data_directories)
        ),
    )


def encode_needs(needs: Needs) -> bytes:
    """Return `needs` as they are sent."""
    return msgspec.json.encode(needs)


def describe_here(needs: Needs, emulators: Mapping[str, Emulator]) -> dict[str, str]:
    """Return what a worker for `needs` has to have: what this machine has, but for its confinement."""
    return {**dict(_iter_facts(needs, emulators.__getitem__)), CONFINEMENT: POSSIBLE}


def describe_worker(encoded: bytes) -> dict[str, str]:
    """Return what this machine, a worker, has of what is needed."""
    needs = msgspec.json.decode(encoded, type=Needs)
    facts = dict(_iter_facts(needs, find_emulator))
    return {**facts, CONFINEMENT: _say(_confine)}


def iter_faults(wanted: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for everything in which a worker is not as wanted."""
    if found.get(VERSION) != wanted[VERSION]:
        yield f"it has bootrig {found.get(VERSION)}, not {wanted[VERSION]}"
        return
    for name, value in wanted.items():
        there = found.get(name, f"{MISSING}it says nothing of it")
        if there.startswith(MISSING):
            yield f"{name}: {there.removeprefix(MISSING)}"
        elif there != value:
            yield f"{name} differs: {there} there, {value} here"


def _iter_facts(needs: Needs, find: Find) -> Iterator[tuple[str, str]]:
    yield VERSION, __version__
    yield "what boots cells and reads them (digest)", digest_recorder()
    yield "Python", platform.python_version()
    for name, accelerator in needs.accelerators.items():
        yield f"the emulator {name}", _say(_digest_emulator, find, name)
        yield f"what the emulator {name} loads", _say(_digest_loaded, find, name, needs)
        yield f"the accelerator of {name}", _say(_accelerate, find, name, accelerator)
    for name, firmware in needs.platform_firmware:
        yield f"the platform firmware {firmware} of {name}", _say(_digest_firmware, find, name, firmware)
    for service in needs.services:
        yield f"the programs of the service {service}", _say(_digest_programs, service)


def _say(ask: Callable[P, str], *arguments: P.args, **options: P.kwargs) -> str:
    """Return an answer, or what is missing for it."""
    try:
        return ask(*arguments, **options)
    except BootrigError as error:
        return f"{MISSING}{error}{f' ({error.remedy})' if error.remedy else ''}"
    except (OSError, metadata.PackageNotFoundError) as error:
        return f"{MISSING}{error}"


def _confine() -> str:
    probe_confinement()
    return POSSIBLE


def _digest_emulator(find: Find, name: str) -> str:
    return find(name).digest


def _digest_loaded(find: Find, name: str, needs: Needs) -> str:
    return digest_loaded([*map(Path, needs.data_directories), *find(name).data_directories])


def _accelerate(find: Find, name: str, wanted: str) -> str:
    """Return what executes instructions; guests under KVM depend on the kernel, too."""
    accelerator = choose_accelerator(find(name), wanted)
    return f"{accelerator}, Linux {platform.release()}" if accelerator == AcceleratorKind.KVM else str(accelerator)


def _digest_firmware(find: Find, name: str, firmware: str) -> str:
    shipped = find_platform_firmware(find(name), firmware_family(firmware))
    return " ".join(digest_file(path) for path in (shipped.code, shipped.variables) if path is not None)


def _digest_programs(service: str) -> str:
    programs = [f"{path} {digest_file(path)}" for path in find_programs([service])]
    packages = [f"{name} {metadata.version(name)}" for name in find_packages([service])]
    return ", ".join([*programs, *packages]) or POSSIBLE
