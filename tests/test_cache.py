"""Results that are kept by their key: made once, made anew whatever has become of their files."""

import errno
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bootrig import cache
from bootrig.cache import CacheError, Entry, Room, choose_unused
from bootrig.errors import RigError
from bootrig.store.settings import FetchSettings, load_settings
from bootrig.workdir import NEW_PREFIX, cache_directory

ROOM = Room("room", 1)
CONTENT = b'{"works": true}'


def never() -> bytes:
    pytest.fail("made again")


def test_content_is_made_once() -> None:
    assert ROOM.obtain(["bios", 1], lambda: b"content") == b"content"
    assert ROOM.path_of(["bios", 1]).parent == cache_directory() / "room"
    assert ROOM.obtain(["bios", 1], never) == b"content"
    assert ROOM.find(["efi", 1]) is None
    assert Room("others", 1).find(["bios", 1]) is None
    assert Room("room", 2).find(["bios", 1]) is None


def test_another_version_of_bootrig_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ROOM.keep("key", b"content")
    monkeypatch.setattr(cache, "__version__", "99")
    assert ROOM.find("key") is None


def flip(offset: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[offset] ^= 0x10
        path.write_bytes(content)

    return damage


def put(content: bytes) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.write_bytes(content)

    return damage


def instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def make_directory(path: Path) -> None:
    (path / "inner").mkdir(parents=True)
    (path / "inner" / "file").touch()


def swap(path: Path) -> None:
    """Let the entry of another key have this one's name."""
    ROOM.keep("another", CONTENT)
    ROOM.path_of("another").replace(path)


def make_long(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(cache.LENGTH_LIMIT + 1)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty": put(b""),
    "cut in half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "cut by a byte": lambda path: os.truncate(path, path.stat().st_size - 1),
    "the header alone": lambda path: os.truncate(path, cache.HEADER_LENGTH),
    "a byte more": lambda path: put(path.read_bytes() + b"\0")(path),
    "a bit of the header": flip(0),
    "a bit of the digest": flip(cache.HEADER_LENGTH - 2),
    "a bit of the content": flip(cache.HEADER_LENGTH),
    "the last bit": flip(-1),
    "zeros, as after a power cut": lambda path: put(bytes(path.stat().st_size))(path),
    "other bytes": put(b"\x80other\xff" * 100),
    "other JSON": put(b'{"version": 5, "digest": [1]}'),
    "nested arrays": put(b"[" * 100_000),
    "content without a header": put(CONTENT),
    "another entry": swap,
    "a long file": make_long,
    "a directory": instead(make_directory),
    "a link to a device": instead(lambda path: path.symlink_to("/dev/zero")),
    "a link to nothing": instead(lambda path: path.symlink_to("nothing")),
    "a link to itself": instead(lambda path: path.symlink_to(path.name)),
    "a link to a directory": instead(lambda path: path.symlink_to(path.parent.parent)),
    "a named pipe": instead(os.mkfifo),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_damaged_is_removed_and_made_anew(damage: Callable[[Path], None]) -> None:
    ROOM.keep("key", CONTENT)
    path, foreign = ROOM.path_of("key"), cache_directory() / "file"
    foreign.touch()
    damage(path)
    assert ROOM.find("key") is None
    assert not os.path.lexists(path)
    ROOM.keep("key", CONTENT)
    damage(path)
    assert ROOM.obtain("key", lambda: CONTENT) == CONTENT
    assert ROOM.obtain("key", never) == CONTENT
    assert foreign.exists()


def test_what_may_not_be_read_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so the refusal is played."""
    ROOM.keep("key", CONTENT)

    def refuse(path: Path, _flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr("bootrig.cache.os.open", refuse)
        assert ROOM.find("key") is None
    assert not ROOM.path_of("key").exists()


def test_values() -> None:
    assert ROOM.find_value({"a": 1, "b": 2}) is None
    assert ROOM.obtain_value({"a": 1, "b": 2}, lambda: {"works": (True, None)}) == {"works": [True, None]}
    assert ROOM.obtain_value({"b": 2, "a": 1}, never) == {"works": [True, None]}
    ROOM.keep_value({"a": 1, "b": 2}, "another")
    assert ROOM.find_value({"a": 1, "b": 2}) == "another"
    assert len(list((cache_directory() / "room").iterdir())) == 1


def test_what_is_not_used_for_long_goes() -> None:
    used, unused = ROOM.path_of("used"), ROOM.path_of("unused")
    ROOM.keep("used", CONTENT)
    ROOM.keep("unused", CONTENT)
    long_ago = time.time() - cache.UNUSED_S - 60
    for path in (used, unused):
        os.utime(path, (long_ago, long_ago))
    assert ROOM.find("used") == CONTENT
    ROOM.keep("new", CONTENT)
    assert used.exists()
    assert not unused.exists()


def use(key: str, seconds_ago: float) -> Path:
    ROOM.keep(key, CONTENT)
    path = ROOM.path_of(key)
    os.utime(path, (time.time() - seconds_ago,) * 2)
    return path


def test_what_was_used_least_recently_goes_first() -> None:
    paths = [use(key, seconds_ago) for key, seconds_ago in (("a", 300), ("b", 9000), ("c", 100))]
    length = paths[0].stat().st_size
    small = Room("room", 1, limit=3 * length)
    assert ROOM.find("b") == CONTENT
    small.keep("d", CONTENT)
    assert [path.exists() for path in paths] == [False, True, True]
    assert sorted(entry.length for entry in small.entries()) == [length] * 3


def test_what_is_on_its_way_is_no_entry() -> None:
    assert ROOM.entries() == ()
    path = use("a", 0)
    (path.parent / f"{NEW_PREFIX}x").touch()
    assert [entry.path for entry in ROOM.entries()] == [path]


@pytest.mark.parametrize(
    ("limit", "age_s", "chosen"), [(100, 1e9, ""), (30, 1e9, ""), (29, 1e9, "b"), (100, 50, "ba"), (0, 1e9, "bac")]
)
def test_what_is_chosen(limit: int, age_s: float, chosen: str) -> None:
    now_s = time.time()
    entries = [Entry(Path(name), 10, now_s - ago_s) for name, ago_s in (("a", 60.0), ("b", 90.0), ("c", 10.0))]
    assert "".join(entry.path.name for entry in choose_unused(entries, limit, age_s)) == chosen


@pytest.mark.parametrize("place", ["", "room"])
def test_a_file_where_a_directory_should_be(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTRIG_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / place).parent.mkdir(exist_ok=True)
    (tmp_path / "cache" / place).touch()
    with pytest.raises(CacheError, match=r"^the cache .*/cache cannot be used: Not a directory"):
        ROOM.find("key")
    with pytest.raises(CacheError, match=r"^the cache .*/cache cannot be used: (Not a directory|File exists)"):
        ROOM.keep("key", b"x")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (28, "free some space there, or name another place with BOOTRIG_CACHE"),
        (30, "name another place with BOOTRIG_CACHE"),
    ],
)
def test_where_nothing_can_be_written(number: int, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, content: bytes, *, durable: bool) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(cache, "write_atomically", refuse)
    with pytest.raises(CacheError, match=f"^the cache .* cannot be used: {os.strerror(number)}") as caught:
        ROOM.obtain("key", lambda: CONTENT)
    assert caught.value.remedy == remedy


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", fail)
    for name in ("BOOTRIG_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(RigError, match="this user has no home directory") as caught:
        ROOM.find("key")
    assert caught.value.remedy == "name one with BOOTRIG_CACHE"
    assert load_settings() == FetchSettings()


def test_the_digest_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    assert cache.digest_file(tmp_path / "file") == hashlib.sha256(b"x" * 100_000).hexdigest()
    with pytest.raises(FileNotFoundError):
        cache.digest_file(tmp_path / "none")
