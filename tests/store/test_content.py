import hashlib
import logging
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bootrig.errors import InputError
from bootrig.store.content import Store
from bootrig.store.errors import ImportFileError, StoreError
from bootrig.store.incoming import start_incoming

CONTENT = b"some content\n" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def left_over(store: Store) -> list[Path]:
    return list((store.root / "incoming").iterdir())


def test_default_is_in_the_cache_or_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BOOTRIG_CACHE", str(tmp_path / "c"))
    assert Store.default().root == tmp_path / "c" / "store"
    monkeypatch.setenv("BOOTRIG_STORE", str(tmp_path / "s"))
    assert Store.default().root == tmp_path / "s"


def test_adds_bytes_and_files_once(store: Store, tmp_path: Path) -> None:
    assert store.find(DIGEST) is None
    assert store.read(DIGEST) is None
    assert store.add_bytes(CONTENT, file_name="first", way="test") == DIGEST
    path = store.find(DIGEST)
    assert path is not None
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o777 == 0o444
    (tmp_path / "second").write_bytes(CONTENT)
    stored = store.add_file(tmp_path / "second")
    assert (stored.sha256, stored.length) == (DIGEST, len(CONTENT))
    assert store.read(DIGEST) == CONTENT
    files = list(store.iter_files())
    assert [(file.sha256, file.length, file.file_name, file.way) for file in files] == [
        (DIGEST, len(CONTENT), "first", "test")
    ]
    assert left_over(store) == []


def test_a_store_that_is_not_there_is_empty(store: Store) -> None:
    assert list(store.iter_files()) == []
    assert store.remove_damaged() == ()
    assert store.recall("key") is None


def test_refuses_what_is_no_digest(store: Store) -> None:
    with pytest.raises(InputError, match=r'"\.\./x" is not a SHA-256 digest, expected 64 hexadecimal digits'):
        store.find("../x")


def test_refuses_a_file_that_cannot_be_read(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="none cannot be read: No such file or directory"):
        store.add_file(tmp_path / "none")
    assert left_over(store) == []


def damage(store: Store) -> None:
    path = store.path_of(store.add_bytes(CONTENT))
    path.chmod(0o644)
    path.write_bytes(CONTENT[:-1])


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(CONTENT[:-1]),
        lambda path: path.write_bytes(bytes(len(CONTENT))),
        lambda path: path.touch(),
        lambda path: (path / "inner").mkdir(parents=True),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to("nothing"),
        os.mkfifo,
    ],
)
def test_what_is_damaged_is_not_given_out(
    make: Callable[[Path], object], store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    for ask in (store.find_intact, store.read):
        path = store.path_of(store.add_bytes(CONTENT))
        path.unlink()
        make(path)
        with caplog.at_level(logging.WARNING):
            assert ask(DIGEST) is None
        assert f"{path} is damaged and was removed" in caplog.text
        assert not os.path.lexists(path)
    make(path)
    store.add_bytes(CONTENT)
    assert store.read(DIGEST) == CONTENT


def test_damage_is_found_and_removed(store: Store) -> None:
    damage(store)
    store.add_bytes(b"good")
    assert [stored.sha256 for stored in store.remove_damaged()] == [DIGEST]
    assert store.remove_damaged() == ()
    assert [stored.length for stored in store.iter_files()] == [4]


def test_records_artifacts(store: Store) -> None:
    digest = store.add_bytes(b"x")
    store.record("probe-1", {"x.bin": digest})
    assert store.recall("probe-1") == {"x.bin": digest}
    store.path_of(digest).unlink()
    assert store.recall("probe-1") is None
    with pytest.raises(ValueError, match=r'"\.\./key" is not a build key'):
        store.record("../key", {})
    with pytest.raises(InputError, match="is not a SHA-256 digest"):
        store.record("key", {"x": "y"})


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_text('{"x": ['),
        lambda path: path.write_text('["x"]'),
        lambda path: path.write_text('{"x": "../../etc/passwd"}'),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_bytes(b"\x80"),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.mkdir(),
        os.mkfifo,
    ],
)
def test_a_damaged_record_or_note_is_none_and_is_written_anew(make: Callable[[Path], object], store: Store) -> None:
    digest = store.add_bytes(b"x", file_name="x")
    record, note = store.root / "records" / "key.json", store.root / "notes" / f"{digest}.json"
    store.record("key", {"x": digest})
    for path in (record, note):
        path.unlink()
        make(path)
    assert store.recall("key") is None
    assert [file.length for file in store.iter_files()] == [1]
    store.record("key", {"x": digest})
    store.add_bytes(b"x", file_name="x")
    assert store.recall("key") == {"x": digest}
    assert [file.length for file in store.iter_files()] == [1]


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = Store(tmp_path / "file" / "store")
    with pytest.raises(StoreError, match=re.escape(f"the store {store.root} cannot be written: Not a directory")):
        store.add_bytes(b"x")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "notes").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        Store(tmp_path / "store").add_bytes(b"x", file_name="x")


def test_a_full_disk_leaves_nothing_half_written(store: Store) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StoreError, match="cannot be written: File too large") as caught:
            store.add_bytes(CONTENT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.remedy.startswith("free some space on the file system of ")
    assert left_over(store) == []
    assert store.find(DIGEST) is None


def test_an_interrupted_writer_leaves_nothing(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), start_incoming(store.root) as incoming:
        incoming.write(b"half")
        raise KeyboardInterrupt
    assert left_over(store) == []


def test_what_a_killed_writer_left_goes_and_what_is_being_written_stays(store: Store) -> None:
    with start_incoming(store.root) as living:
        left = store.root / "incoming" / "left"
        left.touch()
        with start_incoming(store.root):
            assert not left.exists()
            assert living.path.exists()


def test_restart_forgets_what_came(store: Store) -> None:
    with start_incoming(store.root) as incoming:
        incoming.write(b"wrong and longer")
        incoming.restart()
        incoming.write(b"right")
        assert incoming.sha256 == hashlib.sha256(b"right").hexdigest()
        assert incoming.length == 5
        incoming.keep(store.path_of(incoming.sha256))
    assert store.read(hashlib.sha256(b"right").hexdigest()) == b"right"


ADDER = """
import sys
from pathlib import Path
from bootrig.errors import InputError
from bootrig.store.content import Store
store = Store(Path(sys.argv[1]))
sys.stdin.readline()
for number in range(40):
    store.add_bytes(b"%d" % number * 1000, file_name=str(number))
"""


def test_adders_at_the_same_time_do_no_harm(store: Store) -> None:
    adders = [
        subprocess.Popen([sys.executable, "-c", ADDER, str(store.root)], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for adder in adders:
        assert adder.stdin is not None
        adder.stdin.write(b"\n")
        adder.stdin.flush()
    for adder in adders:
        _, errors = adder.communicate(timeout=60)
        assert (adder.returncode, errors) == (0, b"")
    assert len(list(store.iter_files())) == 40
    assert store.remove_damaged() == ()
    assert left_over(store) == []
