"""Files that are written where the user says: nothing that is there is destroyed."""

import os
import pty
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from bootrig.errors import ExitStatus, InputError, RigError
from bootrig.output import Output, describe_error, open_output, write_output


def test_a_new_file_and_its_directories(tmp_path: Path) -> None:
    write_output(tmp_path / "a" / "b.json", b"new")
    assert (tmp_path / "a" / "b.json").read_bytes() == b"new"


def test_a_regular_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old, and longer")
    (tmp_path / "file").chmod(0o600)
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        write_output(tmp_path / name, name.encode())
        assert (tmp_path / "file").read_text() == name
    assert (tmp_path / "link").is_symlink()
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


def test_a_link_to_what_is_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("later/file")
    write_output(tmp_path / "link", b"new")
    assert (tmp_path / "later" / "file").read_bytes() == b"new"


def test_a_pipe_is_held_open_for_its_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    output = open_output(tmp_path / "pipe")
    with pytest.raises(BlockingIOError):  # somebody will write, and has not yet
        os.read(reader, 1)
    output.write(b"content")
    assert (os.read(reader, 99), os.read(reader, 99)) == (b"content", b"")
    assert (tmp_path / "pipe").is_fifo()
    output = open_output(tmp_path / "pipe")
    os.close(reader)
    output.write(b"nobody reads it")


def test_a_device_is_written_into(tmp_path: Path) -> None:
    keeper, end = pty.openpty()
    terminal = Path(os.ttyname(end))
    write_output(terminal, b"content")
    (tmp_path / "link").symlink_to(terminal)
    write_output(tmp_path / "link", b"!")
    shown = b""
    while len(shown) < 8:
        shown += os.read(keeper, 99)
    assert shown == b"content!"
    assert terminal.is_char_device()
    write_output(Path("/dev/null"), b"content")
    assert Path("/dev/null").is_char_device()
    os.close(keeper)
    os.close(end)


def test_a_file_that_is_a_descriptor_is_appended_to(tmp_path: Path) -> None:
    """As `--json /dev/fd/3 3>>file`."""
    with (tmp_path / "file").open("w+b") as stream:
        stream.write(b"before ")
        stream.flush()
        write_output(Path(f"/proc/self/fd/{stream.fileno()}"), b"content")
        assert (tmp_path / "file").read_bytes() == b"before content"
        assert os.fstat(stream.fileno()).st_nlink == 1


def test_the_device_that_is_full() -> None:
    with pytest.raises(RigError, match="cannot write /dev/full: No space left on device"):
        write_output(Path("/dev/full"), b"content")
    assert Path("/dev/full").is_char_device()


def below_a_file(directory: Path) -> Path:
    (directory / "file").touch()
    return directory / "file" / "verdict.json"


def a_pipe_without_reader(directory: Path) -> Path:
    os.mkfifo(directory / "pipe")
    return directory / "pipe"


def a_circle(directory: Path) -> Path:
    (directory / "a").symlink_to("b")
    (directory / "b").symlink_to("a")
    return directory / "a"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda directory: directory, "Is a directory"),
        (below_a_file, "file is not a directory"),
        (a_pipe_without_reader, "nobody reads this pipe"),
        (a_circle, "symbolic links"),
        (lambda _: Path("/proc/verdict.json"), "No such file"),
        (lambda directory: directory / ("x" * 300), "File name too long"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_starts(
    make: Callable[[Path], Path], message: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    with pytest.raises(InputError, match=f"cannot write .*{message}") as caught:
        open_output(path)
    assert caught.value.remedy


def test_what_is_read_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "rom").write_bytes(b"ROM")
    (tmp_path / "link").symlink_to("rom")
    for name in ("rom", "link"):
        with pytest.raises(InputError, match="it is also read"):
            open_output(tmp_path / name, [tmp_path / "nothing", tmp_path, tmp_path / "rom"])
    assert open_output(tmp_path / "other", [tmp_path / "rom"]) == Output(tmp_path / "other")


def test_a_disk_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = os.stat_result((stat.S_IFBLK | 0o660, *[0] * 9))
    monkeypatch.setattr(Path, "stat", lambda _path, **_options: disk)
    with pytest.raises(InputError, match="a disk is not overwritten"):
        open_output(Path("/dev/sda"))


def test_a_full_disk_is_the_host_s_fault() -> None:
    assert describe_error(Path("x"), OSError(28, "No space left on device")).exit_status is ExitStatus.BROKEN
    assert describe_error(Path("x"), OSError(13, "Permission denied")).exit_status is ExitStatus.INPUT
