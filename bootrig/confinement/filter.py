"""A filter of system calls: which a confined process cannot make, whatever it becomes.

Sockets are left in four families: AF_VSOCK, for one, reaches the hypervisor that the machine itself runs in. What the
kernel has for tracing, keys, programs of its own and new mounts, no server and no emulator needs.

Sources: seccomp(2), linux/seccomp.h, linux/filter.h, linux/audit.h, asm/unistd.h of the two machines.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator, Mapping

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_X32_BIT = 0x40000000
CLONE_THREAD = 0x00010000
# CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET
_NEW_NAMESPACES = 0x7E020000

FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
# Of uname(2): the machine's number in audit records, and its numbers of system calls.
_AUDIT: Mapping[str, int] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_REFUSED: Mapping[str, tuple[int, int]] = {
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "open_by_handle_at": (304, 265),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "chroot": (161, 51),
}
_SOCKET: Mapping[str, tuple[int, ...]] = {"x86_64": (41, 53), "aarch64": (198, 199)}  # and socketpair
_CLONE: Mapping[str, int] = {"x86_64": 56, "aarch64": 220}
_FORK: Mapping[str, tuple[int, ...]] = {"x86_64": (57, 58), "aarch64": ()}  # fork, vfork
# Its flags are in memory, where a filter cannot look; the C library takes clone where there is none.
_CLONE3 = 435


def make_filter(*, may_fork: bool, machine: str = "") -> bytes:
    """Return the filter as a program for the kernel; empty where it is not known for the machine (default: this one).

    What is refused fails with EPERM, sockets of other families with EAFNOSUPPORT; a program for another kind of machine
    is killed. Threads can be made, other processes where `may_fork`.
    """
    machine = machine or os.uname().machine
    if machine not in _AUDIT:
        return b""
    column = tuple(_AUDIT).index(machine)
    lines: list[bytes] = [
        _line(_LOAD, _MACHINE_AT),
        _line(_JUMP_EQUAL, _AUDIT[machine], 1, 0),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER_AT),
    ]
    if machine == "x86_64":
        lines += [_line(_JUMP_AT_LEAST, _X32_BIT, 0, 1), _line(_RETURN, _ERROR | errno.EPERM)]
    for numbers in _REFUSED.values():
        lines += _refuse(numbers[column], errno.EPERM)
    for number in () if may_fork else _FORK[machine]:
        lines += _refuse(number, errno.EPERM)
    lines += _refuse(_CLONE3, errno.ENOSYS)
    lines += _iter_clone_lines(_CLONE[machine], may_fork=may_fork)
    for number in _SOCKET[machine]:
        families = [_line(_JUMP_EQUAL, family, len(FAMILIES) - index, 0) for index, family in enumerate(FAMILIES)]
        check = [_line(_LOAD, _FIRST_ARGUMENT_AT), *families, _line(_RETURN, _ERROR | errno.EAFNOSUPPORT)]
        lines += [_line(_JUMP_EQUAL, number, 0, len(check) + 1), *check, _line(_RETURN, _ALLOW)]
    return b"".join([*lines, _line(_RETURN, _ALLOW)])


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(number: int, error: int) -> tuple[bytes, bytes]:
    return _line(_JUMP_EQUAL, number, 0, 1), _line(_RETURN, _ERROR | error)


def _iter_clone_lines(number: int, *, may_fork: bool) -> Iterator[bytes]:
    check = [_line(_LOAD, _FIRST_ARGUMENT_AT), _line(_JUMP_ANY_BIT, _NEW_NAMESPACES, 0, 1)]
    check.append(_line(_RETURN, _ERROR | errno.EPERM))
    if not may_fork:
        check += [_line(_JUMP_ANY_BIT, CLONE_THREAD, 1, 0), _line(_RETURN, _ERROR | errno.EPERM)]
    yield _line(_JUMP_EQUAL, number, 0, len(check) + 1)
    yield from check
    yield _line(_RETURN, _ALLOW)
