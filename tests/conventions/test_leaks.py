"""The check that tests leave nothing behind."""

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import leaks
from tests.leaks import find_leaks, take_snapshot


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(leaks, "GRACE_S", 0.1)
        yield


def test_nothing_left_is_no_leak(tmp_path: Path) -> None:
    before = take_snapshot(tmp_path, tmp_path)
    subprocess.run(["true"], check=True)
    threading.Thread(target=int).start()
    assert find_leaks(before, tmp_path, tmp_path) == []


def test_a_process_is_found(tmp_path: Path) -> None:
    before = take_snapshot(tmp_path, tmp_path)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as popen:
        assert find_leaks(before, tmp_path, tmp_path) == [f"process {popen.pid} still runs: cat"]
        assert popen.stdin is not None
        popen.stdin.close()


def test_an_orphan_is_found(tmp_path: Path) -> None:
    before = take_snapshot(tmp_path, tmp_path)
    # the shell ends at once; cat lives as long as the pipe
    with subprocess.Popen(["sh", "-c", "exec 3<&0; setsid cat <&3 & exit 0"], stdin=subprocess.PIPE) as popen:
        popen.wait()
        (leak,) = find_leaks(before, tmp_path, tmp_path)
        assert leak.endswith("still runs: cat")
        assert popen.stdin is not None
        popen.stdin.close()


def test_a_thread_is_found(tmp_path: Path) -> None:
    before = take_snapshot(tmp_path, tmp_path)
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="forgotten")
    thread.start()
    assert find_leaks(before, tmp_path, tmp_path) == ["thread still runs: forgotten"]
    end.set()
    thread.join()


def test_a_temporary_directory_is_found(tmp_path: Path) -> None:
    before = take_snapshot(tmp_path, tmp_path)
    (tmp_path / "bootrig-embed-x").mkdir()
    (tmp_path / "somebody-else").mkdir()
    assert find_leaks(before, tmp_path, tmp_path) == [f"left in {tmp_path}: bootrig-embed-x"]


def test_a_mount_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = take_snapshot(tmp_path, tmp_path)
    table = (
        f"1 2 0:1 / {tmp_path}/m rw - tmpfs none rw",
        "3 2 0:1 / /elsewhere rw - tmpfs none rw",
        "4 2 0:4 net:[1] /run/x rw - nsfs nsfs rw",
    )
    (tmp_path / "mounts").write_text("\n".join(table))
    with monkeypatch.context() as patch:
        patch.setattr(leaks, "MOUNT_TABLE", tmp_path / "mounts")
        assert find_leaks(before, tmp_path, tmp_path) == ["still mounted: /run/x", f"still mounted: {tmp_path}/m"]
