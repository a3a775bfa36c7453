"""Files that people give: what is not a regular file, or too long, is refused at once with what it is."""

import os
import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from bootrig.givenfile import FileKind, GivenFileError, open_given, read_given, require_given, show_length

KIND = FileKind("a small file", 1024)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "No such file or directory"),
        (Path.mkdir, "it is a directory, expected a regular file"),
        (os.mkfifo, "it is a named pipe, expected a regular file"),
        (make_socket, "it is a socket, expected a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a device, expected a regular file"),
        (lambda path: path.symlink_to("/proc/kmsg"), "it is a file of the kernel in /proc, expected a regular file"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
        (lambda path: path.write_bytes(bytes(1025)), "it has 1025 bytes, and a small file has at most 1 KiB"),
    ],
)
def test_refuses_what_is_not_a_file_of_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    path = Path("given")
    make(path)
    for read in (read_given, require_given, open_given):
        with pytest.raises(GivenFileError) as caught:
            read(path, KIND)
        assert caught.value.reason == reason
        assert str(caught.value) == f"given cannot be read: {reason}"


def test_refuses_a_name_that_no_file_has() -> None:
    with pytest.raises(GivenFileError, match=r"null (byte|character)"):
        read_given(Path("a\0b"), KIND)


def test_reads_a_file_and_what_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(1024))
    (tmp_path / "link").symlink_to("file")
    assert read_given(tmp_path / "link", KIND) == bytes(1024)
    (tmp_path / "empty").touch()
    assert read_given(tmp_path / "empty", KIND) == b""


def test_a_small_file_takes_little_memory_whatever_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    tracemalloc.start()
    try:
        read_given(tmp_path / "file", FileKind("a file", 1 << 30))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_lengths_for_people() -> None:
    assert [show_length(length) for length in (1023, 1024, 16 << 20, 4 << 30)] == [
        "1023 bytes",
        "1 KiB",
        "16 MiB",
        "4 GiB",
    ]
