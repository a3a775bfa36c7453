"""What killed processes leave is removed by the next one that makes something there; what is being made is not."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bootrig.errors import RigError
from bootrig.temporary import remove_abandoned, start_temporary_directory, start_temporary_file
from bootrig.workdir import start_work_directory, write_atomically

MAKER = """
import sys
from pathlib import Path
from bootrig.temporary import remove_abandoned, start_temporary_directory, start_temporary_file
start = start_temporary_directory if sys.argv[2] == "directory" else start_temporary_file
with start(Path(sys.argv[1]), ".new-") as made:
    if sys.argv[2] == "directory":
        (made / "content").write_text("half")
    print("made", flush=True)
    sys.stdin.readline()
"""


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_what_a_killed_process_left_goes_and_what_is_being_made_stays(kind: str, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", MAKER, str(tmp_path), kind]
    (tmp_path / "other").touch()
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline() == b"made\n"
        with start_temporary_file(tmp_path, ".new-"), start_temporary_directory(tmp_path, ".new-"):
            assert len(list(tmp_path.glob(".new-*"))) == 3
        maker.send_signal(signal.SIGKILL)
    assert len(list(tmp_path.glob(".new-*"))) == 1
    write_atomically(tmp_path / "file", b"x")
    assert len(list(tmp_path.glob(".new-*"))) == 1  # another sort of file
    with start_temporary_file(tmp_path, ".new-") as (path, _):
        assert list(tmp_path.glob(".new-*")) == [path]
    assert names_in(tmp_path) == ["file", "other"]


@pytest.mark.parametrize(("user", "is_left"), [(0, False), (1234, True)])
def test_only_root_removes_what_others_left(
    user: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_left: bool
) -> None:
    (tmp_path / ".new-x").touch()
    monkeypatch.setattr(os, "geteuid", lambda: user)
    remove_abandoned(tmp_path, ".new-")
    assert (tmp_path / ".new-x").exists() is is_left


def test_what_got_another_name_stays(tmp_path: Path) -> None:
    with start_temporary_file(tmp_path, ".new-") as (path, stream):
        stream.write(b"whole")
        path.rename(tmp_path / "file")
    with start_temporary_directory(tmp_path, ".new-") as path:
        path.rename(tmp_path / "directory")
    assert (tmp_path / "file").read_bytes() == b"whole"
    assert names_in(tmp_path) == ["directory", "file"]


def test_an_interrupted_writer_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_atomically(tmp_path / "file", b"old")

    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names_in(tmp_path) == ["file"]


def test_a_new_file_has_no_name_until_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(os, "fsync", lambda _handle: seen.append(names_in(tmp_path)))
    write_atomically(tmp_path / "file", b"new", mode=0o600)
    assert seen[0] == []
    assert ((tmp_path / "file").read_bytes(), (tmp_path / "file").stat().st_mode & 0o777) == (b"new", 0o600)


@pytest.mark.parametrize("call", ["open", "link"])
def test_where_there_are_no_files_without_names(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = getattr(os, call)

    def refuse(*words: Any, **named: Any) -> Any:
        if call == "link" or words[1] & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "refused")
        return real(*words, **named)

    monkeypatch.setattr(os, call, refuse)
    write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert names_in(tmp_path) == ["file"]


def test_where_no_work_directory_can_be_made(own_directories: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(own_directories / "nowhere"))
    with (
        pytest.raises(RigError, match=r"directory: .*/nowhere/bootrig-work-test-.*: No such file") as caught,
        start_work_directory("test"),
    ):
        pass
    assert caught.value.remedy == "free some space there, or name another place with TMPDIR"
