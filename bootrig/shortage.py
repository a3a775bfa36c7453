"""What this machine, or a limit on this process, was short of: told by what failed, with what helps."""

import errno
import resource
from contextlib import suppress
from pathlib import Path

VMSTAT = Path("/proc/vmstat")
OPEN_FILES = 4096
MEMORY_REMEDY = "free some memory, or run fewer cells at a time with -j"
# What QEMU and its libraries print where they get no memory.
MEMORY_WORDS = ("jit buffer", "Cannot allocate memory", "cannot set up guest memory", "failed to map segment")


def find_remedy(error: OSError, remedy: str = "") -> str:
    """Return what helps against an error of the operating system: `remedy` where it is not one of a shortage."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        whose = f"ulimit -n {wanted}" if wanted > soft else "as root: ulimit -n 4096"
        return f"raise the limit of {soft} open files: {whose}"
    if error.errno == errno.ENOMEM:
        return find_memory_remedy()
    return remedy


def find_memory_remedy() -> str:
    """Return what helps where memory could not be allocated: a limit is raised, or memory freed."""
    for limit, name, option in ((resource.RLIMIT_AS, "address space", "v"), (resource.RLIMIT_DATA, "data", "d")):
        soft = resource.getrlimit(limit)[0]
        if soft != resource.RLIM_INFINITY:
            return f"raise the limit of {soft >> 10} KiB of {name}: ulimit -{option} unlimited"
    return MEMORY_REMEDY


def find_output_remedy(output: str) -> str:
    """Return what helps where a program's output says that it got no memory; empty where it does not."""
    return find_memory_remedy() if any(word in output for word in MEMORY_WORDS) else ""


def count_memory_kills() -> int:
    """Return how many processes the kernel has killed for want of memory (proc(5), `oom_kill`); 0 where unknown."""
    with suppress(OSError):
        for line in VMSTAT.read_text().splitlines():
            name, _, number = line.partition(" ")
            if name == "oom_kill":
                return int(number)
    return 0
