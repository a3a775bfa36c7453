"""What a program tries that has taken over QEMU or a server, run in that program's place by the machine's own Python.

Its arguments are a JSON object of what there is on the machine. For each way it prints a JSON array: its name, and what
came of it, empty where it was refused.
"""

import contextlib
import ctypes
import json
import mmap
import os
import resource
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

HOST = json.loads(sys.argv[1]) if __name__ == "__main__" else {}
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
X86 = os.uname().machine == "x86_64"


def call(number: int, *arguments: object) -> str:
    """Make a system call by its number; returns what it did."""
    result = LIBC.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return f"system call {number} gave {result}"


def library(name: str, *arguments: object) -> str:
    """Call the C library; returns what it did."""
    if getattr(LIBC, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return f"{name} worked"


def write(path: str) -> str:
    """Write a file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    return f"{path} is open as {descriptor}"


def read(path: str) -> str:
    """Read a file."""
    return f"{path} begins with {Path(path).read_bytes()[:8]!r}"


def connect(family: int, address: object) -> str:
    """Connect to a server of the machine."""
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        client.connect(address)
        return f"connected to {address!r}"


def make_socket(family: int, kind: int, protocol: int = 0) -> str:
    """Make a socket."""
    with socket.socket(family, kind, protocol) as made:
        return f"{made}"


def bind(port: int) -> str:
    """Take a port."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        return f"port {port}"


def find_processes() -> str:
    """Look for processes that can be signalled; this program is the first of its namespace."""
    found = []
    for number in range(2, 4096):
        with contextlib.suppress(OSError):
            if number != os.getpid():
                os.kill(number, 0)
                found.append(number)
    return f"processes {found}" if found else ""


def fork() -> str:
    """Fork."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return "forked"


def find_descriptors() -> str:
    """Look for what was inherited and is not this program's."""
    found = []
    for number in range(3, 1024):
        with contextlib.suppress(OSError):
            os.fstat(number)
            if number not in HOST["own_descriptors"]:
                found.append(number)
    return f"descriptors {found}" if found else ""


def fill_file() -> str:
    """Write behind the end that files have."""
    descriptor = os.open(HOST["own_file"], os.O_WRONLY | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        stream.seek(HOST["file_length"])
        stream.write(b"x")
    return "a file grew"


def take_memory() -> str:
    """Map more memory than there is for it."""
    with mmap.mmap(-1, HOST["memory"]) as taken:
        return f"{len(taken)} bytes"


def raise_limit() -> str:
    """Have more processes."""
    resource.setrlimit(resource.RLIMIT_NPROC, (1 << 20, 1 << 20))
    return f"{resource.getrlimit(resource.RLIMIT_NPROC)}"


def gain_rights() -> str:
    """Look whether a program that belongs to somebody else would give its rights."""
    return "" if LIBC.prctl(39, 0, 0, 0, 0) == 1 else "no_new_privs is not set"


def find_capabilities() -> str:
    """Look for rights beside those that are needed."""
    data = (ctypes.c_uint32 * 6)()
    LIBC.capget((ctypes.c_uint32 * 2)(0x20080522, 0), data)
    more = (data[0] | data[1] | data[3] << 32 | data[4] << 32) & ~sum(1 << bit for bit in HOST["capabilities"])
    return f"capabilities {more:#x}" if more else ""


def set_priority() -> str:
    """Come before others."""
    os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) - 1)
    return "a higher priority"


WAYS: dict[str, Callable[[], str]] = {
    **{f"write {path}": lambda path=path: write(path) for path in HOST.get("not_written", ())},
    **{f"read {path}": lambda path=path: read(path) for path in HOST.get("not_read", ())},
    "make a device": lambda: os.mknod(HOST["node"], 0o60600, os.makedev(8, 0)) or "made",
    "mount": lambda: library("mount", b"none", b"/usr", b"tmpfs", 0, None),
    "chroot": lambda: os.chroot("/usr") or "done",
    "a user namespace": lambda: library("unshare", 0x10000000),
    "a mount namespace": lambda: library("unshare", 0x00020000),
    "a user namespace by clone": lambda: call(56 if X86 else 220, 0x10000000 | 17, None, None, None, None),
    "a user namespace by clone3": lambda: call(435, None, 0),
    "see processes": find_processes,
    "trace the first process": lambda: call(101 if X86 else 117, 16, 1, None, None),
    "look into the first process": lambda: call(310 if X86 else 270, 1, None, 0, None, 0, 0),
    "the machine's TCP server": lambda: connect(socket.AF_INET, ("127.0.0.1", HOST["port"])),
    "the machine's abstract socket": lambda: connect(socket.AF_UNIX, HOST["abstract"].encode()),
    "the machine's named socket": lambda: connect(socket.AF_UNIX, HOST["named"]),
    "the hypervisor": lambda: make_socket(socket.AF_VSOCK, socket.SOCK_STREAM),
    "frames": lambda: make_socket(socket.AF_PACKET, socket.SOCK_RAW),
    "the kernel's ciphers": lambda: make_socket(socket.AF_ALG, socket.SOCK_SEQPACKET),
    "descriptors": find_descriptors,
    "a long file": fill_file,
    "memory": take_memory,
    "more processes": raise_limit,
    "another user": lambda: os.setuid(65534) or "done",
    "another group": lambda: os.setgid(65534) or "done",
    "groups": lambda: os.setgroups([0]) or "done",
    "rights of programs": gain_rights,
    "capabilities": find_capabilities,
    "a priority": set_priority,
    "a scheduler": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)) or "done",
    "the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()) or "done",
    "the name of the machine": lambda: socket.sethostname("escaped") or "done",
    "bpf": lambda: call(321 if X86 else 280, 0, None, 0),
    "io_uring": lambda: call(425, 1, ctypes.create_string_buffer(120)),
    "keys": lambda: call(250 if X86 else 219, 0, -3, 1),
    "performance counters": lambda: call(298 if X86 else 241, ctypes.create_string_buffer(128), 0, -1, -1, 0),
    "userfaultfd": lambda: call(323 if X86 else 282, 1),
}
# What dnsmasq needs for its work.
QEMU_ONLY: dict[str, Callable[[], str]] = {
    "fork": fork,
    "raw packets": lambda: make_socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "a low port": lambda: bind(80),
}


def main() -> None:
    """Try everything."""
    for name, way in {**WAYS, **(QEMU_ONLY if HOST["is_qemu"] else {})}.items():
        try:
            done = way()
        except (OSError, ValueError, OverflowError, MemoryError):
            done = ""
        print(json.dumps([name, done]), flush=True)


if __name__ == "__main__":
    main()
