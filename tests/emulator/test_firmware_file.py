"""Which platform firmware a file is, by its content, and where OVMF's variables are."""

from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.emulator.release.discovery import Emulator, find_platform_firmware
from bootrig.emulator.release.firmware_file import VARIABLES, find_firmware_family, load_firmware_file
from bootrig.errors import InputError

SEABIOS = b"\0SeaBIOS (version 1.16.2)\0".ljust(240, b"\0") + b"\xea" + bytes(15)
CODE = (bytes(0x28) + b"_FVH").ljust(3 << 10, b"\0")
VARS = (bytes(0x10) + VARIABLES + bytes(8) + b"_FVH").ljust(1 << 10, b"\0")
NO_QEMU = Emulator("host", ("/nothing",), Path("/nothing"), (7, 2), "7.2", "ab", (), root=Path("/nothing"))


def write(directory: Path, name: str, content: bytes) -> Path:
    path = directory / name
    path.write_bytes(content)
    return path


def test_a_file_is_what_its_content_says(tmp_path: Path) -> None:
    assert find_firmware_family(write(tmp_path, "ovmf.fd", SEABIOS)) == "seabios"
    assert find_firmware_family(write(tmp_path, "seabios.bin", CODE)) == "ovmf"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"text", "is neither SeaBIOS nor OVMF"),
        (SEABIOS[:-16] + bytes(16), "is neither SeaBIOS nor OVMF"),
        (b"", "is neither SeaBIOS nor OVMF"),
        (VARS, "begins with the variables of a UEFI firmware"),
        (b"QFI\xfb" + bytes(100), "is a qcow2 image"),
    ],
)
def test_what_is_neither_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        find_firmware_family(write(tmp_path, "x.fd", content))
    assert caught.value.remedy


def test_the_variables_are_those_beside_the_code_that_fit(tmp_path: Path) -> None:
    code = write(tmp_path, "OVMF_CODE_4M.secboot.fd", CODE)
    with pytest.raises(InputError, match="has no variables beside it"):
        load_firmware_file("ovmf", code, NO_QEMU)
    write(tmp_path, "OVMF_VARS.fd", VARS * 2)
    fitting = write(tmp_path, "OVMF_VARS_4M.fd", VARS)
    assert load_firmware_file("ovmf", code, NO_QEMU).variables == fitting
    same_name = write(tmp_path, "OVMF_VARS_4M.secboot.fd", VARS)
    assert load_firmware_file("ovmf", code, NO_QEMU).variables == same_name


def test_without_variables_beside_it_the_code_has_those_of_the_emulator(tmp_path: Path) -> None:
    code = write(tmp_path, "mine.fd", CODE)
    own = tmp_path / "root/usr/share/OVMF"
    own.mkdir(parents=True)
    write(own, "OVMF_CODE_4M.fd", CODE)
    variables = write(own, "OVMF_VARS_4M.fd", VARS)
    assert load_firmware_file("ovmf", code, replace(NO_QEMU, root=tmp_path / "root")).variables == variables


def test_what_is_given_takes_the_place_of_the_emulators_own(tmp_path: Path) -> None:
    given = load_firmware_file("seabios", write(tmp_path, "bios.bin", SEABIOS), NO_QEMU)
    assert find_platform_firmware(replace(NO_QEMU, given_firmware=(given,)), "seabios") == given
