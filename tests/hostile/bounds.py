"""What a boot may take of its host, whatever the guest does."""

from pathlib import Path

from bootrig.trace.trace import Trace

# The most that the process that watches a guest may take, and that the directory of a boot may hold.
MEMORY_LIMIT = DISK_LIMIT = 100 << 20


def require_small(trace: Trace, run_directory: Path) -> None:
    """Check that a boot took neither the memory nor the disk, and that its servers live."""
    assert [service.alive for service in trace.services] == [True] * len(trace.services)
    assert trace.usage["rig_memory_bytes"] < MEMORY_LIMIT
    directory = run_directory / trace.directory
    assert sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()) < DISK_LIMIT
