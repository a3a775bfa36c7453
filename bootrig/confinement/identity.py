"""Who a confined process is, seen from outside of its user namespace.

An ordinary user stays who he is. Where the caller is root, what is confined is somebody to whom nothing belongs: a ROM
that gets out of the emulator, and out of everything else, is not root then. Source: user_namespaces(7).
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bootrig.confinement import kernel
from bootrig.confinement.barriers import Barrier
from bootrig.confinement.view import View

# Nothing on a machine belongs to it, and containers with a range of ids of their own have it.
UNPRIVILEGED = 65533
_SELF = Path("/proc/self")
_USER_NAMESPACE_LIMIT = Path("/proc/sys/user/max_user_namespaces")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user and a group of the machine; `lacks` says why they are not unprivileged ones, where root stays root."""

    user: int
    group: int
    lacks: str = ""

    @property
    def is_own(self) -> bool:
        """Whether it is the identity of this process."""
        return (self.user, self.group) == (os.geteuid(), os.getegid())


def find_own_identity(lacks: str = "") -> Identity:
    """Return who this process is."""
    return Identity(os.geteuid(), os.getegid(), lacks)


def choose_identity(view: View, given: Path) -> Identity:
    """Return who sees `view`: an unprivileged user where this process is root and that user may do so.

    The directory `given` will be that user's; everything else has to be open to anybody.
    """
    if os.geteuid() != 0:
        return find_own_identity()
    group = UNPRIVILEGED
    for mount in view.mounts:
        with suppress(OSError):
            status = mount.source.stat()
            if stat.S_ISCHR(status.st_mode) and not status.st_mode & stat.S_IWOTH and status.st_mode & stat.S_IWGRP:
                group = status.st_gid
            elif mount.source != given and not _is_for_anybody(status.st_mode, is_written=mount.is_writable):
                return find_own_identity(Barrier.UNPRIVILEGED_USER.because(f"{mount.source} is open to root alone"))
    return Identity(UNPRIVILEGED, group)


def _is_for_anybody(mode: int, *, is_written: bool) -> bool:
    needed = stat.S_IROTH
    if is_written or stat.S_ISCHR(mode):
        needed |= stat.S_IWOTH
    if stat.S_ISDIR(mode):
        needed |= stat.S_IXOTH
    return mode & needed == needed


def map_identity(identity: Identity, process: str = "self") -> None:
    """Make `identity` the root of a process's new user namespace.

    Raises:
        OSError: the ids are not this process's to give, or the machine forbids it; it names the file.
    """
    own = Path("/proc", process)
    if process == "self":
        _write(own / "setgroups", "deny")
    _write(own / "uid_map", f"0 {identity.user} 1")
    _write(own / "gid_map", f"0 {identity.group} 1")


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content)
    except OSError as error:
        # where the kernel refuses what is written, not the opening, the error has no file
        raise OSError(error.errno, error.strerror, str(path)) from error


def become_root_of_namespace() -> None:
    """Become the root of this user namespace, after outer root has mapped an identity; outer rights end here.

    Raises:
        OSError: nobody has mapped one.
    """
    with suppress(PermissionError):
        os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    kernel.set_dumpable()


def is_root_of_own_namespace() -> bool:
    """Whether this process is in a user namespace with one single user, as cells are."""
    with suppress(OSError, ValueError):
        words = (_SELF / "uid_map").read_text().split()
        return len(words) == 3 and words[2] == "1"
    return False


def forbid_user_namespaces() -> None:
    """Let no user namespace be made below this one, which has one single user, but while `allow_user_namespaces`.

    Where that cannot be said, the filter of system calls refuses them alone.
    """
    if is_root_of_own_namespace():
        with suppress(OSError):
            _USER_NAMESPACE_LIMIT.write_text("0")


@contextmanager
def allow_user_namespaces() -> Iterator[None]:
    """Let user namespaces be made below this one while inside."""
    if not is_root_of_own_namespace():
        yield
        return
    with suppress(OSError):
        _USER_NAMESPACE_LIMIT.write_text("64")
    try:
        yield
    finally:
        forbid_user_namespaces()


def give_tree(directory: Path, user: int, group: int) -> None:
    """Make `directory` and everything in it somebody's.

    Raises:
        OSError: this process may not.
    """
    for _, directories, files, descriptor in os.fwalk(directory):
        os.fchown(descriptor, user, group)
        for name in (*directories, *files):
            os.chown(name, user, group, dir_fd=descriptor, follow_symlinks=False)
