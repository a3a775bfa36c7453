import os
import time
from pathlib import Path

import pytest

from bootrig.builder.plan import make_plan
from bootrig.cli.main import main
from bootrig.recipe.build import BuildRecipe
from bootrig.recipe.roms import load_rom_recipe
from bootrig.store.content import Store
from tests.builder.rom_recipes import ARCHIVE, ROMS, sha256, write_archive_recipe, write_package_recipe
from tests.builder.stand_in import make_source_package, recipe_text
from tests.builder.stand_in import write_recipe as write_build_recipe
from tests.store.packages import make_package

ROM = ROMS["usr/share/qemu/efi-e1000.rom"]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    write_package_recipe(tmp_path / "recipes")
    write_archive_recipe(tmp_path / "recipes")
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path / "recipes"))
    monkeypatch.setenv("BOOTRIG_STORE", str(tmp_path / "store"))
    return Store(tmp_path / "store")


def test_add_says_what_each_file_is(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"x.rom": ROM, "mine_1_all.deb": make_package(ROMS), "other": b"other", "q.tar.gz": ARCHIVE}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert main(["store", "add", *(str(tmp_path / name) for name in files)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{tmp_path / 'x.rom'}: {sha256(ROM)}: mine: efi-e1000.rom, old: efi-e1000.rom"
    assert lines[1].endswith(": mine: source")
    assert lines[2] == "  usr/share/qemu/efi-e1000.rom: mine: efi-e1000.rom, old: efi-e1000.rom"
    assert lines[4] == f"{tmp_path / 'other'}: {sha256(b'other')}: no recipe names it"
    assert lines[5] == f"{tmp_path / 'q.tar.gz'}: its members were imported, itself is not needed"


def test_add_knows_the_sources_of_what_is_built(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = make_source_package()
    write_build_recipe(tmp_path / "recipes", recipe_text(package))
    for name, content in package.items():
        (tmp_path / name).write_bytes(content)
    assert main(["store", "add", *(str(tmp_path / name) for name in package)]) == 0
    assert capsys.readouterr().out.count(": standboot: source\n") == 3
    assert main(["roms", "show", "standboot"]) == 0
    assert "builds   efi-ne2k_pci.rom" in capsys.readouterr().out
    (tmp_path / "seabios_1.16.2-1.dsc").write_bytes(b"other bytes")
    assert main(["store", "add", str(tmp_path / "seabios_1.16.2-1.dsc")]) == 2
    assert "is not the file that the recipe seabios names" in capsys.readouterr().err


def test_add_takes_what_is_good_and_refuses_the_rest(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine_1_all.deb").write_bytes(make_package(ROMS)[:-5])
    (tmp_path / "good").write_bytes(b"good")
    (tmp_path / "recipes" / "roms" / "broken.toml").write_text("x")
    argv = [str(tmp_path / "none"), str(tmp_path / "mine_1_all.deb"), str(tmp_path / "good")]
    assert main(["store", "add", *argv]) == 2
    captured = capsys.readouterr()
    assert "not used: " in captured.out
    assert "broken.toml is not TOML" in captured.out
    assert f"{tmp_path / 'none'} cannot be read: No such file" in captured.err
    assert "is not the file that the recipe mine names" in captured.err
    assert "remedy: get the file with SHA-256" in captured.err
    assert store.find(sha256(b"good"))


def test_lists_and_checks(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other").write_bytes(b"other")
    (tmp_path / "rom").write_bytes(ROM)
    main(["store", "add", str(tmp_path / "other"), str(tmp_path / "rom")])
    store.add_bytes(b"nameless")
    capsys.readouterr()
    assert main(["store", "list"]) == 0
    listed = capsys.readouterr().out
    assert f"{sha256(b'other')}         5 other\n" in listed
    assert f"{sha256(ROM)} {len(ROM):>9} mine: efi-e1000.rom, old: efi-e1000.rom\n" in listed
    assert f"{sha256(b'nameless')}         8 -\n" in listed
    assert main(["store", "check"]) == 0
    assert capsys.readouterr().out.startswith(f"{store.root}: 3 files intact, 0 damaged\nrecipes name ")
    path = store.path_of(sha256(b"other"))
    path.chmod(0o644)
    path.write_bytes(b"changed")
    store.record("mine-1", {"x": sha256(b"other")})
    assert main(["store", "check"]) == 3
    told = capsys.readouterr().out
    assert told.startswith(
        f"damaged and removed: {sha256(b'other')} other\nincomplete, to be built anew: mine-1\n"
        f"{store.root}: 2 files intact, 1 damaged\n"
    )
    assert ", 1 of them are here; the others are fetched when needed" in told
    assert main(["store", "check"]) == 0


def test_prune_shows_what_no_recipe_names_and_removes_it_when_told(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = make_source_package()
    write_build_recipe(tmp_path / "recipes", recipe_text(package))
    recipe = load_rom_recipe("standboot")
    assert isinstance(recipe, BuildRecipe)
    current = make_plan(recipe).key
    artifacts = {key: store.add_bytes(key.encode(), file_name="x.rom") for key in (current, "standboot-old", "gone-1")}
    for key, digest in artifacts.items():
        store.record(key, {"x.rom": digest})
    kept = {store.add_bytes(ROM), artifacts[current]}
    other = store.add_bytes(b"other", file_name="other")
    long_ago = time.time() - 50 * 86400
    os.utime(store.path_of(other), (long_ago, long_ago))
    assert main(["store", "prune", "--older", "30d"]) == 0
    assert capsys.readouterr().out == (
        f"{other}         5    50 days other\n{store.root}: 1 files that no recipe names, 5 bytes; --yes removes them\n"
    )
    assert main(["store", "prune", "--yes"]) == 0
    assert f"{store.root}: removed 3 files that no recipe names, " in capsys.readouterr().out
    assert {file.sha256 for file in store.iter_files()} == kept
    assert [key for key, _ in store.iter_records()] == [current]
    assert main(["store", "prune"]) == 0
    assert capsys.readouterr().out == f"{store.root}: 0 files that no recipe names, 0 bytes\n"


def test_prune_removes_nothing_while_a_recipe_is_wrong(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.add_bytes(b"other")
    (tmp_path / "recipes" / "roms" / "broken.toml").write_text("x")
    assert main(["store", "prune", "--yes"]) == 2
    assert "mend it first: what it names would be removed" in capsys.readouterr().err
    assert [file.length for file in store.iter_files()] == [5]
    with pytest.raises(SystemExit):
        main(["store", "prune", "--older", "30"])
    assert "is not an age, expected days or hours, such as 30d or 12h" in capsys.readouterr().err


def test_path(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "path"]) == 0
    assert capsys.readouterr().out == f"{store.root}\n"
    digest = store.add_bytes(b"x")
    assert main(["store", "path", digest]) == 0
    assert capsys.readouterr().out == f"{store.path_of(digest)}\n"
    assert main(["store", "path", "0" * 64]) == 2
    assert f"the store {store.root} has no file {'0' * 64}" in capsys.readouterr().err
    assert main(["store", "path", "xyz"]) == 2
    assert '"xyz" is not a SHA-256 digest' in capsys.readouterr().err


def test_a_store_that_cannot_be_written_is_a_broken_rig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BOOTRIG_STORE", str(tmp_path / "file" / "store"))
    assert main(["store", "add", str(tmp_path / "file")]) == 3
    errors = capsys.readouterr().err
    assert "cannot be written: Not a directory" in errors
    assert "remedy: name another place with BOOTRIG_CACHE, or for the store alone with BOOTRIG_STORE" in errors
