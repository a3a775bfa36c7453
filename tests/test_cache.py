"""Results that are kept by their key: made once, made anew when they are damaged."""

import hashlib
from pathlib import Path

import pytest

from bootrig import cache
from bootrig.workdir import cache_directory


def never() -> bytes:
    pytest.fail("made again")


def test_a_file_is_made_once() -> None:
    path = cache.obtain_file("probes", ["bios", 1], lambda: b"content")
    assert path.read_bytes() == b"content"
    assert path.parent == cache_directory() / "probes"
    assert cache.obtain_file("probes", ["bios", 1], never) == path
    assert cache.obtain_file("probes", ["efi", 1], lambda: b"content") != path
    assert cache.find_file("others", ["bios", 1]) is None


@pytest.mark.parametrize("damage", [b"", b"content ", b"{"])
def test_a_damaged_file_is_made_anew(damage: bytes) -> None:
    path = cache.obtain_file("probes", "key", lambda: b"content")
    path.write_bytes(damage)
    assert cache.find_file("probes", "key") is None
    assert not path.exists()
    assert cache.obtain_file("probes", "key", lambda: b"other").read_bytes() == b"other"


def test_a_file_that_cannot_be_read_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    path = cache.obtain_file("probes", "key", lambda: b"content")

    def fail(path: Path) -> str:
        raise PermissionError

    monkeypatch.setattr(cache, "digest_file", fail)
    assert cache.obtain_file("probes", "key", lambda: b"content") == path


def test_values() -> None:
    assert cache.find_value("values", {"a": 1, "b": 2}) is None
    assert cache.obtain_value("values", {"a": 1, "b": 2}, lambda: {"works": (True, None)}) == {"works": [True, None]}
    assert cache.obtain_value("values", {"b": 2, "a": 1}, never) == {"works": [True, None]}
    cache.keep_value("values", {"a": 1, "b": 2}, "another")
    assert cache.find_value("values", {"a": 1, "b": 2}) == "another"
    assert len(list((cache_directory() / "values").iterdir())) == 1


def test_the_digest_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    assert cache.digest_file(tmp_path / "file") == hashlib.sha256(b"x" * 100_000).hexdigest()
    with pytest.raises(FileNotFoundError):
        cache.digest_file(tmp_path / "none")
