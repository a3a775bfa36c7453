"""The prefixes of a run: open, kept in the cache, damaged there, bound to each other, refused."""

import os
from pathlib import Path

import pytest

from bootrig.emulator.guest.memory import is_sealed, make_memory_file, seal
from bootrig.schedule.shelf import ROOM, Place, start_shelf
from bootrig.workdir import CACHE_VARIABLE

LENGTH = 1 << 20


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


def make_prefix() -> tuple[int, int, int]:
    found = []
    for length, offset, content in ((LENGTH, 8192, b"memory"), (0, 0, b"state"), (0, 0, b"told")):
        descriptor = make_memory_file(length)
        os.pwrite(descriptor, content, offset)
        seal(descriptor)
        found.append(descriptor)
    memory, state, told = found
    return memory, state, told


def test_what_one_run_has_made_the_next_one_reads() -> None:
    with start_shelf() as shelf:
        assert shelf.look("key") is Place.NOWHERE
        shelf.begin("key")
        assert shelf.look("key") is Place.IN_THE_MAKING
        shelf.put("key", make_prefix())
        assert shelf.look("key") is Place.OPEN
    with start_shelf() as shelf:
        assert shelf.has("key")
        found = shelf.find("key")
        assert found is not None
        assert all(map(is_sealed, found))
        assert os.fstat(found[0]).st_size == LENGTH
        assert [os.pread(found[0], 6, 8192), os.pread(found[1], 9, 0), os.pread(found[2], 9, 0)] == [
            b"memory",
            b"state",
            b"told",
        ]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(found[0])


def test_a_damaged_one_is_made_anew() -> None:
    with start_shelf() as shelf:
        shelf.put("key", make_prefix())
    path = ROOM.path_of("key")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with start_shelf() as shelf:
        assert shelf.look("key") is Place.NOWHERE


def test_a_refusal_is_told_once_and_not_tried_again() -> None:
    told: list[str] = []
    with start_shelf(told.append) as shelf:
        for key in ("first", "second"):
            shelf.refuse(key, f"{key}: QEMU does not freeze a guest")
            assert shelf.look(key) is Place.FAILED
            assert shelf.find(key) is None
    assert told == ["first: QEMU does not freeze a guest"]


def test_bound_ones_are_used_together_or_not_at_all() -> None:
    with start_shelf() as shelf:
        shelf.bind(["baseline", "candidate"])
        shelf.put("baseline", make_prefix())
        assert shelf.look("baseline") is Place.IN_THE_MAKING
        shelf.refuse("candidate", "no")
        assert shelf.look("baseline") is Place.FAILED
        assert shelf.find("baseline") is None
