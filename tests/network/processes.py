"""What is alive on this machine, for tests that assert that nothing is left."""

import time
from pathlib import Path


def children_of(pid: int) -> set[int]:
    """Return the processes below `pid`, at any depth."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if words[0] != "Z":
            parents[int(status.parent.name)] = int(words[1])
    found: set[int] = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in found} - found
        if not more:
            return found - {pid}
        found |= more


def await_gone(pids: set[int]) -> None:
    """Wait until none of the processes lives."""
    for _ in range(500):
        alive = {pid for pid in pids if _lives(pid)}
        if not alive:
            return
        time.sleep(0.01)
    raise AssertionError(f"still alive: {alive}")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def open_descriptors() -> set[str]:
    """Return what this process has open."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.add(f"{entry.name} {entry.readlink()}")
        except OSError:
            continue
    return found
