import errno
import fcntl
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import bootrig.romset.embed
import bootrig.romset.exchange
from bootrig.deadline import DeadlineError
from bootrig.romset.embed import embed_rom_set, rollback
from bootrig.romset.errors import EmbedFailedError, EmbedRefusedError
from bootrig.romset.exchange import moved_path, staged_path
from firmware.romset import RomSet
from tests.requirements import miss
from tests.romset.rom_sets import NEW, OLD, beside, content, roms


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data" / "pc-bios"


class Crash(BaseException):
    """The process dies here: no clean-up of ours runs."""


STEPS = ["link_tree", "_keep_displaced", "_keep_previous", "_write_files", "sync_tree", "replace_directory"]


@pytest.mark.parametrize("step", STEPS)
def test_an_error_at_any_step_leaves_the_old_set(directory: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    embed_rom_set(OLD, directory)

    def fail(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bootrig.romset.embed, step, fail)
    with pytest.raises(EmbedFailedError, match="No space left on device") as caught:
        embed_rom_set(NEW, directory)
    assert caught.value.remedy == f"free some space on the file system of {directory.parent}"
    assert content(directory) == roms(OLD)
    assert beside(directory) == []


@pytest.mark.parametrize("step", [*STEPS, "remove_tree"])
def test_a_crash_at_any_step_leaves_one_whole_set_and_the_next_embedding_cleans_up(
    directory: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    embed_rom_set(OLD, directory)

    def crash(*arguments: object, **options: object) -> None:
        raise Crash

    with monkeypatch.context() as patches:
        patches.setattr(bootrig.romset.embed, "remove_tree", crash)  # the clean-up after a crash does not run either
        patches.setattr(bootrig.romset.embed, step, crash)
        with pytest.raises(Crash):
            embed_rom_set(NEW, directory)
    assert content(directory) in (roms(OLD), roms(NEW))
    assert beside(directory) != []
    embed_rom_set(NEW, directory)
    assert content(directory) == roms(NEW)
    assert beside(directory) == []


def test_an_old_set_that_cannot_be_removed_does_not_matter(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    embed_rom_set(OLD, directory)

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with monkeypatch.context() as patches:
        patches.setattr(bootrig.romset.embed, "remove_tree", refuse)
        embed_rom_set(NEW, directory)
    assert "which is no longer needed, could not be removed: Operation not permitted" in caplog.text
    assert content(directory) == roms(NEW)
    rollback(directory)
    assert content(directory) == roms(OLD)
    assert beside(directory) == []


def no_exchange(first: Path, second: Path) -> None:
    raise OSError(errno.EINVAL, "Invalid argument")


def test_without_exchange_two_renames_serve(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    embed_rom_set(OLD, directory)
    monkeypatch.setattr(bootrig.romset.exchange, "exchange", no_exchange)
    embed_rom_set(NEW, directory)
    assert content(directory) == roms(NEW)
    assert "the file system cannot exchange directories; it is replaced by two renames" in caplog.text
    rollback(directory)
    assert content(directory) == roms(OLD)
    assert beside(directory) == []


def test_a_crash_between_the_two_renames_is_mended(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    embed_rom_set(OLD, directory)
    directory.rename(moved_path(directory))
    staged_path(directory).mkdir()
    with pytest.raises(EmbedRefusedError, match="has no previous ROM set"):
        rollback(directory)
    assert "an interrupted replacement is undone" in caplog.text
    assert content(directory) == roms(OLD)
    assert beside(directory) == []


def test_the_second_rename_that_fails_is_undone(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embed_rom_set(OLD, directory)
    monkeypatch.setattr(bootrig.romset.exchange, "exchange", no_exchange)
    rename: Callable[[Path, Path], Path] = Path.rename

    def rename_once(source: Path, target: Path) -> Path:
        if source == staged_path(directory):
            raise OSError(errno.EIO, "Input/output error")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", rename_once)
    with pytest.raises(EmbedFailedError, match="Input/output error"):
        embed_rom_set(NEW, directory)
    assert content(directory) == roms(OLD)
    assert beside(directory) == []


def test_a_disk_that_is_full_leaves_the_old_set(directory: Path) -> None:
    embed_rom_set(OLD, directory)
    large = RomSet.of_files("large", {"efi-e1000.rom": b"x" * 100_000})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(EmbedFailedError, match=r"cannot embed into .*: File too large"):
            embed_rom_set(large, directory)
        with pytest.raises(EmbedFailedError, match="File too large"):
            embed_rom_set(large, directory.with_name("fresh"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert content(directory) == roms(OLD)
    assert beside(directory) == []


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(EmbedRefusedError, match="is not a directory"):
        embed_rom_set(OLD, tmp_path / "file")
    with pytest.raises(EmbedRefusedError, match="is not a directory"):
        embed_rom_set(OLD, tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "x"
    assert beside(tmp_path / "file") == []


def test_links_that_are_not_allowed_become_copies(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory.mkdir(parents=True)
    (directory / "bios.bin").write_bytes(b"bios")

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    embed_rom_set(OLD, directory)
    assert content(directory) == roms(OLD) | {"bios.bin": b"bios"}


def test_a_lock_that_is_never_released_is_given_up(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embed_rom_set(OLD, directory)
    monkeypatch.setattr(bootrig.romset.embed, "LOCK_S", 0.0)
    handle = os.open(directory.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(DeadlineError, match="another process embeds into a directory of"):
            embed_rom_set(NEW, directory)
    finally:
        os.close(handle)


READER = """
import os
import sys
from pathlib import Path
directory = Path(sys.argv[1])
print("ready", flush=True)
seen = set()
for _ in range(int(sys.argv[2])):
    handle = os.open(directory, os.O_RDONLY)
    names = [name for name in os.listdir(handle) if name.endswith(".rom")]
    words = set()
    try:
        for name in names:
            rom = os.open(name, os.O_RDONLY, dir_fd=handle)
            words.add(os.read(rom, 100).split()[0].decode())
            os.close(rom)
    except FileNotFoundError:
        continue  # the directory that it has open has gone meanwhile: it has to look again
    finally:
        os.close(handle)
    seen.add("+".join(sorted(words)) or "gone")
print(*sorted(seen))
"""


def test_a_reader_sees_one_set_or_the_other(directory: Path) -> None:
    embed_rom_set(OLD, directory)
    embed_rom_set(NEW, directory)
    reader = subprocess.Popen([sys.executable, "-c", READER, str(directory), "3000"], stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    rom_sets = [OLD, NEW]
    while reader.poll() is None:
        embed_rom_set(rom_sets[0], directory, durable=False)
        rom_sets.reverse()
    output, _ = reader.communicate()
    assert reader.returncode == 0
    assert set(output.split()) - {"gone"} == {"old", "new"}


def test_embedders_at_the_same_time_take_turns(directory: Path) -> None:
    failures: list[BaseException] = []

    def work(rom_set: RomSet) -> None:
        try:
            for _ in range(10):
                embed_rom_set(rom_set, directory, durable=False)
        except (EmbedFailedError, EmbedRefusedError) as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(rom_set,)) for rom_set in (OLD, NEW, OLD, NEW)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert content(directory) in (roms(OLD), roms(NEW))
    assert beside(directory) == []


def test_a_small_disk_and_a_mount_inside(tmp_path: Path) -> None:
    """A real file system that is full, and one that is mounted inside the directory, in a mount namespace."""
    script = """
        set -e
        mount -t tmpfs -o size=64k none "$1"
        exec "$2" -c '
import sys
from pathlib import Path
from bootrig.romset.embed import embed_rom_set
from bootrig.romset.errors import EmbedFailedError
from firmware.romset import RomSet
directory = Path(sys.argv[1]) / "d"
embed_rom_set(RomSet.of_files("s", {"efi-a.rom": b"x" * 512}), directory)
try:
    embed_rom_set(RomSet.of_files("l", {"efi-a.rom": b"x" * 60000}), directory)
except EmbedFailedError as error:
    print(error.remedy)
print([path.name for path in directory.parent.iterdir()], (directory / "efi-a.rom").stat().st_size)
try:
    embed_rom_set(RomSet.of_files("s", {"efi-a.rom": b"x" * 512}), directory.parent)
except EmbedFailedError as error:
    print(error)
' "$1"
    """
    argv = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "-", str(tmp_path), sys.executable]
    found = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    if "unshare" in found.stderr:
        miss(f"no user namespaces: {found.stderr.strip()}")
    assert (found.stderr, found.returncode) == ("", 0)
    assert found.stdout.splitlines()[0] == f"free some space on the file system of {tmp_path}"
    assert found.stdout.splitlines()[1] == "['d'] 512"
    assert f"cannot embed into {tmp_path}: " in found.stdout.splitlines()[2]
