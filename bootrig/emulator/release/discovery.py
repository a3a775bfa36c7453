"""Which QEMU there is: its command, version and digest, its data directories and platform firmware."""

import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootrig.cache import Room, digest_file
from bootrig.deadline import Deadline
from bootrig.emulator.errors import EmulatorMissingError, PlatformFirmwareMissingError
from bootrig.process import ProcessError, ToolMissingError, require_tool, run_process

logger = logging.getLogger(__name__)

QEMU_PROGRAM = "qemu-system-x86_64"
ANSWER_S = 20.0
ROOM = Room("emulators", 2)

# Pairs of (code, variables) by preference. Debian's ovmf package has the 4 MiB build since 2021.11 and, until 2024,
# the 2 MiB build beside it; the plain code file enforces no Secure Boot.
OVMF_PAIRS = (("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"), ("OVMF_CODE.fd", "OVMF_VARS.fd"))
SEABIOS_FILE = "bios-256k.bin"


@dataclass(frozen=True, slots=True)
class Emulator:
    """One QEMU that can be started, called `host` or as its recipe is.

    The command of an unpacked one begins with its own loader, and its root is what it sees as `/`. The version is `(7,
    2, 22)`, its text the first line of `--version` without the program's name; the digest is the SHA-256 of the program
    file. The environment is what it needs beside the variables that all processes get. `has_sandbox` is whether it is
    built with a filter of its own system calls. The given firmware takes the place of what it has of that name.
    """

    name: str
    command: tuple[str, ...]
    executable: Path
    version: tuple[int, ...]
    version_text: str
    digest: str
    data_directories: tuple[Path, ...]
    root: Path = Path("/")
    environment: tuple[tuple[str, str], ...] = ()
    has_sandbox: bool = True
    given_firmware: tuple["PlatformFirmware", ...] = ()

    @property
    def version_number(self) -> str:
        """The version as people write it: `7.2.22`."""
        return ".".join(str(number) for number in self.version)

    def find_data_file(self, name: str, first: Sequence[Path] = ()) -> Path | None:
        """Return the file that this QEMU would open for `name`: `first`, then its own data directories."""
        if Path(name).is_absolute():
            return Path(name) if Path(name).is_file() else None
        candidates = (directory / name for directory in (*first, *self.data_directories))
        return next((candidate for candidate in candidates if candidate.is_file()), None)


@dataclass(frozen=True, slots=True)
class PlatformFirmware:
    """A platform firmware: its name, the file of its code, and the template of its variable store if it keeps one."""

    name: str
    code: Path
    variables: Path | None


def find_host_emulator() -> Emulator:
    """Return the machine's own QEMU: the program that `$BOOTRIG_QEMU` names, else the one on PATH.

    Raises:
        EmulatorMissingError: there is none, or it does not answer as QEMU does.
    """
    named = os.environ.get("BOOTRIG_QEMU")
    if named:
        executable = Path(named)
        if not executable.is_file():
            raise EmulatorMissingError(
                f"$BOOTRIG_QEMU names {named}, which {'is not a file' if executable.exists() else 'does not exist'}",
                remedy=f"unset it, or name a {QEMU_PROGRAM}",
            )
    else:
        try:
            executable = require_tool(QEMU_PROGRAM)
        except ToolMissingError as error:
            raise EmulatorMissingError(str(error), remedy=error.remedy) from error
    return inspect_emulator("host", (str(executable),), executable)


def inspect_emulator(
    name: str,
    command: tuple[str, ...],
    executable: Path,
    *,
    root: Path = Path("/"),
    data: Sequence[Path] = (),
    environment: Sequence[tuple[str, str]] = (),
) -> Emulator:
    """Ask a QEMU for its version and data directories; the answers are remembered until the program file changes.

    Its data directories are `data` where its own answer would be wrong; for the other arguments see `Emulator`.

    Raises:
        EmulatorMissingError: it does not answer as QEMU does.
    """
    real = executable.resolve()
    status = real.stat()
    key = [str(real), status.st_size, status.st_mtime_ns, status.st_ino, list(command)]
    answers = ROOM.obtain_value(key, lambda: _ask(command, real))
    return Emulator(
        name=name,
        command=command,
        executable=executable,
        version=tuple(answers["version"]),
        version_text=answers["version_text"],
        digest=answers["digest"],
        data_directories=tuple(data) or tuple(Path(directory) for directory in answers["data_directories"]),
        root=root,
        environment=tuple(environment),
        has_sandbox=answers["has_sandbox"],
    )


def _ask(command: tuple[str, ...], executable: Path) -> dict[str, Any]:
    """Ask the QEMU that `command` starts; returns the answers as a JSON value."""
    deadline = Deadline.after(ANSWER_S, f"{command[-1]} reports its version")
    try:
        answer = run_process([*command, "--version"], deadline=deadline).stdout.decode("utf-8", "replace")
        filtered = run_process([*command, "-sandbox", "on", "--version"], deadline=deadline, check=False)
        listed = run_process([*command, "-L", "help"], deadline=deadline).stdout.decode("utf-8", "replace")
    except ProcessError as error:
        raise EmulatorMissingError(f"{command[-1]} does not answer: {error}", remedy=error.remedy) from error
    first_line = answer.partition("\n")[0].strip()
    match = re.match(r"QEMU emulator version (\d+(?:\.\d+)+)", first_line)
    if match is None:
        raise EmulatorMissingError(f"{command[-1]} is not QEMU: --version says {first_line!r}")
    return {
        "version": [int(number) for number in match[1].split(".")],
        "version_text": first_line.removeprefix("QEMU emulator version "),
        "digest": digest_file(executable),
        "has_sandbox": filtered.status == 0,
        "data_directories": [os.path.normpath(line) for line in listed.splitlines() if line.startswith("/")],
    }


def find_platform_firmware(emulator: Emulator, name: str) -> PlatformFirmware:
    """Return the platform firmware called `name`, `seabios` or `ovmf`, that belongs to `emulator`.

    Raises:
        PlatformFirmwareMissingError: it is not installed, or not known.
    """
    given = next((firmware for firmware in emulator.given_firmware if firmware.name == name), None)
    if given is not None:
        return given
    if name == "seabios":
        code = emulator.find_data_file(SEABIOS_FILE)
        if code is not None:
            return PlatformFirmware(name, code, None)
        raise PlatformFirmwareMissingError(
            f"{emulator.name}: no {SEABIOS_FILE} in any data directory", remedy="apt-get install seabios"
        )
    if name == "ovmf":
        directory = emulator.root / "usr/share/OVMF"
        for code_name, variables_name in OVMF_PAIRS:
            code, variables = directory / code_name, directory / variables_name
            if code.is_file() and variables.is_file():
                return PlatformFirmware(name, code, variables)
        raise PlatformFirmwareMissingError(f"{emulator.name}: no OVMF in {directory}", remedy="apt-get install ovmf")
    raise PlatformFirmwareMissingError(f"no platform firmware is called {name!r}", remedy="known are seabios and ovmf")
