"""What a test leaves behind: processes, threads, mounts and temporary files that it started and did not end.

A process whose parent has died becomes a child of the nearest subreaper (PR_SET_CHILD_SUBREAPER, prctl(2)), so that
once `adopt_orphans` was called every descendant of this process shows up among its children, however it was started.
"""

import ctypes
import os
import select
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 5.0
MOUNT_TABLE = Path("/proc/self/mountinfo")
PREFIX = "bootrig-"

# multiprocessing keeps this one for the life of the interpreter
EXEMPT_COMMANDS = ("multiprocessing.resource_tracker",)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What lived at one moment: process ids below this process, threads, mount points, temporary files of ours."""

    processes: frozenset[int]
    threads: frozenset[threading.Thread]
    mounts: frozenset[str]
    files: frozenset[Path]


def adopt_orphans() -> None:
    """Make this process the parent of all its descendants whose own parent dies."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def take_snapshot(temporary: Path, mounts_below: Path) -> Snapshot:
    """Return what lives now; `temporary` is where temporary files go, mounts count below the other directory."""
    return Snapshot(
        frozenset(_children()),
        frozenset(threading.enumerate()),
        frozenset(_mounts(mounts_below)),
        frozenset(temporary.glob(f"{PREFIX}*")),
    )


def find_leaks(before: Snapshot, temporary: Path, mounts_below: Path, grace_s: float = GRACE_S) -> list[str]:
    """Return a sentence for each thing that lives now and did not before, after having given it time to end."""
    limit_s = time.monotonic() + grace_s
    leaks = []
    for pid in _children() - before.processes:
        if any(word in _command(pid) for word in EXEMPT_COMMANDS) or _await_end(pid, limit_s):
            continue
        leaks.append(f"process {pid} still runs: {_command(pid)}")
    for thread in set(threading.enumerate()) - before.threads:
        thread.join(max(0.0, limit_s - time.monotonic()))
        if thread.is_alive():
            leaks.append(f"thread still runs: {thread.name}")
    leaks += [f"still mounted: {point}" for point in sorted(_mounts(mounts_below) - before.mounts)]
    leaks += [f"left in {temporary}: {path.name}" for path in sorted(set(temporary.glob(f"{PREFIX}*")) - before.files)]
    return leaks


def _children() -> set[int]:
    """Return the children of all threads of this process that have not ended."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found |= {int(word) for word in (task / "children").read_text().split()}
    return {pid for pid in found if not _is_dead(pid)}


def _is_dead(pid: int) -> bool:
    """Return whether a process has ended, whether or not somebody has waited for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def _await_end(pid: int, limit_s: float) -> bool:
    """Wait for a child's end until `limit_s` on the monotonic clock; return whether it has come."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], max(0.0, limit_s - time.monotonic()))[0])
    finally:
        os.close(handle)


def _command(pid: int) -> str:
    """Return a process's command line, for people."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return "?"


def _mounts(below: Path) -> set[str]:
    """Return the mount points below a directory, and those that keep a namespace alive (proc(5), mountinfo)."""
    points = set()
    for line in MOUNT_TABLE.read_text().splitlines():
        fields, _, source = line.partition(" - ")
        point = fields.split()[4]
        if source.startswith("nsfs ") or Path(point).is_relative_to(below):
            points.add(point)
    return points
