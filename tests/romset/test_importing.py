import gzip
from pathlib import Path

import pytest

from bootrig.romset.importing import import_file
from bootrig.romset.kinds.recipe import obtain_prebuilt
from bootrig.store.content import Store
from bootrig.store.errors import ArchiveError, ImportFileError
from bootrig.store.settings import FetchSettings
from tests.builder.rom_recipes import ARCHIVE, ROMS, sha256, write_archive_recipe, write_package_recipe
from tests.store.packages import make_package

OFFLINE = FetchSettings(offline=True)


def written(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_a_rom_by_itself(store: Store, tmp_path: Path) -> None:
    recipes = [write_package_recipe(tmp_path), write_archive_recipe(tmp_path)]
    content = ROMS["usr/share/qemu/efi-e1000.rom"]
    imported = import_file(written(tmp_path, "renamed.bin", content), store, recipes)
    assert imported.stored is not None
    assert imported.stored.sha256 == sha256(content)
    assert imported.serves == ("mine: efi-e1000.rom", "old: efi-e1000.rom")


def test_a_package_brings_its_members(store: Store, tmp_path: Path) -> None:
    recipe = write_package_recipe(tmp_path)
    imported = import_file(written(tmp_path, "mine_1_all.deb", make_package(ROMS)), store, [recipe])
    assert imported.serves == ("mine: source",)
    assert imported.members == (
        ("usr/share/qemu/efi-e1000.rom", ("mine: efi-e1000.rom",)),
        ("usr/share/qemu/pxe-e1000.rom", ("mine: pxe-e1000.rom",)),
    )
    assert len(list(store.iter_files())) == 3
    assert len(obtain_prebuilt(recipe, store, OFFLINE).roms) == 2


@pytest.mark.parametrize("name", ["old-1.tar.gz", "another-release.tar.gz"])
def test_an_archive_brings_its_members_and_is_not_kept(store: Store, tmp_path: Path, name: str) -> None:
    recipe = write_archive_recipe(tmp_path)
    imported = import_file(written(tmp_path, name, ARCHIVE), store, [recipe])
    assert imported.stored is None
    assert len(imported.members) == 2
    assert len(list(store.iter_files())) == 2
    assert len(obtain_prebuilt(recipe, store, OFFLINE).roms) == 2


@pytest.mark.parametrize("content", [b"anything", b"", gzip.compress(b"not a tar", mtime=0)])
def test_what_no_recipe_names_is_taken_too(store: Store, tmp_path: Path, content: bytes) -> None:
    imported = import_file(written(tmp_path, "x", content), store, [write_package_recipe(tmp_path)])
    assert imported.stored is not None
    assert (imported.serves, imported.members) == ((), ())
    assert store.read(sha256(content)) == content


def test_another_package_without_members_is_taken_whole(store: Store, tmp_path: Path) -> None:
    package = make_package({"usr/bin/x": b"x"})
    imported = import_file(written(tmp_path, "x.deb", package), store, [write_package_recipe(tmp_path)])
    assert imported.stored is not None
    assert store.find(sha256(package))


def test_refuses_the_name_of_a_package_with_other_bytes(store: Store, tmp_path: Path) -> None:
    package = make_package(ROMS)
    recipe = write_package_recipe(tmp_path)
    truncated = package[:-10]
    with pytest.raises(ImportFileError) as caught:
        import_file(written(tmp_path, "mine_1_all.deb", truncated), store, [recipe])
    assert str(caught.value) == (
        f"{tmp_path / 'mine_1_all.deb'} is not the file that the recipe mine names: "
        f"SHA-256 {sha256(truncated)}, {len(package) - 10} bytes where {len(package)} are expected"
    )
    assert sha256(package) in caught.value.remedy
    with pytest.raises(ImportFileError, match=r"SHA-256 [0-9a-f]{64}$"):
        import_file(written(tmp_path, "mine_1_all.deb", package[:-1] + b"?"), store, [recipe])
    assert list(store.iter_files()) == []


def test_refuses_a_damaged_archive(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path, "x.tar.gz", ARCHIVE[:-50])
    with pytest.raises(ArchiveError, match=r"x\.tar\.gz is truncated or damaged"):
        import_file(path, store, [write_package_recipe(tmp_path, members={"a/efi-x.rom": b"missing"})])
    assert list(store.iter_files()) == []


def test_refuses_what_is_no_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match=f"{tmp_path / 'none'} cannot be read: No such file"):
        import_file(tmp_path / "none", store, [])
    with pytest.raises(ImportFileError, match=f"{tmp_path} cannot be read: it is a directory"):
        import_file(tmp_path, store, [])
