import json
import os
from pathlib import Path

import pytest

import bootrig.romset.embed
from bootrig import __version__
from bootrig.jsonfile import JsonFileError
from bootrig.romset.embed import embed_rom_set, rollback
from bootrig.romset.errors import EmbedFailedError, EmbedRefusedError
from bootrig.romset.exchange import staged_path
from bootrig.romset.manifest import MANIFEST_NAME, find_manifest
from firmware.romset import RomSet
from tests.romset.rom_sets import NEW, OLD, beside, content, roms


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data" / "pc-bios"


@pytest.mark.parametrize("durable", [True, False])
def test_embeds_into_a_fresh_directory(directory: Path, durable: bool) -> None:
    manifest = embed_rom_set(OLD, directory, durable=durable)
    assert content(directory) == {
        "efi-e1000.rom": b"old e1000",
        "efi-pcnet.rom": b"old pcnet",
        "pxe-e1000.rom": b"old e1000",
        "pxe-pcnet.rom": b"old pcnet",
    }
    assert find_manifest(directory) == manifest
    assert (manifest.rom_set, manifest.tool_version, manifest.origin) == ("old", __version__, {"recipe": "old"})
    assert [(file.name, file.rom) for file in manifest.files][:2] == [
        ("efi-e1000.rom", "pxe-e1000.rom"),
        ("efi-pcnet.rom", "pxe-pcnet.rom"),
    ]
    assert manifest.files[0].sha256 == OLD.roms[0].sha256
    assert beside(directory) == []
    with pytest.raises(EmbedRefusedError, match="has no previous ROM set to restore"):
        rollback(directory)


@pytest.mark.parametrize("embedded_before", [False, True])
@pytest.mark.parametrize("durable", [False, True])
def test_the_files_are_on_the_disk_before_they_are_seen(
    directory: Path, durable: bool, embedded_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if embedded_before:
        embed_rom_set(OLD, directory)
    synced: list[tuple[Path, bool]] = []
    monkeypatch.setattr(
        bootrig.romset.embed,
        "sync_tree",
        lambda staged: synced.append((staged, roms(NEW).items() <= content(staged).items() and not shown())),
    )

    def shown() -> bool:
        return directory.exists() and content(directory) == roms(NEW)

    embed_rom_set(NEW, directory, durable=durable)
    assert shown()
    assert synced == ([(staged_path(directory), True)] if durable else [])


def test_an_empty_directory_keeps_its_mode(directory: Path) -> None:
    directory.mkdir(parents=True)
    directory.chmod(0o750)
    embed_rom_set(OLD, directory)
    assert directory.stat().st_mode & 0o777 == 0o750


def test_replaces_its_own_set_and_brings_it_back(directory: Path) -> None:
    embed_rom_set(OLD, directory)
    embed_rom_set(NEW, directory)
    assert content(directory) == roms(NEW)
    assert rollback(directory) == find_manifest(directory)
    assert content(directory) == roms(OLD)
    assert find_manifest(directory).rom_set == "old"
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
    embed_rom_set(OLD, directory)
    embed_rom_set(NEW, directory)
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
    embed_rom_set(OLD, directory)
    embed_rom_set(NEW, directory)
    (directory / "later.bin").write_bytes(b"later")
    rollback(directory)
    assert content(directory) == roms(OLD) | {"later.bin": b"later"}


def test_the_first_set_can_be_taken_out_again(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "bios.bin").write_bytes(b"bios")
    embed_rom_set(OLD, directory)
    assert rollback(directory) is None
    assert content(directory) == {"bios.bin": b"bios"}
    assert find_manifest(directory) is None


def test_files_of_others_are_never_overwritten(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "efi-e1000.rom").write_bytes(b"theirs")
    (directory / "target").write_bytes(b"target")
    (directory / "pxe-pcnet.rom").symlink_to("target")
    with pytest.raises(EmbedRefusedError) as caught:
        embed_rom_set(OLD, directory)
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
    manifest = embed_rom_set(OLD, directory, force=True)
    assert manifest.displaced == ("efi-e1000.rom", "pxe-pcnet.rom")
    assert content(directory) == roms(OLD) | {"target": b"target"}
    assert (directory / ".bootrig" / "displaced" / "efi-e1000.rom").read_bytes() == b"theirs"
    assert rollback(directory) is None
    assert content(directory) == {"efi-e1000.rom": b"theirs", "target": b"target", "pxe-pcnet.rom": b"target"}
    assert (directory / "pxe-pcnet.rom").is_symlink()


def test_a_displaced_file_comes_back_when_a_set_no_longer_covers_it(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "efi-pcnet.rom").write_bytes(b"theirs")
    embed_rom_set(OLD, directory, force=True)
    assert embed_rom_set(NEW, directory).displaced == ()
    assert content(directory) == roms(NEW) | {"efi-pcnet.rom": b"theirs"}
    with pytest.raises(EmbedRefusedError, match=r"changed since: efi-pcnet\.rom"):
        rollback(directory)
    rollback(directory, force=True)
    assert content(directory) == roms(OLD)
    assert (directory / ".bootrig" / "displaced" / "efi-pcnet.rom").read_bytes() == b"theirs"


def test_a_rom_of_ours_that_was_changed_is_not_ours_any_more(directory: Path) -> None:
    embed_rom_set(OLD, directory)
    (directory / "efi-e1000.rom").write_bytes(b"patched")
    with pytest.raises(EmbedRefusedError, match=r"changed since: efi-e1000\.rom"):
        embed_rom_set(NEW, directory)
    embed_rom_set(NEW, directory, force=True)
    (directory / "efi-e1000.rom").write_bytes(b"patched again")
    manifest = embed_rom_set(OLD, directory, force=True)
    assert len(manifest.displaced) == 2
    kept = {path.read_bytes() for path in (directory / ".bootrig" / "displaced").iterdir()}
    assert kept == {b"patched", b"patched again"}


def test_the_same_bytes_are_in_nobodys_way(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "efi-e1000.rom").write_bytes(b"old e1000")
    assert embed_rom_set(OLD, directory).displaced == ("efi-e1000.rom",)
    rollback(directory)
    assert content(directory) == {"efi-e1000.rom": b"old e1000"}


def test_a_directory_in_the_place_of_a_rom_is_refused_even_with_force(directory: Path) -> None:
    (directory / "efi-e1000.rom").mkdir(parents=True)
    with pytest.raises(EmbedRefusedError, match=r"contains directories named like ROM files: efi-e1000\.rom"):
        embed_rom_set(OLD, directory, force=True)


def test_embeds_where_a_link_leads(directory: Path, tmp_path: Path) -> None:
    directory.mkdir(parents=True)
    (tmp_path / "link").symlink_to(directory)
    embed_rom_set(OLD, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert content(directory) == roms(OLD)


@pytest.mark.parametrize(
    ("rom_set", "message"),
    [
        (RomSet.of_files("mine", {"ipxe.rom": b"x"}), "mine has no ROMs: no file is called efi-NAME.rom or"),
        (RomSet.of_files("mine", {"efi-a.rom": b"", "efi-b.rom": b"x"}), "mine has empty ROMs, .*: efi-a.rom$"),
    ],
)
def test_refuses_a_set_that_qemu_could_not_use(directory: Path, rom_set: RomSet, message: str) -> None:
    with pytest.raises(EmbedRefusedError, match=message):
        embed_rom_set(rom_set, directory)
    assert not directory.exists()


def test_refuses_a_file_in_the_place_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbedRefusedError, match="file is not a directory"):
        embed_rom_set(OLD, tmp_path / "file")


def test_rollback_needs_a_directory(tmp_path: Path) -> None:
    with pytest.raises(EmbedRefusedError, match="does not exist"):
        rollback(tmp_path / "a" / "b")
    with pytest.raises(EmbedRefusedError, match="has no previous ROM set"):
        rollback(tmp_path / "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Input data was truncated"),
        ("[]", "Expected `object`, got `array`"),
        ("{}", "missing required field `rom_set`"),
        ('{"format": "bootrig-manifest/9"}', "Invalid enum value 'bootrig-manifest/9'"),
    ],
)
def test_a_damaged_manifest_stops_everything(directory: Path, text: str, message: str) -> None:
    embed_rom_set(OLD, directory)
    (directory / MANIFEST_NAME).write_text(text)
    with pytest.raises(JsonFileError, match=message):
        find_manifest(directory)
    with pytest.raises(EmbedFailedError, match=message) as caught:
        embed_rom_set(NEW, directory)
    assert caught.value.remedy.startswith(f"remove {directory / MANIFEST_NAME}")
    assert content(directory) == roms(OLD)


def test_a_manifest_that_cannot_be_read(tmp_path: Path) -> None:
    assert find_manifest(tmp_path) is None
    (tmp_path / MANIFEST_NAME).mkdir()
    with pytest.raises(JsonFileError, match="it is a directory"):
        find_manifest(tmp_path)


def test_a_manifest_says_its_format(directory: Path) -> None:
    embed_rom_set(OLD, directory)
    assert json.loads((directory / MANIFEST_NAME).read_bytes())["format"] == "bootrig-manifest/1"
