"""Cell specifications: all that a cell needs to know, as a value that is written to a file and read back.

The file (`bootrig-cell/2`) is in the cell's directory; its paths inside the run are relative to the run's directory, so
a cell can run wherever the run's directory is. What differs from boot to boot of a cell, the attempt, is not in it.
"""

import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from bootrig.document.errors import DocumentError
from bootrig.document.toml import Document
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.file import encode_definition, read_definition
from bootrig.emulator.definition.launch import Launch
from bootrig.emulator.release.discovery import Emulator
from bootrig.errors import InputError
from bootrig.jsonfile import encode_json, learn_json, load_json, to_json_value
from bootrig.scenario.file import encode_scenario, parse_scenario
from bootrig.scenario.platform import firmware_family
from bootrig.scenario.scenario import Scenario
from bootrig.trace.attempt import Attempt, parse_attempt
from bootrig.trace.names import CellKey, parse_cell_name
from bootrig.trace.trace import Clock, MissingRom
from bootrig.workdir import write_atomically

SPECIFICATION_FILE = "cell.json"
CAPTURE_FILE, SENT_CAPTURE_FILE = "capture.pcap", "capture-guest.pcap"
NONCE_BYTES = 8


class SpecificationError(InputError):
    """A file is not a cell specification."""


@dataclass(frozen=True, slots=True)
class CellSpecification:
    """What one boot does.

    Attributes:
        side: label of the side.
        rom_set: name of the ROM set.
        data_directory: the directory into which the ROM set is embedded.
        programs: assembled probes by kind, GRUB images by the name under which they are served, copies of this
            machine's files by their paths.
        cell_directory: the cell's directory, inside of the run's.
        attempt: which boot of the cell this is.
        first_clock: the clock that the cell is tried with first.
        nonce: 16 hexadecimal digits that only this boot's probes print.
        platform_firmware: its name, where the cell's does not say it; empty where it does.
        platform_firmware_file: file of a platform firmware that was built or given; None for the emulator's own.
        missing_roms: ROM files that the guest asks for and the ROM set does not have: QEMU refuses to start it.
        prefix: the key of the frozen beginning that the boot goes on from, empty for a cold boot; it is the attempt's,
            and not in the file.
    """

    key: CellKey
    side: str
    scenario: Scenario
    rom_set: str
    data_directory: Path
    emulator: Emulator
    programs: Mapping[str, Path]
    guest: MachineDefinition
    run_directory: Path
    cell_directory: Path
    attempt: Attempt
    first_clock: Clock
    nonce: str
    launch: Launch = field(default_factory=Launch)
    platform_firmware: str = ""
    platform_firmware_file: Path | None = None
    missing_roms: tuple[MissingRom, ...] = ()
    prefix: str = ""

    @property
    def clock(self) -> Clock:
        """How the guest's clock runs."""
        return self.attempt.clock

    @property
    def directory(self) -> Path:
        """The attempt's directory."""
        return self.cell_directory / str(self.attempt)

    @property
    def firmware_name(self) -> str:
        """The name of the platform firmware."""
        return self.platform_firmware or self.key.platform_firmware

    @property
    def family(self) -> str:
        """What the platform firmware behaves like: `seabios` or `ovmf`."""
        return firmware_family(self.firmware_name)

    @property
    def has_random_times(self) -> bool:
        """Whether times and identifiers depend on random numbers, so that those of a clone are not a cold boot's.

        OVMF as QEMU 10 and later have it wants random numbers, and QEMU's generator begins anew in each process.
        """
        return self.family == "ovmf" and self.emulator.version >= (10,)

    @property
    def random_seed(self) -> int | None:
        """From what QEMU makes random numbers where times depend on them: the same for all boots that begin alike."""
        key = self.key
        place = "/".join((key.nic_model, key.machine, key.platform_firmware, key.emulator))
        return zlib.crc32(place.encode()) if self.has_random_times else None

    @property
    def attempt_path(self) -> str:
        """The attempt's directory, relative to the run's."""
        return str(self.directory.relative_to(self.run_directory))


class _Document(Struct, frozen=True, kw_only=True):
    """The file."""

    format: Literal["bootrig-cell/2"] = "bootrig-cell/2"
    cell: str
    side: str
    scenario: dict[str, Any]
    rom_set: str
    data_directory: str
    emulator: Emulator
    programs: dict[str, str]
    guest: dict[str, Any]
    launch: Launch
    platform_firmware: str = ""
    platform_firmware_file: str | None
    missing_roms: tuple[MissingRom, ...] = ()
    first_clock: Clock
    directory: str


def make_nonce() -> str:
    """Return a nonce that no other boot has."""
    return secrets.token_hex(NONCE_BYTES)


def write_specification(specification: CellSpecification) -> Path:
    """Write `specification`, apart from its attempt, into the cell's directory, which is made; return the file."""
    path = specification.cell_directory / SPECIFICATION_FILE
    write_atomically(path, encode_specification(specification), durable=False)
    return path


def encode_specification(specification: CellSpecification) -> bytes:
    """Return the file of `specification`."""
    run = specification.run_directory

    def relative(path: Path) -> str:
        return str(path.relative_to(run)) if path.is_relative_to(run) else str(path)

    firmware = specification.platform_firmware_file
    document = _Document(
        cell=str(specification.key),
        side=specification.side,
        scenario=encode_scenario(specification.scenario),
        rom_set=specification.rom_set,
        data_directory=relative(specification.data_directory),
        emulator=specification.emulator,
        programs={name: relative(path) for name, path in specification.programs.items()},
        guest=to_json_value(encode_definition(specification.guest)),
        launch=specification.launch,
        platform_firmware=specification.platform_firmware,
        platform_firmware_file=relative(firmware) if firmware else None,
        missing_roms=specification.missing_roms,
        first_clock=specification.first_clock,
        directory=relative(specification.cell_directory),
    )
    return encode_json(document)


def learn_format() -> None:
    """Find out how specifications are read, which else is done when the first one is."""
    learn_json(_Document)


def load_specification(cell_directory: Path, attempt: str) -> CellSpecification:
    """Return what a boot of the cell in `cell_directory` does, with a new nonce.

    Raises:
        SpecificationError: its file is not a cell specification.
        AttemptError: `attempt` is not the name of an attempt.
    """
    path = cell_directory / SPECIFICATION_FILE
    document = load_json(path, _Document)
    if not cell_directory.as_posix().endswith(f"/{document.directory}"):
        raise SpecificationError(f"{path}: it belongs into {document.directory} of its run")
    run = cell_directory.parents[len(Path(document.directory).parts) - 1]
    try:
        return CellSpecification(
            key=parse_cell_name(document.cell),
            side=document.side,
            scenario=parse_scenario(document.scenario),
            rom_set=document.rom_set,
            data_directory=run / document.data_directory,
            emulator=document.emulator,
            programs={name: run / program for name, program in document.programs.items()},
            guest=read_definition(Document(path, document.guest).root),
            run_directory=run,
            cell_directory=cell_directory,
            attempt=parse_attempt(attempt),
            first_clock=document.first_clock,
            nonce=make_nonce(),
            launch=document.launch,
            platform_firmware=document.platform_firmware,
            platform_firmware_file=run / document.platform_firmware_file if document.platform_firmware_file else None,
            missing_roms=document.missing_roms,
        )
    except DocumentError as error:
        raise SpecificationError(f"{path}: {error}") from error
