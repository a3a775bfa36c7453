"""What QEMU may see and do when it runs bytes of strangers.

It sees programs, libraries and ROMs, which it cannot change, and has no directory to write into: its files are open
when it starts, and it finds them by their numbers in /fd.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bootrig.confinement.barriers import Barrier
from bootrig.confinement.confinement import Confinement
from bootrig.confinement.limits import MIB, Limits
from bootrig.confinement.view import DESCRIPTORS, USR, Mount, View, see, see_system
from bootrig.emulator.definition.definition import AcceleratorKind, MachineDefinition
from bootrig.emulator.definition.parts import BlockNode, JsonValue, Part
from bootrig.emulator.guest.console import CONSOLE_NAMES, ConsolePipes
from bootrig.emulator.release.discovery import Emulator

# QEMU with its libraries, translated code and threads, beside the guest's memory.
OWN_MEMORY = 2048 * MIB
# The C library would set 64 MiB of addresses aside for each of many threads on a machine with many processors.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "4"}
KVM_DEVICE = Path("/dev/kvm")
CONSOLE_PATH = Path("/console")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a QEMU is started with beside its guest's parts.

    Attributes:
        definition: the guest; of a confined one the files in the run directory are named by descriptor.
        console: the names of the console's pipes, without their endings.
        console_log: the name of the file of what the guest prints.
        confinement: what QEMU may see and do; None for what this process may.
        descriptors: what QEMU has to inherit, and finds by its names.
        environment: variables that it needs.
        lacking: what of its confinement this QEMU does not have.
    """

    definition: MachineDefinition
    console: Path
    console_log: str
    confinement: Confinement | None = None
    descriptors: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()


@contextmanager
def open_surroundings(
    emulator: Emulator,
    definition: MachineDefinition,
    run_directory: Path,
    console_log: Path,
    pipes: ConsolePipes,
    *,
    is_confined: bool,
) -> Iterator[Surroundings]:
    """Yield what a QEMU is started with; files are open inside of the `with`, and QEMU inherits them.

    Raises:
        OSError: a file cannot be opened.
        EmulatorError: the console's pipes cannot have names in the run directory.
    """
    if not is_confined:
        pipes.link(run_directory)
        yield Surroundings(definition, pipes.path, str(console_log))
        return
    with _open_files(run_directory) as files:
        parts = tuple(_replace_paths(part, files) for part in definition.parts)
        log = files.name(console_log)
        system = see_system(emulator.root)
        console = tuple(
            (CONSOLE_PATH.with_suffix(name), str(DESCRIPTORS / str(number)))
            for name, number in zip(CONSOLE_NAMES, pipes.far, strict=True)
        )
        view = View(
            mounts=(*system.mounts, *iter_emulator_mounts(emulator, definition)),
            links=(*system.links, *console),
            has_descriptors=True,
        )
        for descriptor in pipes.far:
            files.give(descriptor)
        memory = definition.memory_mib * MIB + OWN_MEMORY
        # a disk of the user's own is as long as it is
        has_own_disk = any(mount.is_writable for mount in view.mounts)
        limits = Limits(memory, file_length=None) if has_own_disk else Limits(memory)
        yield Surroundings(
            replace(definition, parts=parts),
            CONSOLE_PATH,
            log,
            Confinement(view, limits),
            (*files.descriptors, *pipes.far),
            ENVIRONMENT,
            () if emulator.has_sandbox else (Barrier.QEMU_SANDBOX.because("QEMU is built without it"),),
        )


def iter_emulator_mounts(emulator: Emulator, definition: MachineDefinition) -> Iterator[Mount]:
    """Yield what an emulator reads of this machine for a guest, beside its /usr; what is not there is left out."""
    root = emulator.root
    directories = [*definition.data_directories, *emulator.data_directories]
    given = [path for firmware in emulator.given_firmware for path in (firmware.code, firmware.variables) if path]
    if root != Path("/"):
        yield from see(root)
    elif not emulator.executable.is_relative_to(USR):
        directories.append(_find_installation(emulator.executable))
    for directory in dict.fromkeys([*directories, *given]):
        if directory.exists() and not directory.is_relative_to(USR if root == Path("/") else root):
            yield from see(directory)
    if definition.accelerator.kind is AcceleratorKind.KVM:
        yield from see(KVM_DEVICE)
    yield from iter_named_files(definition, USR if root == Path("/") else root)


def iter_named_files(definition: MachineDefinition, visible: Path) -> Iterator[Mount]:
    """Yield the files of this machine that a definition names, beside those in the directory `visible`."""
    written = {
        id(part)
        for part in definition.of_kind(BlockNode)
        if part.properties.get("read-only") is not True and part.properties.get("auto-read-only") is not True
    }
    values = [(value, False) for value in _iter_strings(dict(definition.machine_options))]
    values += [(value, id(part) in written) for part in definition.parts for value in _iter_strings(part.properties)]
    for value, is_writable in values:
        path = Path(value)
        if value.startswith("/") and "\0" not in value and not path.is_relative_to(visible) and _exists(path):
            yield from see(path, is_writable=is_writable)


def _exists(path: Path) -> bool:
    with suppress(OSError):
        return path != Path("/") and path.exists()
    return False


def _find_installation(executable: Path) -> Path:
    """Return what is mounted of a QEMU outside of /usr: the directory that it was installed or built in."""
    directory = executable.parent.parent if executable.parent.name == "bin" else executable.parent
    return executable if directory in (Path("/"), Path.home(), Path("/tmp")) else directory  # noqa: S108


def _iter_strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _iter_strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _iter_strings(inner)


class _Files:
    """Files in a run directory, opened as they are named."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._owner = directory.stat()
        self._names: dict[Path, str] = {}
        self.descriptors: list[int] = []

    def name(self, path: Path) -> str:
        """Return the name by which QEMU finds a file: by its number, where it is in the run directory."""
        if not path.is_relative_to(self._directory):
            return str(path)
        if path not in self._names:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self.descriptors.append(descriptor)
            self.give(descriptor)
            self._names[path] = str(DESCRIPTORS / str(descriptor))
        return self._names[path]

    def give(self, descriptor: int) -> None:
        """Let whoever QEMU runs as open a file anew: the owner of the run directory, as a rule this process's user."""
        os.fchown(descriptor, self._owner.st_uid, self._owner.st_gid)


@contextmanager
def _open_files(directory: Path) -> Iterator[_Files]:
    files = _Files(directory)
    try:
        yield files
    finally:
        for descriptor in files.descriptors:
            os.close(descriptor)


def _replace_paths(part: Part, files: _Files) -> Part:
    properties = {name: _replace_path(value, files) for name, value in part.properties.items()}
    return replace(part, properties=properties)


def _replace_path(value: JsonValue, files: _Files) -> JsonValue:
    if isinstance(value, str):
        return files.name(Path(value)) if value.startswith("/") else value
    if isinstance(value, dict):
        return {name: _replace_path(inner, files) for name, inner in value.items()}
    return value
