"""What a process sees of the file system, and entering it: a root directory that has nothing else.

The sources are opened before this process changes its ids, because a directory above them may be closed to the id that
it gets; they are put in their places afterwards. Source: pivot_root(2), user_namespaces(7).
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bootrig.confinement import kernel
from bootrig.confinement.barriers import Barrier

# Where the new root is put together: a directory that every machine and every view has.
_WORKBENCH = "/usr"
_ROOT_OPTIONS = "mode=0755,size=256k"
USR = Path("/usr")
NULL_DEVICE, RANDOM_DEVICE = Path("/dev/null"), Path("/dev/urandom")
# What programs look up to know who they are.
USER_FILES = (Path("/etc/passwd"), Path("/etc/group"))
DESCRIPTORS = Path("/fd")
_SYSTEM_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or directory that a process sees at its own path, or at another one; read-only unless it `is_writable`."""

    source: Path
    target: Path
    is_writable: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """All that a process sees.

    Attributes:
        mounts: files and directories of this machine.
        links: symbolic links, what they say by their paths.
        has_processes: whether there is a /proc with the processes of its PID namespace.
        has_descriptors: whether the process finds its own open files in /fd by their numbers.
    """

    mounts: tuple[Mount, ...]
    links: tuple[tuple[Path, str], ...] = ()
    has_processes: bool = False
    has_descriptors: bool = False


def see(*paths: Path, is_writable: bool = False) -> tuple[Mount, ...]:
    """Return mounts of `paths` at their own places."""
    return tuple(Mount(path, path, is_writable) for path in paths)


def see_system(root: Path = Path("/")) -> View:
    """Return a view of the programs and libraries below `root`, in the places where programs look for them.

    /dev/null is there, too, which is this machine's.
    """
    mounts, links = [Mount(root / "usr", USR), *see(NULL_DEVICE)], []
    for name in _SYSTEM_LINKS:
        path = root / name
        if path.is_symlink():
            links.append((Path("/", name), str(path.readlink())))
        elif path.is_dir():
            mounts.append(Mount(path, Path("/", name)))
    return View(tuple(mounts), tuple(links))


def see_programs(*programs: Path) -> tuple[Mount, ...]:
    """Return mounts of those programs that are not in a view of the system: PATH may name others."""
    return see(*(program for program in programs if not program.resolve().is_relative_to(USR)))


def see_users() -> tuple[Mount, ...]:
    """Return mounts of what servers ask this machine: random bytes, and who they are."""
    return see(RANDOM_DEVICE, *(file for file in USER_FILES if file.exists()))


@dataclass(frozen=True, slots=True)
class _Step:
    """One mount of a plan: a source, and its place below the new root, with the directories that lead there."""

    source: Path
    place: Path
    attributes: int
    leading: tuple[Path, ...]


class ViewPlan:
    """A view, ready to be opened and entered in few steps by a process that has just been forked."""

    def __init__(self, view: View) -> None:
        mounts = list(dict.fromkeys(view.mounts))
        if view.has_descriptors:
            mounts.append(Mount(Path("/proc/self/fd"), DESCRIPTORS, is_writable=True))
        mounts.sort(key=lambda mount: len(mount.target.parts))
        self._steps = tuple(map(_plan, mounts))
        self._links = tuple((_below(path), _lead_to(path), content) for path, content in view.links)
        self._has_processes = view.has_processes
        self._descriptors: list[int] = []

    def open(self) -> None:
        """Open the sources, with this process's id.

        Raises:
            OSError: one is missing, or may not be seen.
        """
        try:
            for step in self._steps:
                descriptor = kernel.open_tree(step.source)
                self._descriptors.append(descriptor)
                kernel.set_mount_attributes(descriptor, step.attributes)
        except BaseException:
            self._close()
            raise

    def enter(self) -> Iterator[str]:
        """Make it all that this process and its children see; yield what this machine does not allow of it.

        Raises:
            OSError: it cannot be done.
        """
        _keep_mounts_from_others()
        kernel.mount("tmpfs", _WORKBENCH, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, _ROOT_OPTIONS)
        os.chdir(_WORKBENCH)
        if self._has_processes:
            yield from _show_processes()
        for step, descriptor in zip(self._steps, self._descriptors, strict=True):
            _make_place(step, is_directory=stat.S_ISDIR(os.fstat(descriptor).st_mode))
            kernel.move_mount(descriptor, step.place)
        for link, leading, content in self._links:
            _make_directories(leading)
            link.symlink_to(content)
        kernel.set_mount_attributes(-100, kernel.MOUNT_ATTR_RDONLY, ".", recursive=False)
        try:
            kernel.pivot_root()
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            os.chroot(".")
            yield Barrier.OWN_ROOT.because("this machine's root is its first file system, which cannot be left")
        os.chdir("/")
        self._close()

    def _close(self) -> None:
        for descriptor in self._descriptors:
            with suppress(OSError):
                os.close(descriptor)
        self._descriptors = []


def _plan(mount: Mount) -> _Step:
    attributes = kernel.MOUNT_ATTR_NOSUID | (0 if mount.is_writable else kernel.MOUNT_ATTR_RDONLY)
    return _Step(mount.source, _below(mount.target), attributes, _lead_to(mount.target))


def _below(path: Path) -> Path:
    """Return an absolute path as one below the working directory."""
    return Path(str(path).lstrip("/"))


def _lead_to(path: Path) -> tuple[Path, ...]:
    """Return the directories above an absolute path, outermost first, as paths below the working directory."""
    return tuple(_below(parent) for parent in reversed(path.parents) if parent.name)


def _make_place(step: _Step, *, is_directory: bool) -> None:
    _make_directories(step.leading)
    with suppress(FileExistsError):
        if is_directory:
            step.place.mkdir()
        else:
            step.place.touch(exist_ok=False)


def _make_directories(paths: Sequence[Path]) -> None:
    for path in paths:
        with suppress(FileExistsError):
            path.mkdir()


def _keep_mounts_from_others() -> None:
    """Let no mount of this mount namespace appear in another one.

    In a chroot whose root is not a mount that cannot be said; then this process goes to the root of its mount namespace
    first, which it is about to leave for a new one.
    """
    private = kernel.MS_REC | kernel.MS_PRIVATE
    try:
        kernel.mount("none", "/", None, private)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        _leave_chroot()
        kernel.mount("none", "/", None, private)


def _leave_chroot() -> None:
    """Make the root of the mount namespace this process's root (chroot(2) tells the way)."""
    inside = os.open("/", os.O_PATH | os.O_CLOEXEC)
    os.chroot(_WORKBENCH)
    os.fchdir(inside)
    os.close(inside)
    while not Path("..").samefile("."):
        os.chdir("..")
    os.chroot(".")


def _show_processes() -> Iterator[str]:
    """Mount the PID namespace's own /proc; a container that masks its own allows only that one to be shown."""
    Path("proc").mkdir()
    try:
        kernel.mount("proc", "proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    except OSError:
        with suppress(OSError):
            kernel.move_mount(kernel.open_tree("/proc"), "proc")
        yield Barrier.OWN_PROC.because("this container masks its own")
