"""`bootrig assemble`: joining, splitting, IDs, fixing, padding, and how it says no."""

from pathlib import Path

import pytest

from bootrig.cli.main import main
from firmware.lint.check import lint_rom
from firmware.lint.subject import examine_rom
from firmware.optionrom.rom import parse_option_rom
from tests.firmware.rom_bytes import Bios, Efi, Pe, make_combined_rom


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A directory with a BIOS image, a driver, and a whole ROM."""
    (tmp_path / "bios.rom").write_bytes(Bios().build())
    (tmp_path / "driver.efi").write_bytes(Pe().build())
    (tmp_path / "whole.rom").write_bytes(make_combined_rom())
    (tmp_path / "broken.rom").write_bytes(Bios(checksums=False).build())
    (tmp_path / "noise.rom").write_bytes(b"noise" * 100)
    return tmp_path


def test_join_then_split_then_join(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    joined = inputs / "efi-e1000.rom"
    join = ["assemble", "join", str(inputs / "bios.rom"), str(inputs / "driver.efi")]
    assert main([*join, "--pad", "8K", "-o", str(joined)]) == 0
    assert joined.stat().st_size == 8192
    assert lint_rom(examine_rom(str(joined), joined.read_bytes())) == ()
    pieces = inputs / "pieces"
    assert main(["assemble", "split", str(joined), "--into", str(pieces)]) == 0
    assert sorted(path.name for path in pieces.iterdir()) == [
        "efi-e1000-0-bios.rom",
        "efi-e1000-1-efi.efi",
        "efi-e1000-1-efi.rom",
    ]
    assert (pieces / "efi-e1000-1-efi.efi").read_bytes() == Pe().build()
    assert "bytes of padding are left out" in capsys.readouterr().out
    for second in ("efi-e1000-1-efi.efi", "efi-e1000-1-efi.rom"):
        again = inputs / "again.rom"
        pieces_again = [str(pieces / "efi-e1000-0-bios.rom"), str(pieces / second)]
        assert main(["assemble", "join", *pieces_again, "--pad", "8K", "-o", str(again)]) == 0
        assert again.read_bytes() == joined.read_bytes()


def test_join_follows_the_style_asked_for(inputs: Path) -> None:
    output = inputs / "out.rom"
    driver = str(inputs / "driver.efi")
    options = ["--ids", "1af4:1000", "--style", "ipxe", "--bare", "--class", "0"]
    assert main(["assemble", "join", driver, *options, "-o", str(output)]) == 0
    (image,) = parse_option_rom(output.read_bytes()).images
    assert image.pcir is not None
    assert (image.pcir.pci_ids, image.pcir.revision, image.pcir.class_code) == ((0x1AF4, 0x1000), 0, 0)


def test_set_ids_fix_and_pad(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rom = str(inputs / "whole.rom")
    assert main(["assemble", "set-ids", rom, "8086:10d3", "--device-list", "10d3", "-o", rom]) == 0
    assert lint_rom(examine_rom("efi-e1000e.rom", (inputs / "whole.rom").read_bytes())) == ()
    broken = inputs / "broken.rom"
    assert main(["assemble", "fix", str(broken), "-o", str(inputs / "fixed.rom")]) == 0
    assert "1024 bytes, 4 bytes changed" in capsys.readouterr().out
    assert lint_rom(examine_rom("pxe-e1000.rom", (inputs / "fixed.rom").read_bytes())) == ()
    assert main(["assemble", "pad", rom, "64K", "-o", rom]) == 0
    assert (inputs / "whole.rom").stat().st_size == 65536


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["join", "{d}/driver.efi", "-o", "{d}/o"], "no PCI IDs given for"),
        (
            ["join", "{d}/noise.rom", "-o", "{d}/o"],
            "noise.rom: PCI expansion ROM header at offset 0x0: signature is 6e",
        ),
        (["join", "{d}/none.rom", "-o", "{d}/o"], "cannot be read"),
        (["join", "{d}/bios.rom", "--pad", "512", "-o", "{d}/o"], "its images have 1024 bytes, more than 512"),
        (["join", "{d}/bios.rom", "-o", "{d}/bios.rom/o"], "cannot write"),
        (["split", "{d}/noise.rom", "--into", "{d}/x"], "PCI expansion ROM header at offset 0x0"),
        (["set-ids", "{d}/whole.rom", "1:2", "--device-list", "1,2,3", "-o", "{d}/o"], "room for 1 device IDs"),
        (["fix", "{d}/noise.rom", "-o", "{d}/o"], "no image to fix"),
        (["pad", "{d}/whole.rom", "1K", "-o", "{d}/o"], "more than 1024"),
    ],
)
def test_bad_input(arguments: list[str], message: str, inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assemble", *(argument.format(d=inputs) for argument in arguments)]) == 2
    assert message in capsys.readouterr().err
    assert not (inputs / "o").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["set-ids", "x", "8086", "-o", "o"], '"8086" is not a pair of PCI IDs, expected such as 8086:100e'),
        (["join", "x", "--class", "0x1234567", "-o", "o"], '"0x1234567" is not a class code, expected such as 020000'),
        (["set-ids", "x", "1:2", "--device-list", "1;2", "-o", "o"], '"1;2" is not a device list, expected such as'),
    ],
)
def test_words_that_are_none(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["assemble", *arguments])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_an_efi_image_alone_can_be_joined(inputs: Path) -> None:
    (inputs / "efi.rom").write_bytes(Efi(indicator=0).build())
    output = inputs / "out.rom"
    assert main(["assemble", "join", str(inputs / "efi.rom"), "-o", str(output)]) == 0
    assert output.read_bytes() == Efi().build()
