"""The filter of system calls, run by an interpreter of the kernel's packet filter."""

import errno
import os
import socket
import struct

import pytest

from bootrig.confinement.filter import make_filter

ALLOW, KILL = 0x7FFF0000, 0x80000000
X86, ARM = 0xC000003E, 0xC00000B7
THREAD = 0x003D0F00  # what the C library gives to clone for a thread
CHILD = 17


def ask(program: bytes, number: int, *arguments: int, machine: int = X86) -> int:
    """Return what the filter says of a system call: an error's number, 0 where it is allowed, -1 where it kills."""
    words = [argument & 0xFFFFFFFFFFFFFFFF for argument in (*arguments, *[0] * 6)][:6]
    data = struct.pack("=IIQ6Q", number, machine, 0, *words)
    value = at = 0
    while True:
        code, if_true, if_false, constant = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        match code:
            case 0x20:
                (value,) = struct.unpack_from("=I", data, constant)
            case 0x15:
                at += if_true if value == constant else if_false
            case 0x35:
                at += if_true if value >= constant else if_false
            case 0x45:
                at += if_true if value & constant else if_false
            case 0x06:
                return {ALLOW: 0, KILL: -1}.get(constant, constant & 0xFFFF)
            case _:
                raise AssertionError(f"{code:#x} is not in use")


@pytest.mark.parametrize(("machine", "audit", "numbers"), [("x86_64", X86, (41, 53)), ("aarch64", ARM, (198, 199))])
def test_sockets_of_four_families(machine: str, audit: int, numbers: tuple[int, ...]) -> None:
    program = make_filter(may_fork=False, machine=machine)
    for number in numbers:
        for family in range(46):
            is_left = family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
            assert ask(program, number, family, machine=audit) == (0 if is_left else errno.EAFNOSUPPORT), family


@pytest.mark.parametrize(
    ("name", "x86", "arm"),
    [
        ("bpf", 321, 280),
        ("io_uring_setup", 425, 425),
        ("keyctl", 250, 219),
        ("perf_event_open", 298, 241),
        ("userfaultfd", 323, 282),
        ("unshare", 272, 97),
        ("mount", 165, 40),
    ],
)
def test_what_is_refused(name: str, x86: int, arm: int) -> None:
    for machine, audit, number in (("x86_64", X86, x86), ("aarch64", ARM, arm)):
        assert ask(make_filter(may_fork=True, machine=machine), number, machine=audit) == errno.EPERM, name


@pytest.mark.parametrize(("number", "what"), [(0, "read"), (1, "write"), (16, "ioctl"), (59, "execve"), (202, "futex")])
def test_what_is_left(number: int, what: str) -> None:
    assert ask(make_filter(may_fork=False, machine="x86_64"), number) == 0, what


def test_threads_are_left_and_processes_where_they_may() -> None:
    for may_fork in (True, False):
        program = make_filter(may_fork=may_fork, machine="x86_64")
        assert ask(program, 56, THREAD) == 0
        assert [ask(program, 56, CHILD), ask(program, 57), ask(program, 58)] == [0 if may_fork else errno.EPERM] * 3
        assert ask(program, 56, CHILD | 0x10000000) == errno.EPERM  # with a user namespace
        assert ask(program, 435) == errno.ENOSYS  # clone3


def test_other_machines_programs_are_killed() -> None:
    program = make_filter(may_fork=True, machine="x86_64")
    assert ask(program, 0, machine=0x40000003) == -1  # of 32 bits
    assert ask(program, 0x40000000) == errno.EPERM  # x32
    assert make_filter(may_fork=True, machine="riscv64") == b""


def test_this_machine_is_known() -> None:
    assert bool(make_filter(may_fork=True)) is (os.uname().machine in ("x86_64", "aarch64"))
