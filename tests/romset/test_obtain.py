import errno
import hashlib
from pathlib import Path

import pytest

from bootrig.document.errors import DocumentError
from bootrig.errors import InputError
from bootrig.recipe.path import UnknownRecipeError
from bootrig.recipe.roms import PrebuiltRomSet, load_rom_recipe
from bootrig.romset.kinds.recipe import obtain_prebuilt
from bootrig.romset.obtain import KINDS, obtain_rom_set
from bootrig.store.content import Store
from bootrig.store.errors import UnavailableError
from bootrig.store.settings import FetchSettings
from tests.builder.rom_recipes import ARCHIVE, ROMS, sha256, write_archive_recipe, write_package_recipe
from tests.store.http_server import Resource, Server
from tests.store.packages import make_package

OFFLINE = FetchSettings(offline=True)
NO_APT = FetchSettings(use_apt=False)


def test_a_set_comes_out_of_its_package_and_then_from_the_store(server: Server, store: Store, tmp_path: Path) -> None:
    server.resources["/x.deb"] = Resource(make_package(ROMS), break_after=[100])
    recipe = write_package_recipe(tmp_path, addresses=(f"{server.address}/x.deb",))
    rom_set = obtain_prebuilt(recipe, store, NO_APT)
    assert rom_set.name == "mine"
    assert [(rom.file_name, rom.content) for rom in rom_set.roms] == [
        ("efi-e1000.rom", ROMS["usr/share/qemu/efi-e1000.rom"]),
        ("pxe-e1000.rom", ROMS["usr/share/qemu/pxe-e1000.rom"]),
    ]
    assert obtain_prebuilt(recipe, store, OFFLINE) == rom_set
    assert {stored.way for stored in store.iter_files()} == {f"{server.address}/x.deb", "member of mine_1_all.deb"}


def test_by_name_with_the_users_settings(
    server: Server, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.resources["/mirror/pool/m/mine_1_all.deb"] = Resource(make_package(ROMS))
    write_package_recipe(tmp_path)
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path))
    monkeypatch.setenv("BOOTRIG_MIRROR", f"{server.address}/mirror")
    assert len(obtain_rom_set("mine", store).roms) == 2
    with pytest.raises(UnknownRecipeError, match='did you mean "mine"'):
        obtain_rom_set("minee", store)


def test_a_set_comes_out_of_an_archive_by_the_digests_of_its_members(
    server: Server, store: Store, tmp_path: Path
) -> None:
    server.resources["/other.tar.gz"] = Resource(ARCHIVE[:-20])
    server.resources["/right.tar.gz"] = Resource(ARCHIVE)
    recipe = write_archive_recipe(tmp_path, f"{server.address}/other.tar.gz", f"{server.address}/right.tar.gz")
    assert len(obtain_prebuilt(recipe, store, NO_APT).roms) == 2
    assert {stored.way for stored in store.iter_files()} == {f"member of {server.address}/right.tar.gz"}


def test_an_archive_without_the_members_is_refused(server: Server, store: Store, tmp_path: Path) -> None:
    recipe = write_archive_recipe(tmp_path, f"{server.address}/a.tar.gz")
    server.resources["/a.tar.gz"] = Resource(b"this is no archive")
    with pytest.raises(UnavailableError, match=r"a\.tar\.gz: .* is truncated or damaged"):
        obtain_prebuilt(recipe, store, NO_APT)
    server.resources["/a.tar.gz"] = Resource(make_package({"x": b"x"}))
    with pytest.raises(UnavailableError, match=r"has no member with the digest of usr/share/qemu/efi-e1000\.rom, usr/"):
        obtain_prebuilt(recipe, store, NO_APT)


def test_only_what_is_missing_is_taken(server: Server, store: Store, tmp_path: Path) -> None:
    server.resources["/a.tar.gz"] = Resource(ARCHIVE)
    recipe = write_archive_recipe(tmp_path, f"{server.address}/a.tar.gz")
    store.add_bytes(ROMS["usr/share/qemu/efi-e1000.rom"], file_name="by hand", way="imported")
    obtain_prebuilt(recipe, store, NO_APT)
    assert sorted(stored.file_name for stored in store.iter_files()) == ["by hand", "pxe-e1000.rom"]


def test_members_by_themselves_are_enough(store: Store, tmp_path: Path) -> None:
    recipe = write_archive_recipe(tmp_path)
    for content in ROMS.values():
        store.add_bytes(content)
    assert len(obtain_prebuilt(recipe, store, OFFLINE).roms) == 2


def test_without_a_way_the_error_says_what_to_do(store: Store, tmp_path: Path) -> None:
    recipe = write_package_recipe(tmp_path)
    with pytest.raises(UnavailableError) as caught:
        obtain_prebuilt(recipe, store, OFFLINE)
    assert f"mine_1_all.deb (SHA-256 {sha256(make_package(ROMS))}) is not available" in str(caught.value)
    assert "import it here: bootrig store add FILE" in caught.value.remedy


def test_a_truncated_package_is_refused_by_its_digest(server: Server, store: Store, tmp_path: Path) -> None:
    package = make_package(ROMS)
    server.resources["/x.deb"] = Resource(package[:-1], announce=False)
    recipe = write_package_recipe(tmp_path, addresses=(f"{server.address}/x.deb",))
    with pytest.raises(UnavailableError, match=rf"ends after {len(package) - 1} bytes, expected {len(package)}"):
        obtain_prebuilt(recipe, store, NO_APT)
    server.resources["/x.deb"] = Resource(package[:-1] + b"?")
    with pytest.raises(UnavailableError, match="wrong bytes: SHA-256"):
        obtain_prebuilt(recipe, store, NO_APT)
    assert list(store.iter_files()) == []


def test_a_recipe_that_contradicts_its_package_is_wrong(server: Server, store: Store, tmp_path: Path) -> None:
    server.resources["/x.deb"] = Resource(make_package(ROMS))
    members = {**ROMS, "usr/share/qemu/efi-pcnet.rom": b"is not in it"}
    recipe = write_package_recipe(tmp_path, members=members, addresses=(f"{server.address}/x.deb",))
    with pytest.raises(DocumentError) as caught:
        obtain_prebuilt(recipe, store, NO_APT)
    assert "mine_1_all.deb does not have what the recipe mine names:" in str(caught.value)
    assert f"efi-pcnet.rom: no member has SHA-256 {sha256(b'is not in it')}" in str(caught.value)


def test_a_damaged_rom_in_the_store_is_taken_again(server: Server, store: Store, tmp_path: Path) -> None:
    server.resources["/x.deb"] = Resource(make_package(ROMS))
    recipe = write_package_recipe(tmp_path, addresses=(f"{server.address}/x.deb",))
    rom_set = obtain_prebuilt(recipe, store, NO_APT)
    path = store.path_of(rom_set.roms[0].sha256)
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    assert obtain_prebuilt(recipe, store, OFFLINE) == rom_set


def test_a_directory_stands_for_its_roms(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "out"
    directory.mkdir()
    with pytest.raises(InputError, match=r"out has no \.rom files"):
        obtain_rom_set(str(directory), store)
    (directory / "pxe-e1000.rom").write_bytes(b"rom")
    (directory / "ipxe.rom").write_bytes(b"other")
    (directory / "provenance.json").write_bytes(b"{}")
    monkeypatch.chdir(tmp_path)
    rom_set = obtain_rom_set("./out", store)
    assert (rom_set.name, [rom.file_name for rom in rom_set.roms]) == ("out", ["pxe-e1000.rom"])
    assert rom_set.strangers == {"ipxe.rom": b"other"}
    assert rom_set.origin == {"directory": str(directory)}


@pytest.mark.parametrize(
    ("what", "message", "remedy"),
    [
        ("own", 'there is no recipe "own"', "name a path with a slash: ./own"),
        ("own.rom", 'there is no recipe "own.rom"', "name a path with a slash: ./own.rom"),
        ("./none", "there is no file or directory ./none", "a ROM set is a package (deb, rpm)"),
        (
            "./own.rom",
            "./own.rom is not a directory, a package, a tar archive or an option ROM",
            "bootrig lint says",
        ),
        ("./none.toml", "there is no recipe file none.toml", ""),
    ],
)
def test_a_path_has_a_slash_and_everything_else_is_a_name(
    what: str, message: str, remedy: str, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own.rom").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        obtain_rom_set(what, store)
    assert message in str(caught.value)
    assert remedy in caught.value.remedy


def test_a_directory_that_cannot_be_read(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patches, pytest.raises(InputError, match="cannot be read: Permission denied"):
        patches.setattr(Path, "iterdir", refuse)
        obtain_rom_set(str(tmp_path), store)


def test_every_kind_says_what_it_accepts() -> None:
    assert [kind.description for kind in KINDS] == [
        "a package (deb, rpm) or tar archive",
        "a directory of ROMs",
        "host",
        "the name of a recipe",
        "one option ROM",
    ]


@pytest.mark.network
@pytest.mark.parametrize("name", ["ipxe-debian-12", "ipxe-debian-13", "ipxe-debian-sid"])
def test_the_debian_sets_come_from_the_mirror_that_apt_has(store: Store, name: str) -> None:
    recipe = load_rom_recipe(name)
    rom_set = obtain_rom_set(name, store)
    assert isinstance(recipe, PrebuiltRomSet)
    assert [hashlib.sha256(rom.content).hexdigest() for rom in rom_set.roms] == [m.sha256 for m in recipe.members]
