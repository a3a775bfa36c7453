"""What helps against what is short: by the error, the limits of this process, and a program's words."""

import errno
import os
import resource
from pathlib import Path

import pytest

from bootrig import shortage
from bootrig.emulator.errors import GuestStartError
from bootrig.shortage import count_memory_kills, find_memory_remedy, find_output_remedy, find_remedy

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def limit(monkeypatch: pytest.MonkeyPatch, which: int, values: tuple[int, int]) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda asked: values if asked == which else UNLIMITED)


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ((16, 1048576), "raise the limit of 16 open files: ulimit -n 4096"),
        ((16, 64), "raise the limit of 16 open files: ulimit -n 64"),
        ((64, 64), "raise the limit of 64 open files: as root: ulimit -n 4096"),
        ((64, resource.RLIM_INFINITY), "raise the limit of 64 open files: ulimit -n 4096"),
    ],
)
def test_too_many_open_files(values: tuple[int, int], remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, resource.RLIMIT_NOFILE, values)
    assert find_remedy(OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "name another place") == remedy


def test_other_errors_have_the_remedy_of_the_caller() -> None:
    assert find_remedy(OSError(errno.EACCES, "Permission denied"), "name another place") == "name another place"
    assert find_remedy(OSError(errno.EACCES, "Permission denied")) == ""


def test_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, resource.RLIMIT_AS, (1 << 30, 1 << 30))
    told = "raise the limit of 1048576 KiB of address space: ulimit -v unlimited"
    assert find_remedy(OSError(errno.ENOMEM, "Cannot allocate memory")) == told
    output = "qemu: allocate 1073741824 bytes for jit buffer: Cannot allocate memory"
    assert find_output_remedy(output) == told
    assert GuestStartError("QEMU ended at once", output=output).remedy == told
    assert find_output_remedy("qemu: no such device") == ""
    limit(monkeypatch, resource.RLIMIT_DATA, (1 << 20, 1 << 20))
    assert find_memory_remedy() == "raise the limit of 1024 KiB of data: ulimit -d unlimited"
    limit(monkeypatch, -1, UNLIMITED)
    assert find_memory_remedy() == "free some memory, or run fewer cells at a time with -j"


def test_kills_for_want_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortage, "VMSTAT", tmp_path / "vmstat")
    assert count_memory_kills() == 0
    (tmp_path / "vmstat").write_text("oom_kill_disable 4\noom_kill 12\n")
    assert count_memory_kills() == 12
    (tmp_path / "vmstat").write_text("pgfault 4\n")
    assert count_memory_kills() == 0
