import errno
import fcntl
import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import firmware.embed
import firmware.exchange
from firmware.embed import EmbedFailedError, EmbedRefusedError, embed_rom_set, rollback
from firmware.exchange import moved_path, staged_path
from firmware.manifest import FILE_NAME, Manifest, ManifestError, find_manifest, load_manifest, parse_manifest
from firmware.romset import RomSet, rom_set_of

OLD = rom_set_of("old", [("pxe-e1000.rom", b"old e1000"), ("pxe-pcnet.rom", b"old pcnet")])
NEW = rom_set_of("new", [("efi-e1000.rom", b"new e1000"), ("pxe-e1000.rom", b"new e1000 pxe")])


def embed(rom_set: RomSet, directory: Path, *, force: bool = False, durable: bool = True) -> Manifest:
    return embed_rom_set(
        rom_set, directory, origin={"recipe": rom_set.name}, tool_version="1", force=force, durable=durable
    )


def content(directory: Path) -> dict[str, bytes]:
    """Return the files of a directory by their relative paths, without the manifest and what bootrig keeps apart."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != FILE_NAME and ".bootrig" not in path.parts
    }


def roms(rom_set: RomSet) -> dict[str, bytes]:
    return {name: rom.content for name, rom in rom_set.installed_files().items()}


def beside(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.parent.iterdir() if path != directory)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data" / "pc-bios"


@pytest.mark.parametrize("durable", [True, False])
def test_embeds_into_a_fresh_directory(directory: Path, durable: bool) -> None:
    manifest = embed(OLD, directory, durable=durable)
    assert content(directory) == {
        "efi-e1000.rom": b"old e1000",
        "efi-pcnet.rom": b"old pcnet",
        "pxe-e1000.rom": b"old e1000",
        "pxe-pcnet.rom": b"old pcnet",
    }
    assert load_manifest(directory) == manifest
    assert (manifest.rom_set, manifest.tool_version, manifest.origin) == ("old", "1", {"recipe": "old"})
    assert [(file.name, file.rom) for file in manifest.files][:2] == [
        ("efi-e1000.rom", "pxe-e1000.rom"),
        ("efi-pcnet.rom", "pxe-pcnet.rom"),
    ]
    assert manifest.files[0].sha256 == OLD.roms[0].sha256
    assert beside(directory) == []
    with pytest.raises(EmbedRefusedError, match="has no previous ROM set to bring back"):
        rollback(directory)


def test_an_empty_directory_keeps_its_mode(directory: Path) -> None:
    directory.mkdir(parents=True)
    directory.chmod(0o750)
    embed(OLD, directory)
    assert directory.stat().st_mode & 0o777 == 0o750


def test_replaces_its_own_set_and_brings_it_back(directory: Path) -> None:
    embed(OLD, directory)
    embed(NEW, directory)
    assert content(directory) == roms(NEW)
    assert rollback(directory) == load_manifest(directory)
    assert content(directory) == roms(OLD)
    assert load_manifest(directory).rom_set == "old"
    rollback(directory)
    assert content(directory) == roms(NEW)
    assert beside(directory) == []


def test_files_of_others_stay_as_they_are(directory: Path) -> None:
    (directory / "keymaps" / "deep").mkdir(parents=True)
    (directory / "keymaps" / "deep" / "de").write_bytes(b"de")
    (directory / "bios.bin").write_bytes(b"bios")
    (directory / "link").symlink_to("bios.bin")
    (directory / "dangling").symlink_to("nowhere")
    (directory / "keymaps").chmod(0o711)
    os.utime(directory / "keymaps", (1, 1))
    inode = (directory / "bios.bin").stat().st_ino
    embed(OLD, directory)
    embed(NEW, directory)
    assert (directory / "bios.bin").stat().st_ino == inode
    assert (directory / "keymaps" / "deep" / "de").read_bytes() == b"de"
    assert (directory / "keymaps").stat().st_mode & 0o777 == 0o711
    assert (directory / "keymaps").stat().st_mtime == 1
    assert (directory / "link").readlink() == Path("bios.bin")
    assert (directory / "dangling").readlink() == Path("nowhere")
    rollback(directory)
    rollback(directory)
    assert content(directory).keys() - roms(NEW).keys() == {"bios.bin", "keymaps/deep/de", "link"}


def test_what_came_after_stays_through_a_rollback(directory: Path) -> None:
    embed(OLD, directory)
    embed(NEW, directory)
    (directory / "later.bin").write_bytes(b"later")
    rollback(directory)
    assert content(directory) == roms(OLD) | {"later.bin": b"later"}


def test_the_first_set_can_be_taken_out_again(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "bios.bin").write_bytes(b"bios")
    embed(OLD, directory)
    assert rollback(directory) is None
    assert content(directory) == {"bios.bin": b"bios"}
    assert find_manifest(directory) is None


def test_files_of_others_are_never_overwritten(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "efi-e1000.rom").write_bytes(b"theirs")
    (directory / "target").write_bytes(b"target")
    (directory / "pxe-pcnet.rom").symlink_to("target")
    with pytest.raises(EmbedRefusedError) as caught:
        embed(OLD, directory)
    assert str(caught.value) == (
        f"{directory} has files that bootrig did not write, or that were changed since: efi-e1000.rom, pxe-pcnet.rom"
    )
    assert "--force" in caught.value.remedy
    assert content(directory) == {"efi-e1000.rom": b"theirs", "target": b"target", "pxe-pcnet.rom": b"target"}
    assert beside(directory) == []


def test_with_force_they_are_kept_and_come_back(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "efi-e1000.rom").write_bytes(b"theirs")
    (directory / "target").write_bytes(b"target")
    (directory / "pxe-pcnet.rom").symlink_to("target")
    manifest = embed(OLD, directory, force=True)
    assert manifest.displaced == ("efi-e1000.rom", "pxe-pcnet.rom")
    assert content(directory) == roms(OLD) | {"target": b"target"}
    assert (directory / ".bootrig" / "displaced" / "efi-e1000.rom").read_bytes() == b"theirs"
    assert rollback(directory) is None
    assert content(directory) == {"efi-e1000.rom": b"theirs", "target": b"target", "pxe-pcnet.rom": b"target"}
    assert (directory / "pxe-pcnet.rom").is_symlink()


def test_a_displaced_file_comes_back_when_a_set_no_longer_covers_it(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "efi-pcnet.rom").write_bytes(b"theirs")
    embed(OLD, directory, force=True)
    assert embed(NEW, directory).displaced == ()
    assert content(directory) == roms(NEW) | {"efi-pcnet.rom": b"theirs"}
    with pytest.raises(EmbedRefusedError, match=r"changed since: efi-pcnet\.rom"):
        rollback(directory)
    rollback(directory, force=True)
    assert content(directory) == roms(OLD)
    assert (directory / ".bootrig" / "displaced" / "efi-pcnet.rom").read_bytes() == b"theirs"


def test_a_rom_of_ours_that_was_changed_is_not_ours_any_more(directory: Path) -> None:
    embed(OLD, directory)
    (directory / "efi-e1000.rom").write_bytes(b"patched")
    with pytest.raises(EmbedRefusedError, match=r"changed since: efi-e1000\.rom"):
        embed(NEW, directory)
    embed(NEW, directory, force=True)
    (directory / "efi-e1000.rom").write_bytes(b"patched again")
    manifest = embed(OLD, directory, force=True)
    assert len(manifest.displaced) == 2
    kept = {path.read_bytes() for path in (directory / ".bootrig" / "displaced").iterdir()}
    assert kept == {b"patched", b"patched again"}


def test_the_same_bytes_are_in_nobodys_way(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "efi-e1000.rom").write_bytes(b"old e1000")
    assert embed(OLD, directory).displaced == ("efi-e1000.rom",)
    rollback(directory)
    assert content(directory) == {"efi-e1000.rom": b"old e1000"}


def test_a_directory_in_the_place_of_a_rom_is_refused_even_with_force(directory: Path) -> None:
    (directory / "efi-e1000.rom").mkdir(parents=True)
    with pytest.raises(EmbedRefusedError, match=r"has directories where ROMs shall be: efi-e1000\.rom"):
        embed(OLD, directory, force=True)


def test_embeds_where_a_link_leads(directory: Path, tmp_path: Path) -> None:
    directory.mkdir(parents=True)
    (tmp_path / "link").symlink_to(directory)
    embed(OLD, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert content(directory) == roms(OLD)


def test_rollback_needs_a_directory(tmp_path: Path) -> None:
    with pytest.raises(EmbedRefusedError, match="does not exist"):
        rollback(tmp_path / "a" / "b")
    with pytest.raises(EmbedRefusedError, match="has no previous ROM set"):
        rollback(tmp_path / "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "the manifest is damaged: JSONDecodeError"),
        ("[]", "the manifest is damaged: TypeError"),
        ("{}", "the manifest is damaged: KeyError: 'format'"),
        ('{"format": "bootrig-manifest/9"}', "the manifest's format is 'bootrig-manifest/9', this version knows"),
    ],
)
def test_a_damaged_manifest_stops_everything(directory: Path, text: str, message: str) -> None:
    embed(OLD, directory)
    (directory / FILE_NAME).write_text(text)
    with pytest.raises(ManifestError, match=message):
        load_manifest(directory)
    with pytest.raises(EmbedFailedError, match=message) as caught:
        embed(NEW, directory)
    assert caught.value.remedy.startswith(f"remove {directory / FILE_NAME}")
    assert content(directory) == roms(OLD)


def test_manifest_of_a_directory_without_one(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=f"no ROM set is embedded in {tmp_path}"):
        load_manifest(tmp_path)
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(ManifestError, match="cannot be read: Is a directory"):
        load_manifest(tmp_path)


def test_manifest_is_json_and_comes_back(directory: Path) -> None:
    manifest = embed(OLD, directory)
    assert json.loads(manifest.encode())["format"] == "bootrig-manifest/1"
    assert parse_manifest(manifest.encode()) == manifest


# What goes wrong on the way.


class Crash(BaseException):
    """The process dies here: no clean-up of ours runs."""


STEPS = ["link_tree", "_keep_displaced", "_keep_previous", "_write_target", "sync_tree", "replace_directory"]


@pytest.mark.parametrize("step", STEPS)
def test_an_error_at_any_step_leaves_the_old_set(directory: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    embed(OLD, directory)

    def fail(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(firmware.embed, step, fail)
    with pytest.raises(EmbedFailedError, match="No space left on device") as caught:
        embed(NEW, directory)
    assert caught.value.remedy == f"free some space on the file system of {directory.parent}"
    assert content(directory) == roms(OLD)
    assert beside(directory) == []


@pytest.mark.parametrize("step", [*STEPS, "remove_tree"])
def test_a_crash_at_any_step_leaves_one_whole_set_and_the_next_embedding_cleans_up(
    directory: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    embed(OLD, directory)

    def crash(*arguments: object, **options: object) -> None:
        raise Crash

    with monkeypatch.context() as patches:
        patches.setattr(firmware.embed, "remove_tree", crash)  # the clean-up after a crash does not run either
        patches.setattr(firmware.embed, step, crash)
        with pytest.raises(Crash):
            embed(NEW, directory)
    assert content(directory) in (roms(OLD), roms(NEW))
    assert beside(directory) != []
    embed(NEW, directory)
    assert content(directory) == roms(NEW)
    assert beside(directory) == []


def no_exchange(first: Path, second: Path) -> None:
    raise OSError(errno.EINVAL, "Invalid argument")


def test_without_exchange_two_renames_serve(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    embed(OLD, directory)
    monkeypatch.setattr(firmware.exchange, "exchange", no_exchange)
    embed(NEW, directory)
    assert content(directory) == roms(NEW)
    assert "the file system cannot exchange directories; it is replaced by two renames" in caplog.text
    rollback(directory)
    assert content(directory) == roms(OLD)
    assert beside(directory) == []


def test_a_crash_between_the_two_renames_is_mended(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    embed(OLD, directory)
    directory.rename(moved_path(directory))
    staged_path(directory).mkdir()
    with pytest.raises(EmbedRefusedError, match="has no previous ROM set"):
        rollback(directory)
    assert "an interrupted replacement is undone" in caplog.text
    assert content(directory) == roms(OLD)
    assert beside(directory) == []


def test_the_second_rename_that_fails_is_undone(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embed(OLD, directory)
    monkeypatch.setattr(firmware.exchange, "exchange", no_exchange)
    rename: Callable[[Path, Path], Path] = Path.rename

    def rename_once(source: Path, target: Path) -> Path:
        if source == staged_path(directory):
            raise OSError(errno.EIO, "Input/output error")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", rename_once)
    with pytest.raises(EmbedFailedError, match="Input/output error"):
        embed(NEW, directory)
    assert content(directory) == roms(OLD)
    assert beside(directory) == []


def test_a_disk_that_is_full_leaves_the_old_set(directory: Path) -> None:
    embed(OLD, directory)
    large = rom_set_of("large", [("efi-e1000.rom", b"x" * 100_000)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(EmbedFailedError, match=r"cannot embed into .*: File too large"):
            embed(large, directory)
        with pytest.raises(EmbedFailedError, match="File too large"):
            embed(large, directory.with_name("fresh"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert content(directory) == roms(OLD)
    assert beside(directory) == []


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(EmbedFailedError, match="Not a directory"):
        embed(OLD, tmp_path / "file")
    with pytest.raises(EmbedFailedError, match=r"Not a directory|File exists"):
        embed(OLD, tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "x"
    assert beside(tmp_path / "file") == []


def test_links_that_are_not_allowed_become_copies(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory.mkdir(parents=True)
    (directory / "bios.bin").write_bytes(b"bios")

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    embed(OLD, directory)
    assert content(directory) == roms(OLD) | {"bios.bin": b"bios"}


def test_a_lock_that_is_never_released_is_given_up(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embed(OLD, directory)
    monkeypatch.setattr(firmware.exchange, "LOCK_S", 0.0)
    handle = os.open(directory.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(EmbedFailedError, match="Resource temporarily unavailable"):
            embed(NEW, directory)
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
    embed(OLD, directory)
    embed(NEW, directory)
    reader = subprocess.Popen([sys.executable, "-c", READER, str(directory), "3000"], stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    rom_sets = [OLD, NEW]
    while reader.poll() is None:
        embed(rom_sets[0], directory, durable=False)
        rom_sets.reverse()
    output, _ = reader.communicate()
    assert reader.returncode == 0
    assert set(output.split()) - {"gone"} == {"old", "new"}


def test_embedders_at_the_same_time_take_turns(directory: Path) -> None:
    failures: list[BaseException] = []

    def work(rom_set: RomSet) -> None:
        try:
            for _ in range(10):
                embed(rom_set, directory, durable=False)
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
from firmware.embed import EmbedFailedError, embed_rom_set
from firmware.romset import rom_set_of
directory = Path(sys.argv[1]) / "d"
options = {"origin": {}, "tool_version": "1"}
embed_rom_set(rom_set_of("s", [("efi-a.rom", b"x" * 512)]), directory, **options)
try:
    embed_rom_set(rom_set_of("l", [("efi-a.rom", b"x" * 60000)]), directory, **options)
except EmbedFailedError as error:
    print(error.remedy)
print([path.name for path in directory.parent.iterdir()], (directory / "efi-a.rom").stat().st_size)
try:
    embed_rom_set(rom_set_of("s", [("efi-a.rom", b"x" * 512)]), directory.parent, **options)
except EmbedFailedError as error:
    print(error)
' "$1"
    """
    argv = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "-", str(tmp_path), sys.executable]
    found = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    if "unshare" in found.stderr:
        pytest.skip(f"no user namespaces: {found.stderr.strip()}")
    assert (found.stderr, found.returncode) == ("", 0)
    assert found.stdout.splitlines()[0] == f"free some space on the file system of {tmp_path}"
    assert found.stdout.splitlines()[1] == "['d'] 512"
    assert f"cannot embed into {tmp_path}: " in found.stdout.splitlines()[2]
