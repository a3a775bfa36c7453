"""What a path or word is, by its content: one test for each kind, and one for each way to be wrong."""

import os
from pathlib import Path

import pytest

from bootrig.errors import InputError
from bootrig.recipe.roms import load_rom_recipe
from bootrig.romset.kinds import archive, host
from bootrig.romset.obtain import obtain_rom_set, require_rom_sets
from bootrig.romset.pin import write_pinned_recipe
from bootrig.store.content import Store
from firmware.optionrom.rom import parse_option_rom
from firmware.romset import RomSet, find_default_name
from tests.firmware.rom_bytes import make_combined_rom
from tests.store.packages import make_package, make_tar
from tests.store.rpm_packages import make_cpio, make_rpm

ROM = make_combined_rom()
DEFAULT = find_default_name(ROM)
BIOS_ONLY = parse_option_rom(ROM).images[0].content


def files_of(rom_set: RomSet) -> dict[str, str]:
    return {rom.file_name: rom.given for rom in rom_set.roms}


def write(directory: Path, name: str, content: bytes) -> str:
    path = directory / name
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("compression", ["gz", "xz", "zst"])
def test_a_package_is_a_side(tmp_path: Path, store: Store, compression: str) -> None:
    members = {"usr/lib/ipxe/qemu/efi-e1000.rom": b"e", "usr/share/doc/x": b"doc", "usr/lib/ipxe/own.rom": b"o"}
    what = write(tmp_path, "x_2.0_all.deb", make_package(members, compression))
    rom_set = obtain_rom_set(what, store)
    assert (rom_set.name, files_of(rom_set), rom_set.strangers) == (
        "x_2.0_all.deb",
        {"efi-e1000.rom": ""},
        {"own.rom": b"o"},
    )
    assert rom_set.origin["archive"] == what
    assert len(rom_set.origin["source_sha256"]) == 64


def test_the_names_of_fedoras_package_become_those_of_qemu(tmp_path: Path, store: Store) -> None:
    members = {
        "usr/share/ipxe/10ec8139.rom": b"r",
        "usr/share/ipxe/1af41000.rom": b"v",
        "usr/share/ipxe/8086100e.rom": BIOS_ONLY,
        "usr/share/ipxe.efi/8086100e.rom": ROM,
    }
    rom_set = obtain_rom_set(write(tmp_path, "x.rpm", make_rpm(make_cpio(members))), store)
    assert files_of(rom_set) == {
        "pxe-rtl8139.rom": "10ec8139.rom",
        "pxe-virtio.rom": "1af41000.rom",
        "pxe-e1000.rom": "8086100e.rom",
        "efi-e1000.rom": "",
    }


@pytest.mark.parametrize("name", ["8086100e.rom", "efi-e1000.rom", "8086100E.rom"])
def test_a_rom_is_for_the_nic_of_its_name(tmp_path: Path, store: Store, name: str) -> None:
    assert list(files_of(obtain_rom_set(write(tmp_path, name, ROM), store))) == ["efi-e1000.rom"]


def test_a_rom_of_another_name_is_for_the_nic_of_its_pci_ids(tmp_path: Path, store: Store) -> None:
    assert DEFAULT
    assert files_of(obtain_rom_set(write(tmp_path, "mine.bin", ROM), store)) == {DEFAULT: "mine.bin"}


def test_the_host_is_what_its_qemu_finds(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Found:
        executable, version_text, data_directories = Path("/usr/bin/qemu"), "7.2", (tmp_path,)

        def find_data_file(self, name: str) -> Path | None:
            return tmp_path / name if (tmp_path / name).exists() else None

    monkeypatch.setattr(host, "find_host_emulator", Found)
    with pytest.raises(InputError, match="the QEMU of this host has no ROMs in"):
        obtain_rom_set("host", store)
    write(tmp_path, "efi-e1000.rom", ROM)
    rom_set = obtain_rom_set("host", store)
    assert (rom_set.name, files_of(rom_set)) == ("host", {"efi-e1000.rom": ""})


def test_a_side_without_roms_has_those_of_its_emulator(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Found:
        executable, version_text, data_directories, name = Path("/opt/qemu"), "11.0", (tmp_path,), "./qemu"

        def find_data_file(self, name: str) -> Path | None:
            return tmp_path / name if (tmp_path / name).exists() else None

    monkeypatch.setattr(host, "find_emulator", lambda _name: Found())
    with pytest.raises(InputError, match=r"the emulator \./qemu has no ROMs in"):
        obtain_rom_set("emulator=./qemu", store)
    write(tmp_path, "efi-e1000.rom", ROM)
    rom_set = obtain_rom_set("emulator=./qemu,platform-firmware=seabios", store)
    assert (rom_set.name, list(rom_set.origin)) == ("qemu", ["emulator", "version"])


def test_the_roms_of_a_side_are_those_that_it_names(tmp_path: Path, store: Store) -> None:
    (tmp_path / "a,b").mkdir()
    write(tmp_path / "a,b", "efi-e1000.rom", ROM)
    side = f"emulator=host,roms={tmp_path}/a,,b"
    require_rom_sets([side])
    assert obtain_rom_set(side, store).name == "a,b"
    with pytest.raises(InputError, match=r"there is no program \./nothing"):
        require_rom_sets(["emulator=./nothing"])


def wrong_ids() -> bytes:
    return ROM.replace(parse_option_rom(ROM).images[0].pcir.encode()[4:8], b"\x34\x12\x34\x12")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.deb", make_package({"a": b"a"}), r"x\.deb has no \.rom files"),
        ("x.deb", make_package({"a.rom": b"a"})[:-40], r"x\.deb is truncated or damaged"),
        ("x.tar", make_tar({"a/efi-e1000.rom": b"a", "b/efi-e1000.rom": b"b"}), "differ: a/efi-e1000.rom and b/efi"),
        ("x.tar", make_tar({"efi-e1000.rom": bytes((16 << 20) + 1)}, "gz"), "efi-e1000.rom has 16777217 bytes"),
        ("x.bin", b"text", "is not a directory, a package, a tar archive or an option ROM"),
        ("x.bin", wrong_ids(), "is not for a NIC of QEMU, neither by its name nor by the PCI IDs"),
    ],
)
def test_what_holds_no_roms_is_refused(tmp_path: Path, store: Store, name: str, content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        obtain_rom_set(write(tmp_path, name, content), store)


def test_the_roms_of_an_archive_have_a_limit_together(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "ROMS_LARGEST", 10)
    what = write(tmp_path, "x.tar", make_tar({"a.rom": b"123456", "b.rom": b"12345"}))
    with pytest.raises(InputError, match=r"b\.rom has 5 bytes, all ROMs so far 11"):
        obtain_rom_set(what, store)


def test_a_pipe_is_not_opened(tmp_path: Path, store: Store) -> None:
    os.mkfifo(tmp_path / "x.deb")
    with pytest.raises(InputError, match="it is a named pipe, expected a regular file"):
        obtain_rom_set(str(tmp_path / "x.deb"), store)


def test_a_mistyped_path_is_told_what_is_near(tmp_path: Path, store: Store) -> None:
    write(tmp_path, "ipxe-qemu_2.0.0_all.deb", b"")
    with pytest.raises(InputError, match=r'there is no file .*; did you mean "ipxe-qemu_2\.0\.0_all\.deb"'):
        obtain_rom_set(f"{tmp_path}/ipxe-qemu_2.0_all.deb", store)


def test_a_pinned_set_is_the_same_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe that is written loads, and gives the same ROMs out of the same package in the store."""
    store = Store(tmp_path / "store")
    what = write(tmp_path, "mine_1_all.deb", make_package({"efi-e1000.rom": ROM, "usr/10ec8139.rom": b"r"}))
    rom_set = obtain_rom_set(what, store)
    recipe = tmp_path / "recipes" / "roms" / "mine-1-all.toml"
    recipe.parent.mkdir(parents=True)
    recipe.write_text(write_pinned_recipe(rom_set))
    assert load_rom_recipe(str(recipe)).version == "1"
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path / "recipes"))
    store.add_file(Path(what))
    assert obtain_rom_set("mine-1-all", store).roms == rom_set.roms


def test_what_is_not_out_of_an_archive_is_pinned_by_its_roms(tmp_path: Path, store: Store) -> None:
    directory = tmp_path / "Own ROMs"
    directory.mkdir()
    write(directory, "efi-e1000.rom", ROM)
    text = write_pinned_recipe(obtain_rom_set(str(directory), store))
    assert 'name = "own-roms"' in text
    recipe = tmp_path / "own-roms.toml"
    recipe.write_text(text)
    store.add_bytes(ROM)
    assert obtain_rom_set(str(recipe), store).roms[0].content == ROM
