import os
from pathlib import Path

import pytest

import bootrig
import bootrig.recipe.path as recipe_path
from bootrig.errors import RigError
from bootrig.recipe.path import (
    UnknownRecipeError,
    find_recipe_path,
    iter_recipe_names,
    recipe_directories,
    shipped_recipes,
)


def test_finds_the_recipes_that_ship() -> None:
    assert find_recipe_path("roms", "ipxe-debian-12") == shipped_recipes() / "roms" / "ipxe-debian-12.toml"
    assert "ipxe-debian-13" in iter_recipe_names("roms")


def test_the_users_directories_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "roms").mkdir(parents=True)
    (tmp_path / "two" / "roms" / "ipxe-debian-12.toml").touch()
    (tmp_path / "one" / "roms" / "mine.toml").touch()
    monkeypatch.setenv("BOOTRIG_RECIPES", os.pathsep.join([str(tmp_path / "one"), "", str(tmp_path / "two")]))
    assert find_recipe_path("roms", "ipxe-debian-12") == tmp_path / "two" / "roms" / "ipxe-debian-12.toml"
    assert find_recipe_path("roms", "mine") == tmp_path / "one" / "roms" / "mine.toml"
    assert {"mine", "ipxe-debian-13"} <= set(iter_recipe_names("roms"))
    assert len(recipe_directories("roms")) == 3


def test_a_path_is_the_recipe_itself(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.touch()
    assert find_recipe_path("roms", str(path)) == path
    with pytest.raises(UnknownRecipeError, match=r"there is no recipe file .*none\.toml"):
        find_recipe_path("roms", str(tmp_path / "none.toml"))


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownRecipeError) as caught:
        find_recipe_path("roms", "ipxe-debain-12")
    assert 'there is no recipe "ipxe-debain-12" in ' in str(caught.value)
    assert 'did you mean "ipxe-debian-12"?' in str(caught.value)
    assert "ipxe-debian-sid" in caught.value.remedy


def test_an_unknown_name_far_from_all_is_answered_without_a_guess() -> None:
    with pytest.raises(UnknownRecipeError) as caught:
        find_recipe_path("roms", "zzz")
    assert "did you mean" not in str(caught.value)


def test_what_is_no_file_is_no_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "roms" / "folder.toml").mkdir(parents=True)
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path))
    assert "folder" not in iter_recipe_names("roms")
    with pytest.raises(UnknownRecipeError) as caught:
        find_recipe_path("roms", "folder")
    assert "did you mean" not in str(caught.value)


def test_a_directory_needs_a_slash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownRecipeError) as caught:
        find_recipe_path("roms", "out")
    assert caught.value.remedy == "name a path with a slash: ./out"


def test_a_kind_without_recipes_says_where_to_put_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe_path, "shipped_recipes", lambda: tmp_path)
    with pytest.raises(UnknownRecipeError) as caught:
        find_recipe_path("emulators", "x")
    assert caught.value.remedy == f"put a recipe into one of these directories: {tmp_path / 'emulators'}"


def test_an_installation_without_recipes_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lib" / "bootrig"
    monkeypatch.setattr(bootrig, "__file__", str(package / "__init__.py"))
    with pytest.raises(RigError, match="the recipes that ship with bootrig are missing") as caught:
        shipped_recipes()
    assert caught.value.remedy == "install bootrig again"
