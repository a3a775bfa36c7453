"""Tracked files hold text of ours only: no paths or hosts of one machine, no binaries."""

import lzma
import random
import sys
from pathlib import Path

import pytest

from tests.conventions.hygiene import find_binary_fault, find_text_faults, hosts_in, registry_hosts, unpack
from tests.conventions.tracked import ROOT, tracked_files

HINT = "tests build such bytes, users fetch them"


def test_no_binary_is_tracked() -> None:
    faults = [find_binary_fault(path, (ROOT / path).read_bytes()) for path in tracked_files()]
    assert not list(filter(None, faults))


def test_recordings_are_text_and_no_larger_than_a_few_hundred_kilobytes() -> None:
    path = Path("recipes/baselines/x.jsonl.xz")
    assert find_binary_fault(path, lzma.compress(b'{"a": 1}\n' * 100_000)) is None
    assert find_binary_fault(path, lzma.compress(b"\x7fELF")) == f"{path}: an ELF file; {HINT}"
    assert (
        find_binary_fault(path.with_name("x.xz"), lzma.compress(b"text"))
        == "recipes/baselines/x.xz: an xz file; " + HINT
    )
    too_large = lzma.compress(random.Random(1).randbytes(310_000))
    assert find_binary_fault(path, too_large) == f"{path}: an xz file; {HINT}"


def test_no_path_or_host_of_a_machine_is_tracked() -> None:
    hosts = registry_hosts(sys.executable)
    faults = []
    for path in tracked_files():
        content = unpack(path, (ROOT / path).read_bytes())
        faults += find_text_faults(path, content.decode(errors="replace"), hosts)
    assert not faults, "\n".join(faults)


def test_the_clients_know_some_host() -> None:
    assert registry_hosts(sys.executable)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\x55\xaa\x80", "x: an option ROM"),
        (b"!<arch>\ndebian-binary", "x: an ar archive or a Debian package"),
        (b"text\0more", "x: holds NUL bytes"),
        (b"a" * 500_001, "x: 500001 bytes"),
    ],
)
def test_a_binary_is_found(content: bytes, fault: str) -> None:
    assert (find_binary_fault(Path("x"), content) or "").startswith(fault)
    assert find_binary_fault(Path("x"), b"plain text\n") is None


@pytest.mark.parametrize("directory", ["work/main", "root/.cache", "home/anne/rig", "tmp/a/w"])
def test_a_path_of_a_machine_is_found(directory: str) -> None:
    (fault,) = find_text_faults(Path("x"), f"one\npath = '/{directory}/y'\n", ())
    assert fault.startswith("x:2: a path of one machine: path = ")


# put together, so that no check takes this file for one that names such a path
ROOTS_HOME = "/".join(["", "root", ""])


@pytest.mark.parametrize("line", ["a/work/b", "/usr/bin/env", "$HOME/work/", "/machine/peripheral/x", f"~{ROOTS_HOME}"])
def test_other_paths_are_accepted(line: str) -> None:
    assert find_text_faults(Path("x"), line, ()) == []


def test_a_host_is_found() -> None:
    hosts = hosts_in(
        "http://mirror.example.org/debian http://localhost:80/ https://snapshot.debian.org/x http://10.0.2.1/"
    )
    assert hosts == {"mirror.example.org"}
    (fault,) = find_text_faults(Path("x"), "see mirror.example.org/pool", hosts)
    assert fault == "x:1: names the host mirror.example.org; ask the package client for it instead"
    assert find_text_faults(Path("x"), "not-mirror.example.org mirror.example.org.uk", hosts) == []
