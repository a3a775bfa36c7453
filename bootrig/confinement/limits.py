"""How much of the machine a process may take."""

import resource
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20
# What the kernel ends first where memory is short: 0 for any process, 1000 for the very first.
OUT_OF_MEMORY_SCORE = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one process: its memory and the files that it writes in bytes, and what its user has in processes.

    Threads count as processes, those of further namespaces below the process's own count too. Without a `file_length`
    files have no limit.
    """

    address_space: int
    processes: int = 128
    open_files: int = 256
    file_length: int | None = 256 * MIB

    def apply(self) -> None:
        """Limit this process, and let the kernel end it first where memory is short."""
        for kind, limit in (
            (resource.RLIMIT_AS, self.address_space),
            (resource.RLIMIT_NPROC, self.processes),
            (resource.RLIMIT_NOFILE, self.open_files),
            (resource.RLIMIT_FSIZE, self.file_length),
            (resource.RLIMIT_CORE, 0),
        ):
            _, most = resource.getrlimit(kind)
            if limit is not None:
                value = limit if most == resource.RLIM_INFINITY else min(limit, most)
                resource.setrlimit(kind, (value, value))


def make_first_victim() -> None:
    """Let the kernel end this process first where memory is short; without a /proc it stays as it is."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OUT_OF_MEMORY_SCORE))
