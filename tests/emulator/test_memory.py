"""The memory of a frozen guest: a file of holes and data that nobody can change."""

import mmap
import os
from pathlib import Path

import pytest

from bootrig.confinement.limits import MIB
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.guest.memory import add_memory, is_sealed, iter_extents, make_memory_file, seal


def test_extents_are_what_was_written() -> None:
    descriptor = make_memory_file(4 * MIB)
    try:
        assert list(iter_extents(descriptor)) == []
        page = os.sysconf("SC_PAGE_SIZE")
        for offset in (0, MIB, 4 * MIB - page):
            os.pwrite(descriptor, b"x" * page, offset)
        assert list(iter_extents(descriptor)) == [(0, page), (MIB, page), (4 * MIB - page, page)]
    finally:
        os.close(descriptor)


def test_what_is_sealed_nobody_changes() -> None:
    descriptor = make_memory_file(MIB)
    try:
        os.pwrite(descriptor, b"kept", 0)
        assert not is_sealed(descriptor)
        with mmap.mmap(descriptor, MIB), pytest.raises(OSError, match="busy"):
            seal(descriptor)
        seal(descriptor)
        assert is_sealed(descriptor)
        for change in (lambda: os.pwrite(descriptor, b"lost", 0), lambda: os.ftruncate(descriptor, 0)):
            with pytest.raises(PermissionError):
                change()
        with pytest.raises(PermissionError):
            mmap.mmap(descriptor, MIB)
        with mmap.mmap(descriptor, MIB, access=mmap.ACCESS_COPY) as own:
            own[:4] = b"mine"
        assert os.pread(descriptor, 4, 0) == b"kept"
    finally:
        os.close(descriptor)


def test_a_file_of_a_directory_is_not_sealed(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as stream:
        assert not is_sealed(stream.fileno())


def test_memory_of_a_guest() -> None:
    definition = add_memory(MachineDefinition(memory_mib=64), Path("/fd/7"), is_shared=False)
    (backend,) = definition.parts
    assert definition.machine_options["memory-backend"] == backend.id
    assert backend.properties == {"size": 64 * MIB, "mem-path": "/fd/7", "share": False}
