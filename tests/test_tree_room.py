"""Directories of the cache: in use they stay, and what goes is gone at once."""

import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from bootrig.cache import CacheError
from bootrig.deadline import Deadline, DeadlineError
from bootrig.tree_room import TreeRoom
from bootrig.workdir import NEW_PREFIX

ROOM = TreeRoom("trees", limit=100)


def soon() -> Deadline:
    return Deadline.after(0.2, "somebody else uses it")


def long() -> Deadline:
    return Deadline.after(20.0, "somebody else uses it")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOOTRIG_CACHE", str(tmp_path))
    return tmp_path


def fill(name: str, length: int, age_s: float) -> Path:
    """Make an entry that was used so long ago."""
    with ROOM.hold(name, soon()) as path:
        (path / "inner").mkdir(exist_ok=True)
        (path / "inner" / "file").write_bytes(bytes(length))
    used_s = time.time() - age_s
    os.utime(path, (used_s, used_s))
    return path


def names() -> list[str]:
    return [entry.path.name for entry in ROOM.entries()]


def test_an_entry_has_a_length_and_a_last_use() -> None:
    path = fill("a", 30, 1000)
    (entry,) = ROOM.entries()
    assert (entry.path, entry.length) == (path, 30)
    assert entry.used_s == path.stat().st_mtime
    handle = ROOM.share("a", soon())
    assert handle is not None
    os.close(handle)
    assert time.time() - ROOM.entries()[0].used_s < 100
    assert ROOM.share("none", soon()) is None


def test_what_was_used_least_recently_goes_where_there_is_too_much() -> None:
    for name, age_s in (("old", 300), ("older", 400), ("new", 100)):
        fill(name, 40, age_s)
    assert names() == ["old", "new"]
    fill("old", 40, 50)
    fill("newest", 40, 0)
    assert names() == ["old", "newest"]


def test_what_was_not_used_for_long_goes() -> None:
    fill("old", 1, 91 * 86400)
    fill("new", 1, 0)
    assert names() == ["new"]


def test_what_is_in_use_stays() -> None:
    fill("shared", 80, 500)
    handle = ROOM.share("shared", soon())
    assert handle is not None
    os.utime(handle, (1, 1))
    with ROOM.hold("held", soon()) as path:
        (path / "file").write_bytes(bytes(80))
        fill("other", 80, 0)
        assert {"shared", "held"} <= set(names())
        assert [ROOM.remove(entry) for entry in ROOM.entries() if entry.path.name != "other"] == [False, False]
        with pytest.raises(DeadlineError, match="somebody else uses it"), ROOM.hold("shared", soon()):
            pass
        with pytest.raises(DeadlineError):
            ROOM.share("held", soon())
    os.close(handle)
    assert all([ROOM.remove(entry) for entry in ROOM.entries()])
    assert names() == []


def test_whoever_waits_for_what_is_removed_gets_a_new_one() -> None:
    path = fill("a", 10, 0)
    with ROOM.hold("a", soon()):
        found: list[list[Path]] = []

        def hold() -> None:
            with ROOM.hold("a", long()) as again:
                found.append(list(again.iterdir()))

        waiting = threading.Thread(target=hold)
        waiting.start()
        time.sleep(0.1)
        shutil.rmtree(path)
    waiting.join()
    assert found == [[]]
    assert path.is_dir()


def test_what_is_no_directory_is_replaced(cache: Path) -> None:
    ROOM.directory.mkdir()
    for name, make in (("file", Path.touch), ("link", lambda path: path.symlink_to(cache))):
        make(ROOM.directory / name)
        assert ROOM.share(name, soon()) is None
        with ROOM.hold(name, soon()) as path:
            assert list(path.iterdir()) == []
        (ROOM.directory / f"{name}2").symlink_to(cache)
    assert all(ROOM.remove(entry) for entry in ROOM.entries())
    assert cache.is_dir()
    shutil.rmtree(ROOM.directory)
    ROOM.directory.touch()
    with pytest.raises(CacheError, match="cannot be used"), ROOM.hold("a", soon()):
        pass


def test_what_a_killed_removal_has_left_is_no_entry_and_goes() -> None:
    left = ROOM.directory / f"{NEW_PREFIX}a"
    left.mkdir(parents=True)
    assert names() == []
    fill("b", 1, 0)
    assert not left.exists()
