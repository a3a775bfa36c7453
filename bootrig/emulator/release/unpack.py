"""Unpacking a QEMU of a Debian suite beside the host's, without root and without a container.

mmdebstrap downloads the packages with apt, which checks Debian's signatures, and only extracts them. The result is run
through its own dynamic loader with its own libraries, ROMs and platform firmware.
"""

import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bootrig.cache import describe_cache_error, digest_key
from bootrig.deadline import Deadline
from bootrig.emulator.errors import EmulatorMissingError
from bootrig.emulator.release.discovery import QEMU_PROGRAM, Emulator, inspect_emulator
from bootrig.process import ProcessError, ToolMissingError, require_tool, run_process
from bootrig.store.apt import ask_apt
from bootrig.store.settings import load_settings
from bootrig.temporary import remove_path, start_temporary_directory
from bootrig.tree_room import TreeRoom
from bootrig.workdir import NEW_PREFIX

logger = logging.getLogger(__name__)

UNPACK_S = 900.0
ROOM = TreeRoom("unpacked")
# By the directories of the QEMUs that this process uses, what keeps them from being removed until it ends.
_in_use: dict[Path, int] = {}
LOADER = "usr/lib64/ld-linux-x86-64.so.2"
OLD_LOADER = "lib64/ld-linux-x86-64.so.2"
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
DATA_DIRECTORIES = ("usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu")
# Accelerators are modules in some versions, and each QEMU accepts only its own.
MODULES = "usr/lib/x86_64-linux-gnu/qemu"
# Nothing of this is needed to run QEMU; it is half of the files.
NEEDLESS = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/icons", "var", "dev", "tmp")


@dataclass(frozen=True, slots=True)
class DebianSuite:
    """A QEMU in a Debian suite: packages, whose dependencies are included, and what QEMU's version begins with.

    The addresses are mirrors to try after those of the user and of apt; an expired Release file may be accepted.
    """

    suite: str
    packages: tuple[str, ...]
    version: str
    check_valid_until: bool = True
    addresses: tuple[str, ...] = ()


def place_of(name: str, suite: DebianSuite) -> Path:
    """Return where the suite's QEMU is unpacked: another place for every change of its recipe."""
    return ROOM.directory / f"{name}-{digest_key(asdict(suite))[:16]}"


def find_unpacked(name: str, suite: DebianSuite) -> Path | None:
    """Return the directory of the suite's QEMU; None where it has not been unpacked, or has lost its QEMU since."""
    place = place_of(name, suite)
    return place if _find_loader(place) and _find_program(place) else None


def _find_loader(root: Path) -> Path | None:
    return next((root / path for path in (LOADER, OLD_LOADER) if _has_content(root / path)), None)


def _find_program(root: Path) -> Path | None:
    program = root / "usr/bin" / QEMU_PROGRAM
    return program if _has_content(program) else None


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def unpack(name: str, suite: DebianSuite) -> Emulator:
    """Return the suite's QEMU, which is unpacked first where it has not been.

    It is not removed while this process uses it, or a child that was forked.

    Raises:
        EmulatorMissingError: no mirror has it, mmdebstrap is missing, or it is another version.
        DocumentError: the user's configuration is wrong.
        CacheError: the cache cannot be read or written.
    """
    root = None
    while root is None or not _use(root):
        root = find_unpacked(name, suite) or _unpack_new(name, suite, place_of(name, suite))
    return inspect_unpacked(name, suite, root)


def _use(root: Path) -> bool:
    """Keep what is unpacked in `root` from being removed; return whether it is there."""
    handle = ROOM.share(root.name, Deadline.after(UNPACK_S, f"another process removes {root}"))
    if handle is not None:
        if root in _in_use:
            os.close(_in_use[root])
        _in_use[root] = handle
    return handle is not None


def inspect_unpacked(name: str, suite: DebianSuite, root: Path) -> Emulator:
    """Return the QEMU that is unpacked in `root`.

    Raises:
        EmulatorMissingError: it does not start, or is another version.
    """
    loader, executable = _find_loader(root), _find_program(root)
    if loader is None or executable is None:
        raise EmulatorMissingError(
            f"{name}: {root} does not contain a QEMU", remedy="name a package in the recipe that has it"
        )
    _shield_modules(root)
    libraries = ":".join(str(root / path) for path in LIBRARIES if (root / path).is_dir())
    emulator = inspect_emulator(
        name,
        (str(loader), "--library-path", libraries, str(executable)),
        executable,
        root=root,
        data=tuple(root / path for path in DATA_DIRECTORIES if (root / path).is_dir()),
        environment=[("QEMU_MODULE_DIR", str(root / MODULES))],
    )
    if not f"{emulator.version_number}.".startswith(f"{suite.version}."):
        raise EmulatorMissingError(
            f"{name}: the suite {suite.suite} has QEMU {emulator.version_number}, expected {suite.version}",
            remedy="correct the version in the recipe",
        )
    return emulator


def _unpack_new(name: str, suite: DebianSuite, place: Path) -> Path:
    """Unpack into a new directory, try every mirror in turn, and put the directory in its place when it is whole."""
    settings = load_settings()
    if settings.offline:
        raise EmulatorMissingError(f"{name} is not unpacked, and bootrig is set to be offline")
    try:
        program = require_tool("mmdebstrap")
    except ToolMissingError as error:
        raise EmulatorMissingError(f"{name} cannot be unpacked: {error}", remedy=error.remedy) from error
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return _unpack_from_any(name, suite, place, program)
    except OSError as error:
        raise describe_cache_error(error) from error


def _unpack_from_any(name: str, suite: DebianSuite, place: Path, program: Path) -> Path:
    deadline = Deadline.after(UNPACK_S, f"{name} is unpacked")
    failures = []
    for mirror in dict.fromkeys(_iter_mirrors(suite)):
        logger.info("unpacking %s from %s", name, mirror)
        with start_temporary_directory(place.parent, NEW_PREFIX) as new:
            try:
                run_process(_words(program, suite, new, mirror), deadline=deadline)
                _tidy(new)
                # what is in place has to be whole after a power cut, too
                run_process([require_tool("sync"), "--file-system", str(new)], deadline=deadline)
            except ProcessError as error:
                failures.append(f"{mirror}: {_last_error(error)}")
                continue
            # Another process may have been faster; its result is the same.
            if find_unpacked(name, suite) is None:
                remove_path(place)
                new.rename(place)
            return place
    tried = "\n  ".join(failures) or "there is no mirror to try"
    raise EmulatorMissingError(
        f"{name} is not available from any mirror:\n  {tried}",
        remedy="name a mirror of Debian with $BOOTRIG_MIRROR",
    )


def _iter_mirrors(suite: DebianSuite) -> Iterator[str]:
    """Yield the mirrors to try: the user's, apt's, the recipe's."""
    settings = load_settings()
    yield from settings.mirrors
    if settings.use_apt:
        yield from ask_apt().addresses
    yield from suite.addresses


def _words(program: Path, suite: DebianSuite, target: Path, mirror: str) -> list[str]:
    """Return the command: root only extracts as root, everyone else without chroot, which extracting does not need."""
    words = [str(program), "--variant=extract", f"--mode={'root' if os.geteuid() == 0 else 'chrootless'}"]
    words.append(f"--include={','.join(suite.packages)}")
    if not suite.check_valid_until:
        words.append('--aptopt=Acquire::Check-Valid-Until "false"')
    words += [f'--aptopt=Acquire::{scheme}::Proxy "{proxy}"' for scheme, proxy in ask_apt().proxies.items()]
    return [*words, suite.suite, str(target), mirror]


def _tidy(root: Path) -> None:
    """Remove what is not needed, and make absolute links relative: they would lead to the host's files."""
    for path in NEEDLESS:
        shutil.rmtree(root / path, ignore_errors=True)
    for directory, directories, files in os.walk(root):
        for name in (*directories, *files):
            link = Path(directory, name)
            if link.is_symlink() and link.readlink().is_absolute():
                inside = root / link.readlink().relative_to("/")
                link.unlink()
                link.symlink_to(os.path.relpath(inside, link.parent))


def _shield_modules(root: Path) -> None:
    """Keep QEMU from loading the modules of the host's QEMU.

    It looks for a module in its own directory and then, with the path compiled in, in the host's, where it fails at
    one of another build (util/module.c, `module_load_dso`). An empty file of the same name ends the search with an
    error that QEMU tolerates.
    """
    own, host = root / MODULES, Path("/", MODULES)
    if host.is_dir() and os.access(root, os.W_OK):
        own.mkdir(parents=True, exist_ok=True)
        for module in host.glob("*.so"):
            if not (own / module.name).exists():
                (own / module.name).touch()


def _last_error(error: ProcessError) -> str:
    """Return the line in which mmdebstrap or apt says what is wrong."""
    lines = [line for line in error.output.splitlines() if line.startswith(("E:", "Err"))]
    return lines[0] if lines else str(error).partition("\n")[0]
