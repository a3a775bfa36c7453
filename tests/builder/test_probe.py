"""Assembling probes and making GRUB images, kept by what they are made from."""

import os
import struct
from pathlib import Path

import pytest

from bootrig.builder import probe
from bootrig.builder.probe import assemble_probe, make_grub_image
from bootrig.process import ProcessError, ToolMissingError
from firmware.probe.boot.image import (
    EFI_CODE_OFFSET,
    IMAGE_LENGTHS,
    SECTOR_LENGTH,
    make_bios_probe,
    make_efi_probe,
    sum_image,
)
from firmware.probe.registry import PROBES
from tests.network.requirements import require_program

NONCE = "fedcba9876543210"


def require_assembler() -> None:
    require_program("as")
    require_program("ld")


def count_kept() -> int:
    return len([path for room in ("probes", "grub") for path in (Path(os.environ["BOOTRIG_CACHE"]) / room).glob("*")])


def test_each_boot_probe_fits_the_least_length_of_its_images() -> None:
    require_assembler()
    for build in PROBES["boot"].builds:
        code = assemble_probe(build.name)
        shortest = IMAGE_LENGTHS[build.name].start
        assert shortest - SECTOR_LENGTH < len(code) <= shortest
        make = make_efi_probe if build.name == "efi" else make_bios_probe
        assert len(make(code, nonce=NONCE, length=shortest)) == shortest


def test_the_bios_probe_fits_a_boot_sector() -> None:
    require_assembler()
    code = assemble_probe("bios")
    assert len(code) <= 510
    assert code.startswith(b"\xea")  # ljmp, to set %cs
    image = make_bios_probe(code, nonce=NONCE, signature=True)
    assert image[510:] == b"\x55\xaa"
    assert f"BOOTRIG {NONCE} nbp ".encode() in image


def test_the_uefi_probe_is_an_application_for_x86_64() -> None:
    """Microsoft PE/COFF, revision 11, sections 3.3 and 3.4."""
    require_assembler()
    image = make_efi_probe(assemble_probe("efi"), nonce=NONCE, length=0x2345)
    (start,) = struct.unpack_from("<I", image, 0x3C)
    signature, machine, count = struct.unpack_from("<4sHH", image, start)
    assert (signature, machine, count) == (b"PE\0\0", 0x8664, 1)
    (optional_length,) = struct.unpack_from("<H", image, start + 20)
    magic, entry = struct.unpack_from("<H", image, start + 24)[0], struct.unpack_from("<I", image, start + 40)[0]
    subsystem = struct.unpack_from("<H", image, start + 24 + 68)[0]
    assert (magic, subsystem) == (0x20B, 10)
    name, virtual_length, address, length, offset = struct.unpack_from("<8sIIII", image, start + 24 + optional_length)
    assert name == b".text\0\0\0"
    assert (virtual_length, length, address, offset) == (0x1345, 0x1345, EFI_CODE_OFFSET, EFI_CODE_OFFSET)
    assert EFI_CODE_OFFSET < entry < len(image)
    assert struct.unpack_from("<I", image, start + 24 + 56)[0] == 0x3000
    assert sum_image(image) == sum(image[EFI_CODE_OFFSET:])


def test_a_probe_is_assembled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    require_assembler()
    first = assemble_probe("bios")
    monkeypatch.setenv("PATH", "/nothing")
    assert assemble_probe("bios") == first
    assert count_kept() == 1


def test_without_an_assembler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nothing")
    with pytest.raises(ToolMissingError, match=r"^as is not installed$") as caught:
        assemble_probe("bios")
    assert caught.value.remedy == "apt-get install binutils"
    assert count_kept() == 0


def fake_program(directory: Path, name: str, text: str) -> None:
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


def test_an_assembler_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_program(tmp_path / "bin", "as", "echo 'no such instruction' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(ProcessError, match=r"as failed with exit status 1\nno such instruction"):
        assemble_probe("bios")
    assert count_kept() == 0


def test_a_linker_that_makes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    require_assembler()
    fake_program(tmp_path / "bin", "ld", "exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(ProcessError, match="ld failed with exit status 1"):
        assemble_probe("efi")
    assert count_kept() == 0


def test_a_grub_image_is_made_once_for_its_modules_and_prefix() -> None:
    require_program("grub-mkimage")
    first = make_grub_image(["pxe", "tftp"], "(pxe)/boot")
    assert make_grub_image(["pxe", "tftp"], "(pxe)/boot") == first
    others = {make_grub_image(["pxe"], "(pxe)/boot"), make_grub_image(["pxe", "tftp"], "(pxe)/other")}
    assert first not in others
    assert count_kept() == 3
    assert len(first) > 10000


def test_a_grub_module_that_does_not_exist() -> None:
    require_program("grub-mkimage")
    with pytest.raises(ProcessError, match=r"grub-mkimage failed with exit status 1\n.*nonesuch\.mod"):
        make_grub_image(["nonesuch"], "(pxe)/boot")
    assert count_kept() == 0


def test_without_grub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nothing")
    with pytest.raises(ToolMissingError, match=r"^grub-mkimage is not installed$") as caught:
        make_grub_image(["pxe"], "(pxe)/boot")
    assert caught.value.remedy == "apt-get install grub-common"


def test_an_assembler_that_hangs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_program(tmp_path / "bin", "as", "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setattr(probe, "ASSEMBLE_S", 0.1)
    with pytest.raises(ProcessError, match="as did not end in time"):
        assemble_probe("bios")
