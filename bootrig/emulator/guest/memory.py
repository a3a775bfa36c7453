"""A guest's memory as a file that is in no directory: a memfd, which clones of a guest share and cannot change.

Sources: memfd_create(2), fcntl(2) (F_ADD_SEALS), lseek(2) (SEEK_DATA), backends/hostmem-file.c of QEMU.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bootrig.confinement.limits import MIB
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.parts import QomObject

MEMORY_ID = "prefix-ram"
SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


def make_memory_file(length: int) -> int:
    """Return the descriptor of a new memfd of so many bytes, all of them holes; QEMU takes one that has its length."""
    descriptor = os.memfd_create("bootrig", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, length)
    return descriptor


def seal(descriptor: int) -> None:
    """Let nobody change a memfd any more.

    Raises:
        OSError: EBUSY while somebody maps it shared, as a QEMU does whose memory it is.
    """
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, SEALS)


def is_sealed(descriptor: int) -> bool:
    """Whether a descriptor is that of a memfd that nobody can change."""
    try:
        return fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) & SEALS == SEALS
    except OSError:
        return False


def iter_extents(descriptor: int) -> Iterator[tuple[int, int]]:
    """Yield offset and length of what was written to a file, which is mostly holes."""
    end, length = 0, os.fstat(descriptor).st_size
    while end < length:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, end - start


def add_memory(definition: MachineDefinition, path: Path, *, is_shared: bool) -> MachineDefinition:
    """Return `definition` with the file `path` as its memory.

    What the guest writes goes into the file where it `is_shared`, else into pages of its own.
    """
    backend = QomObject(
        "memory-backend-file",
        MEMORY_ID,
        {"size": definition.memory_mib * MIB, "mem-path": str(path), "share": is_shared},
    )
    options = {**definition.machine_options, "memory-backend": MEMORY_ID}
    return replace(definition, machine_options=options, parts=(backend, *definition.parts))
