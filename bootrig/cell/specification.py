"""Cell specifications: all that a cell needs to know, as a value that is written to a file and read back.

A cell can run wherever the files are that its specification names: in this process's pool, or elsewhere.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bootrig.document.toml import Document
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.file import encode_definition, read_definition
from bootrig.emulator.definition.launch import ConfigureBy, Launch, Launcher, RomBy
from bootrig.emulator.release.discovery import Emulator
from bootrig.errors import InputError
from bootrig.scenario.scenario import Scenario, encode_scenario, parse_scenario
from bootrig.trace.trace import CellKey, TimeMode
from bootrig.workdir import write_atomically

FORMAT = "bootrig-cell/1"
SPECIFICATION_FILE = "cell.json"
TRACE_FILE = "trace.json"
ERROR_FILE = "error.json"
CAPTURE_FILE = "capture.pcap"


class SpecificationError(InputError):
    """A file is not a cell specification."""


@dataclass(frozen=True, slots=True)
class CellSpecification:
    """What one cell does.

    Attributes:
        key: what is tried.
        scenario: the scenario, whole.
        rom_set: name of the ROM set.
        data_directory: the directory into which the ROM set is embedded.
        emulator: the QEMU.
        accelerator: `tcg` or `kvm`, proven.
        time_mode: how the guest's clock runs.
        nonce: 16 hexadecimal digits that only this run's probes print.
        programs: assembled probes by kind, and GRUB images by the name under which they are served.
        guest: the definition that the guest is made from.
        launch: how it is started.
        platform_firmware_file: file of a platform firmware that was built; None for the emulator's own.
        directory: the cell's run directory.
    """

    key: CellKey
    scenario: Scenario
    rom_set: str
    data_directory: Path
    emulator: Emulator
    accelerator: str
    time_mode: TimeMode
    nonce: str
    programs: Mapping[str, Path]
    directory: Path
    guest: MachineDefinition
    launch: Launch = field(default_factory=Launch)
    platform_firmware_file: Path | None = None


def encode_specification(specification: CellSpecification) -> bytes:
    """Return `specification` as JSON."""
    document = {
        "format": FORMAT,
        "key": asdict(specification.key),
        "scenario": encode_scenario(specification.scenario),
        "rom_set": specification.rom_set,
        "data_directory": specification.data_directory,
        "emulator": asdict(specification.emulator),
        "accelerator": specification.accelerator,
        "time_mode": specification.time_mode,
        "nonce": specification.nonce,
        "programs": dict(specification.programs),
        "directory": specification.directory,
        "guest": encode_definition(specification.guest),
        "launch": asdict(specification.launch),
        "platform_firmware_file": specification.platform_firmware_file,
    }
    return (json.dumps(document, indent=1, default=str) + "\n").encode()


def parse_specification(content: bytes, origin: str = "cell specification") -> CellSpecification:
    """Return the cell specification that `content` holds.

    Raises:
        SpecificationError: it is none.
    """
    try:
        document = json.loads(content)
        if document.pop("format", None) != FORMAT:
            raise SpecificationError(f"{origin}: not of the format {FORMAT}")
        firmware_file = document.pop("platform_firmware_file")
        guest = Document(Path(origin), document.pop("guest"))
        return CellSpecification(
            key=CellKey(**document.pop("key")),
            scenario=parse_scenario(document.pop("scenario")),
            data_directory=Path(document.pop("data_directory")),
            emulator=_parse_emulator(document.pop("emulator")),
            time_mode=TimeMode(document.pop("time_mode")),
            programs={name: Path(path) for name, path in document.pop("programs").items()},
            directory=Path(document.pop("directory")),
            guest=read_definition(guest.root),
            launch=_parse_launch(document.pop("launch")),
            platform_firmware_file=Path(firmware_file) if firmware_file else None,
            **document,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpecificationError(f"{origin}: not a cell specification: {error}") from error


def _parse_launch(document: Mapping[str, Any]) -> Launch:
    """Return how guests are started, as a JSON value describes it."""
    return Launch(Launcher(document["launcher"]), ConfigureBy(document["configure_by"]), RomBy(document["rom_by"]))


def _parse_emulator(document: Mapping[str, Any]) -> Emulator:
    """Return the emulator that a JSON value describes."""
    return Emulator(
        **{
            **document,
            "command": tuple(document["command"]),
            "executable": Path(document["executable"]),
            "version": tuple(document["version"]),
            "data_directories": tuple(Path(directory) for directory in document["data_directories"]),
            "root": Path(document["root"]),
            "environment": tuple((name, value) for name, value in document["environment"]),
        }
    )


def write_specification(specification: CellSpecification) -> Path:
    """Write `specification` into its run directory, which is made, and return the file."""
    path = specification.directory / SPECIFICATION_FILE
    write_atomically(path, encode_specification(specification))
    return path
