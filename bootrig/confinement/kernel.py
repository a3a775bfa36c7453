"""The system calls of confinement, which Python does not have.

Sources: unshare(2), setns(2), open_tree(2), move_mount(2), mount_setattr(2), pivot_root(2), prctl(2), capset(2),
close_range(2), user_namespaces(7); linux/mount.h, linux/capability.h. Numbers from 424 are the same on all machines.
"""

import ctypes
import errno
import os
import signal
import struct
from collections.abc import Mapping
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x8, 0x4000, 0x40000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 0x1, 0x2, 0x4, 0x8
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_OPEN_TREE_CLONE, _AT_RECURSIVE, _AT_EMPTY_PATH, _AT_FDCWD = 0x1, 0x8000, 0x1000, -100
_MOVE_MOUNT_F_EMPTY_PATH = 0x4
_MNT_DETACH = 2
_CLOSE_RANGE, _LAST_DESCRIPTOR = 436, 0xFFFFFFFF

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 4, 24
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_CAPABILITY_VERSION = 0x20080522
# setgroups, setresgid, setresuid
_SET_IDS: Mapping[str, tuple[int, int, int]] = {"x86_64": (116, 119, 117), "aarch64": (159, 149, 147)}
LAST_CAPABILITY = 40  # CAP_CHECKPOINT_RESTORE; a kernel that has fewer refuses to drop what it does not have

_libc = ctypes.CDLL(None, use_errno=True)
_unshare, _setns, _mount, _umount, _pivot_root = (
    _libc.unshare,
    _libc.setns,
    _libc.mount,
    _libc.umount2,
    _libc.pivot_root,
)
_prctl, _capset, _syscall = _libc.prctl, _libc.capset, _libc.syscall
_syscall.restype = ctypes.c_long
_prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def unshare(flags: int) -> None:
    """Leave the namespaces of the kinds `flags` for new ones; the PID namespace is that of later children.

    Raises:
        OSError: it is not allowed.
    """
    _check(_unshare(flags), "unshare")


def enter_namespace(descriptor: int, kind: int) -> None:
    """Enter the namespace of a kind that `descriptor` stands for: of a process, by its pidfd.

    Raises:
        OSError: it is not allowed.
    """
    _check(_setns(descriptor, kind), "setns")


def mount(source: str, target: str | Path, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mount a new file system.

    Raises:
        OSError: it is not allowed.
    """
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
    _check(_mount(*words, ctypes.c_ulong(flags), None if options is None else options.encode()), f"mount {target}")


def open_tree(path: str | Path) -> int:
    """Return a descriptor of a mount that is nowhere yet: of the file or directory `path`, with all mounted below it.

    Raises:
        OSError: there is nothing at `path`, or it is not allowed.
    """
    flags = _OPEN_TREE_CLONE | _AT_RECURSIVE | os.O_CLOEXEC
    return _check(_syscall(_OPEN_TREE, _AT_FDCWD, os.fsencode(path), ctypes.c_ulong(flags)), f"open {path}")


def set_mount_attributes(descriptor: int, attributes: int, path: str = "", *, recursive: bool = True) -> None:
    """Add attributes to the mount of `open_tree`, and to all below it; or to the one at `path`.

    Raises:
        OSError: it is not allowed.
    """
    flags = (_AT_RECURSIVE if recursive else 0) | (0 if path else _AT_EMPTY_PATH)
    packed = struct.pack("=QQQQ", attributes, 0, 0, 0)
    result = _syscall(_MOUNT_SETATTR, descriptor, os.fsencode(path), ctypes.c_ulong(flags), packed, len(packed))
    _check(result, "mount_setattr")


def move_mount(descriptor: int, target: str | Path) -> None:
    """Put the mount of `open_tree` at `target`, which exists.

    Raises:
        OSError: it is not allowed.
    """
    result = _syscall(
        _MOVE_MOUNT, descriptor, b"", _AT_FDCWD, os.fsencode(target), ctypes.c_ulong(_MOVE_MOUNT_F_EMPTY_PATH)
    )
    _check(result, f"mount {target}")


def unmount(path: str | Path) -> None:
    """Take the mount at `path` away, as soon as nobody uses it any more.

    Raises:
        OSError: nothing is mounted there, or it is not allowed.
    """
    _check(_umount(os.fsencode(path), _MNT_DETACH), f"umount {path}")


def pivot_root() -> None:
    """Make the mount at the working directory the root, and let go of the old one.

    Raises:
        OSError: EINVAL in a chroot whose root is not a mount.
    """
    _check(_pivot_root(b".", b"."), "pivot_root")
    unmount(".")


def close_range(first: int, last: int = _LAST_DESCRIPTOR) -> None:
    """Close descriptors.

    A Python that was built against an older C library (conda's, uv's) closes two billion numbers one by one instead.

    Raises:
        OSError: the kernel is older than 5.9.
    """
    _check(_syscall(_CLOSE_RANGE, ctypes.c_ulong(first), ctypes.c_ulong(last), 0), "close_range")


def _control(option: int, value: int, what: str, further: int = 0) -> None:
    _check(_prctl(option, value, further, 0, 0), what)


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that forked it ends; a change of ids undoes this.

    Raises:
        OSError: the kernel does not.
    """
    _control(_PR_SET_PDEATHSIG, int(signal.SIGKILL), "PR_SET_PDEATHSIG")


def become(user: int, group: int) -> None:
    """Change the ids of this process, whose memory may be another one's, and leave all other groups.

    Raises:
        OSError: it is not allowed, or not known for this machine (ENOSYS).
    """
    machine = os.uname().machine
    if machine not in _SET_IDS:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), "ids")
    groups, set_group, set_user = _SET_IDS[machine]
    _check(_syscall(groups, 0, None), "setgroups")
    _check(_syscall(set_group, *[group] * 3), "setresgid")
    _check(_syscall(set_user, *[user] * 3), "setresuid")


def set_dumpable() -> None:
    """Let this process own its files in /proc, which a change of ids undoes.

    Raises:
        OSError: the kernel does not.
    """
    _control(_PR_SET_DUMPABLE, 1, "PR_SET_DUMPABLE")


def set_no_new_privileges() -> None:
    """Let no program that is started from now on have more rights than this process.

    Raises:
        OSError: the kernel does not.
    """
    _control(_PR_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS")


def set_filter(program: bytes) -> None:
    """Have the kernel ask a program of the packet filter about every system call from now on.

    Raises:
        OSError: EINVAL where the kernel is built without it, or the program is empty.
    """
    content = ctypes.create_string_buffer(program, len(program))
    heading = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(content)))
    _control(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, "PR_SET_SECCOMP", ctypes.addressof(heading))


def limit_capabilities(kept: frozenset[int]) -> None:
    """Let no program that is started from now on have other capabilities than `kept`.

    Raises:
        OSError: it is not allowed.
    """
    for number in range(LAST_CAPABILITY + 1):
        if number not in kept:
            _control(_PR_CAPBSET_DROP, number, "PR_CAPBSET_DROP")


def keep_capabilities(kept: frozenset[int]) -> None:
    """Give up all capabilities of this process but some.

    Raises:
        OSError: it does not have them.
    """
    mask = sum(1 << number for number in kept)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    heading = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _check(_capset(heading, struct.pack("=6I", low, low, 0, high, high, 0)), "capset")
