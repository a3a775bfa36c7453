from pathlib import Path

import pytest

from bootrig.document.errors import DocumentError
from bootrig.recipe.build import BuildRecipe
from bootrig.recipe.path import RecipeKind, UnknownRecipeError, iter_recipe_names
from bootrig.recipe.platform_firmware import load_platform_firmware_recipe
from bootrig.recipe.roms import load_rom_recipe
from bootrig.recipe.source import SourceKind
from firmware.nic import ROM_STEMS

HEAD = 'name = "mine"\ntitle = "t"\nversion = "1"\norigin = "o"\nlicence = "0BSD"\n'
SOURCE = f"""
[source]
kind = "debian-source"
pool_path = "pool/main/m/mine/mine_1-1.dsc"
sha256 = "{"a" * 64}"
sha1 = "{"b" * 40}"
snapshot = "20250801T000000Z"
[[source.file]]
name = "mine_1.orig.tar.gz"
sha256 = "{"c" * 64}"
length = 5
"""
BUILD = '[build]\ndirectory = "src"\n'
ROM = '[[rom]]\nname = "efi-e1000.rom"\nimages = ["bin/8086100e.rom", "bin-x86_64-efi/8086100e.efidrv"]\n'


def load(tmp_path: Path, *texts: str) -> BuildRecipe:
    path = tmp_path / "mine.toml"
    path.write_text("\n".join(texts))
    recipe = load_rom_recipe(str(path))
    assert isinstance(recipe, BuildRecipe)
    return recipe


def problems(tmp_path: Path, *texts: str) -> list[tuple[str, str]]:
    with pytest.raises(DocumentError) as caught:
        load(tmp_path, *texts)
    return [(problem.key_path, problem.message) for problem in caught.value.problems]


def test_a_debian_source_package(tmp_path: Path) -> None:
    recipe = load(tmp_path, HEAD, SOURCE, BUILD, ROM)
    snapshot = "https://snapshot.debian.org"
    assert recipe.source.kind is SourceKind.DEBIAN_SOURCE
    assert [(file.file_name, file.pool_path, file.addresses) for file in recipe.source.files] == [
        (
            "mine_1-1.dsc",
            "pool/main/m/mine/mine_1-1.dsc",
            (
                f"{snapshot}/file/{'b' * 40}",
                f"{snapshot}/archive/debian/20250801T000000Z/pool/main/m/mine/mine_1-1.dsc",
            ),
        ),
        (
            "mine_1.orig.tar.gz",
            "pool/main/m/mine/mine_1.orig.tar.gz",
            (f"{snapshot}/archive/debian/20250801T000000Z/pool/main/m/mine/mine_1.orig.tar.gz",),
        ),
    ]
    target = recipe.instructions.targets[0]
    assert (target.stem, target.vendor_id, target.device_id) == ("e1000", 0x8086, 0x100E)
    assert target.make == target.images
    assert recipe.instructions.tools == ("gcc", "make")


def test_every_setting_of_a_build(tmp_path: Path) -> None:
    for name in ("a.patch", "script.ipxe", "ca.pem"):
        (tmp_path / name).touch()
    build = """
        [build]
        directory = "src"
        patches = ["a.patch"]
        embedded_script = "script.ipxe"
        trusted = ["ca.pem"]
        prepare = ["olddefconfig"]
        arguments = ["CONFIG=qemu"]
        tools = ["gcc", "make", "perl"]
        headers = ["lzma.h"]
        source_date = 1303128000
        deadline_s = 60
        [build.configuration."config/general.h"]
        BANNER_TIMEOUT = 0
        DOWNLOAD_PROTO_HTTPS = true
        NET_PROTO_IPV6 = false
        [build.settings.".config"]
        CONFIG_QEMU = true
        """
    rom = ROM + "vendor_id = 1\ndevice_id = 2\nlength = 262144\nmaximum_bar = 262144\n"
    instructions = load(tmp_path, HEAD, SOURCE, build, rom).instructions
    assert instructions.patches == (tmp_path / "a.patch",)
    assert instructions.embedded_script == tmp_path / "script.ipxe"
    assert instructions.trusted == (tmp_path / "ca.pem",)
    assert instructions.configuration["config/general.h"] == {
        "BANNER_TIMEOUT": 0,
        "DOWNLOAD_PROTO_HTTPS": True,
        "NET_PROTO_IPV6": False,
    }
    assert instructions.settings == {".config": {"CONFIG_QEMU": True}}
    assert (instructions.source_date, instructions.deadline_s) == (1303128000, 60.0)
    target = instructions.targets[0]
    assert (target.vendor_id, target.device_id, target.length, target.maximum_bar) == (1, 2, 262144, 262144)


def test_other_kinds_of_source(tmp_path: Path) -> None:
    archive = f'[source]\nkind = "archive"\naddresses = ["https://x.example/a.tar.gz"]\nsha256 = "{"a" * 64}"\n'
    assert load(tmp_path, HEAD, archive, BUILD, ROM).source.files[0].file_name == "a.tar.gz"
    git = f'[source]\nkind = "git"\nrepository = "https://x.example/r.git"\ncommit = "{"a" * 40}"\n'
    assert load(tmp_path, HEAD, git, BUILD, ROM).source.commit == "a" * 40
    (tmp_path / "tree").mkdir()
    directory = '[source]\nkind = "directory"\npath = "tree"\n'
    assert load(tmp_path, HEAD, directory, BUILD, ROM).source.directory == tmp_path / "tree"


def test_names_every_problem_of_a_source(tmp_path: Path) -> None:
    archive = '[source]\nkind = "archive"\naddresses = ["https://x.example/a.tar.gz"]\n'
    assert problems(tmp_path, HEAD, archive, BUILD, ROM) == [
        ("source.sha256", "missing; a source that is built has to be pinned")
    ]
    git = '[source]\nkind = "git"\nrepository = "x"\ncommit = "main"\n'
    assert problems(tmp_path, HEAD, git, BUILD, ROM) == [
        ("source.repository", 'found a string "x", expected the address of a repository'),
        ("source.commit", 'found a string "main", expected the 40 hexadecimal digits of a commit'),
    ]
    directory = '[source]\nkind = "directory"\npath = "none"\n'
    assert problems(tmp_path, HEAD, directory, BUILD, ROM) == [
        ("source.path", f"there is no directory {tmp_path / 'none'}")
    ]
    package = SOURCE.replace("debian-source", "debian-package")
    found = problems(tmp_path, HEAD, package, BUILD, ROM)
    assert found[0] == ("source.kind", 'found "debian-package", which is not built from source')
    assert problems(tmp_path, HEAD, SOURCE, ROM)[0][0] == "source.kind"


def test_names_every_problem_of_a_build(tmp_path: Path) -> None:
    build = """
        [build]
        directory = "../src"
        patches = ["none.patch"]
        embedded_script = "none.ipxe"
        tools = ["gcc; rm"]
        source_date = -1
        [build.configuration."/etc/x.h"]
        "1X" = true
        Y = 1.5
        """
    rom = '[[rom]]\nname = "e1000.rom"\nimages = ["bin/x.efidrv"]\n[[rom]]\nname = "efi-x.rom"\nimages = []\n'
    assert problems(tmp_path, HEAD, SOURCE, build, rom) == [
        ("build.directory", 'found a string "../src", expected a relative path'),
        ("build.patches", f"there is no file {tmp_path / 'none.patch'}"),
        ('build.configuration."/etc/x.h".1X', "expected the name of a macro"),
        ('build.configuration."/etc/x.h".Y', "expected a boolean, an integer or a string"),
        ("build.configuration", '"/etc/x.h" is not a relative path'),
        ("build.embedded_script", f"there is no file {tmp_path / 'none.ipxe'}"),
        ("build.tools[0]", 'found a string "gcc; rm", expected the name of a program'),
        ("build.source_date", "found -1, expected at least 0"),
        ("rom[0].vendor_id", "missing; an EFI image needs one, and the names of the images say none"),
        ("rom[1].images", "found an empty array, expected at least one file"),
        ("rom[0].name", 'found "e1000.rom", expected efi-NAME.rom or pxe-NAME.rom'),
    ]


@pytest.mark.parametrize("name", ["ipxe-1.0.0-git20190125", "ipxe-1.21.1-git20250501", "ipxe-2.0.0"])
def test_the_ipxe_recipes_cover_every_nic(name: str) -> None:
    recipe = load_rom_recipe(name)
    assert isinstance(recipe, BuildRecipe)
    assert {target.name for target in recipe.instructions.targets} == {
        f"{prefix}-{stem}.rom" for stem in ROM_STEMS for prefix in ("efi", "pxe")
    }
    assert [file.file_name.rpartition(".")[2] for file in recipe.source.files] == ["dsc", "xz", "xz"]
    assert all(file.addresses for file in recipe.source.files)


def test_the_seabios_recipe() -> None:
    recipe = load_platform_firmware_recipe("seabios")
    assert recipe.name == "seabios"
    assert recipe.code == "bios-256k.bin"
    assert recipe.name in iter_recipe_names(RecipeKind.PLATFORM_FIRMWARE)
    with pytest.raises(UnknownRecipeError, match='did you mean "seabios"'):
        load_platform_firmware_recipe("seabois")


def test_platform_firmware_recipes_name_their_code(tmp_path: Path) -> None:
    path = tmp_path / "fw.toml"
    target = '[[target]]\nname = "bios.bin"\nimages = ["out/bios.bin"]\n'
    path.write_text(f'code = "other.bin"\n{HEAD}{SOURCE}{BUILD}{target}')
    with pytest.raises(DocumentError) as caught:
        load_platform_firmware_recipe(str(path))
    assert [(problem.key_path, problem.message) for problem in caught.value.problems] == [
        ("name", 'found "mine", expected "fw" as the file is called'),
        ("code", 'found "other.bin", expected one of bios.bin'),
    ]
