from pathlib import Path

import pytest

from bootrig.document.errors import DocumentError
from bootrig.recipe.path import RecipeKind, iter_recipe_names
from bootrig.recipe.recipe import load_all
from bootrig.recipe.roms import PrebuiltRomSet, load_rom_recipe
from bootrig.recipe.source import SourceKind
from firmware.nic import NIC_MODELS

SHIPPED = (
    "gpxe-qemu-0.14",
    "ipxe-debian-12",
    "ipxe-debian-13",
    "ipxe-debian-sid",
    "ipxe-qemu-0.15",
    "ipxe-qemu-8",
)

GOOD = f"""
name = "mine"
title = "My set"
version = "1"
origin = "home"
licence = "GPL-2.0-or-later"

[source]
kind = "debian-package"
pool_path = "pool/main/m/mine/mine_1_all.deb"
sha256 = "{"a" * 64}"
sha1 = "{"b" * 40}"
length = 5

[[rom]]
name = "efi-e1000.rom"
member = "usr/share/qemu/efi-e1000.rom"
sha256 = "{"c" * 64}"
length = 512
"""


def load(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(DocumentError) as caught:
        load_rom_recipe(str(path))
    return [(problem.key_path, problem.message) for problem in caught.value.problems]


def test_loads_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    recipe = load_rom_recipe(str(path))
    assert isinstance(recipe, PrebuiltRomSet)
    assert recipe.source.kind is SourceKind.DEBIAN_PACKAGE
    assert recipe.source.files[0].file_name == "mine_1_all.deb"
    assert recipe.source.files[0].addresses == (f"https://snapshot.debian.org/file/{'b' * 40}",)
    assert recipe.members[0].file_name == "efi-e1000.rom"
    assert recipe.origin_facts() == {
        "recipe": "mine",
        "version": "1",
        "origin": "home",
        "licence": "GPL-2.0-or-later",
        "source": "mine_1_all.deb",
        "source_sha256": "a" * 64,
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_each_set_that_ships_is_whole(name: str) -> None:
    recipe = load_rom_recipe(name)
    assert isinstance(recipe, PrebuiltRomSet)
    stems = {member.file_name.partition("-")[2].removesuffix(".rom") for member in recipe.members}
    known = {model.rom_stem for model in NIC_MODELS.values()}
    assert stems <= known
    expected = {"gpxe-qemu-0.14": (6, 6), "ipxe-qemu-0.15": (6, 6), "ipxe-qemu-8": (8, 8)}.get(name, (16, 8))
    assert (len(recipe.members), len(stems)) == expected
    if recipe.source.kind is SourceKind.DEBIAN_PACKAGE:
        assert recipe.source.files[0].sha256 is not None
        assert recipe.source.files[0].length is not None
        assert recipe.source.files[0].pool_path is not None
        assert recipe.source.files[0].pool_path.startswith("pool/main/i/ipxe/ipxe-qemu_")
        assert [
            address.startswith("https://snapshot.debian.org/file/") for address in recipe.source.files[0].addresses
        ] == [True]
    else:
        assert all(address.startswith("https://download.qemu.org/") for address in recipe.source.files[0].addresses)


def test_all_that_ship_load() -> None:
    recipes, errors = load_all(RecipeKind.ROMS, load_rom_recipe)
    assert errors == ()
    assert set(SHIPPED) <= {recipe.name for recipe in recipes}
    assert set(SHIPPED) <= set(iter_recipe_names("roms"))


def test_a_broken_recipe_does_not_hide_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "roms").mkdir()
    (tmp_path / "roms" / "mine.toml").write_text("name = 1")
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path))
    recipes, errors = load_all(RecipeKind.ROMS, load_rom_recipe)
    assert len(recipes) >= 6
    assert len(errors) == 1


def test_names_every_problem(tmp_path: Path) -> None:
    text = GOOD.replace('name = "mine"', 'name = "other"').replace('version = "1"', "verson = 1")
    text = text.replace("a" * 64, "A" * 64).replace("b" * 40, "b").replace("pool/main/m", "../main/m")
    text = text.replace('"efi-e1000.rom"', '"e1000.rom"').replace("length = 512", "length = 99999999")
    assert load(tmp_path, text) == [
        ("name", 'found "other", expected "mine" as the file is called'),
        ("version", "missing; expected a string"),
        ("source.pool_path", 'found a string "../main/m/mine/mine_1_all.deb", expected a path below a Debian mirror'),
        ("source.sha1", 'found a string "b", expected 40 hexadecimal digits'),
        ("source.sha256", "found a string, expected 64 hexadecimal digits"),
        ("rom[0].name", 'found a string "e1000.rom", expected efi-NAME.rom or pxe-NAME.rom'),
        ("rom[0].length", "found 99999999, expected at most 16777216"),
        ("verson", 'unknown key; did you mean "version"?'),
    ]


def test_refuses_a_name_twice(tmp_path: Path) -> None:
    rom = GOOD[GOOD.index("[[rom]]") :]
    assert load(tmp_path, GOOD + rom) == [("rom", '"efi-e1000.rom" is in rom[0] and again in rom[1]')]


def test_refuses_a_recipe_without_roms(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("[[rom]]")]
    assert load(tmp_path, text) == [("rom", "missing; expected an array, each element a table")]


def test_refuses_an_unknown_kind_of_source(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD.replace("debian-package", "debian-packge"))
    assert found[0][0] == "source.kind"
    assert 'did you mean "debian-package"?' in found[0][1]


def test_refuses_an_archive_from_nowhere(tmp_path: Path) -> None:
    text = GOOD.replace('"debian-package"', '"archive"').replace('pool_path = "pool', 'addresses = ["ftp://x')
    text = text.replace('all.deb"', 'all.deb"]').replace(f'sha1 = "{"b" * 40}"\n', "")
    assert load(tmp_path, text) == [
        (
            "source.addresses[0]",
            'found a string "ftp://x/main/m/mine/mine_1_all.deb", expected an http or https address of a file',
        )
    ]
