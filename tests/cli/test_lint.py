"""`bootrig lint`: what it reads, how it prints, and its exit statuses."""

import json
from pathlib import Path

import pytest

from bootrig.cli.main import main
from firmware.nic import NIC_MODELS
from tests.firmware.rom_bytes import Bios, Efi, make_combined_rom


@pytest.fixture
def rom_directory(tmp_path: Path) -> Path:
    """A directory with a right ROM for every NIC model."""
    directory = tmp_path / "set"
    directory.mkdir()
    for model in NIC_MODELS.values():
        vendor, device = model.pci_ids
        bios = Bios(vendor_id=vendor, device_id=device, device_ids=(device,), indicator=0)
        content = bios.build() + Efi(vendor_id=vendor, device_id=device).build()
        (directory / f"efi-{model.rom_stem}.rom").write_bytes(content)
    return directory


def test_a_right_rom(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "efi-e1000.rom"
    path.write_bytes(make_combined_rom())
    assert main(["lint", str(path)]) == 0
    assert capsys.readouterr().out == "1 file: 0 errors, 0 warnings, 0 notes\n"


def test_a_wrong_rom(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pxe-e1000.rom"
    path.write_bytes(Bios(bev=0x7000).build())
    assert main(["lint", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{path}:0x5a: error: BEV is 0x7000, the image ends at 0x400 [bev]"
    assert lines[1].startswith("    00000050  70 00")
    assert lines[2].endswith("^~~~~")
    assert lines[3] == "1 file: 1 error, 0 warnings, 0 notes"


def test_a_warning_fails_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "pxe-virtio.rom"
    path.write_bytes(Bios(vendor_id=0x1AF4, device_id=0x1041, device_ids=()).build())
    assert main(["lint", str(path)]) == 0
    assert main(["lint", str(path), "--fail-on", "warning"]) == 1
    assert main(["lint", str(path), "--nic", "virtio-net-pci-non-transitional", "--fail-on", "note"]) == 0


def test_a_directory_is_a_set(rom_directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(rom_directory), "--max-bar", "4K", "--against", str(rom_directory)]) == 0
    (rom_directory / "efi-vmxnet3.rom").unlink()
    (rom_directory / "efi-e1000.rom").write_bytes(make_combined_rom().ljust(5000 // 512 * 512 + 512, b"\xff"))
    assert main(["lint", str(rom_directory), "--max-bar", "4K"]) == 1
    output = capsys.readouterr().out
    assert "no ROM for vmxnet3" in output
    assert "5120 bytes make a ROM BAR of 8 KiB, at most 4 KiB is allowed [max-bar]" in output


def test_several_sets_are_judged_at_once(
    rom_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pxe-e1000.rom"
    path.write_bytes(Bios(bev=0x7000).build())
    assert main(["lint", str(rom_directory), str(path)]) == 1
    output = capsys.readouterr().out
    assert output.startswith(f"{path}:0x5a: error: BEV is 0x7000")
    assert output.endswith("9 files: 1 error, 0 warnings, 0 notes\n")


def test_what_is_new_comes_first(rom_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name, product in ((rom_directory, b"iPXE\0"), (other, b"gPXE\0")):
        rom = Bios(class_code=b"\x02\x00\x00", product=product, indicator=0).build() + Efi().build()
        (name / "efi-e1000.rom").write_bytes(rom)
    assert main(["lint", f"{other}/efi-e1000.rom", "--against", str(rom_directory)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("    ")]
    assert lines[0] == "New against the baseline:"
    assert "its names are" in lines[1]
    assert lines[2] == "In the baseline as well:"
    assert "class code bytes" in lines[3]
    assert lines[4] == "1 file: 0 errors, 0 warnings, 2 notes (1 new)"
    assert main(["lint", f"{other}/efi-e1000.rom", "--against", str(rom_directory), "--sarif"]) == 0
    results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert {result["ruleId"]: result["baselineState"] for result in results} == {
        "pci-class": "unchanged",
        "strings-against-baseline": "new",
    }


def test_a_file_is_not_asked_to_be_a_set(
    tmp_path: Path, rom_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "efi-e1000.rom"
    path.write_bytes(make_combined_rom().ljust(8192, b"\xff"))
    assert main(["lint", str(path), "--against", str(rom_directory)]) == 1
    output = capsys.readouterr().out
    assert "migration between the two fails [bar-against-baseline]" in output
    assert "vmxnet3" not in output


def test_json_and_sarif(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pxe-e1000.rom"
    path.write_bytes(Bios(bev=0).build())
    assert main(["lint", str(path), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["counts"] == {"error": 1, "warning": 0, "note": 0}
    assert main(["lint", str(path), "--sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    (result,) = log["runs"][0]["results"]
    assert result["ruleId"] == "bev"


def test_the_rule_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--rules"]) == 0
    assert "## bar-against-baseline (error)" in capsys.readouterr().out


def test_the_images_wanted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pxe-e1000.rom"
    path.write_bytes(Bios().build())
    assert main(["lint", str(path), "--expect", "both", "--fail-on", "warning"]) == 1
    assert "no EFI image" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "lint what?"),
        (["nowhere/x.rom"], "there is no file or directory nowhere/x.rom"),
        (["x.rom"], 'there is no recipe "x.rom"'),
        (["no-such-set"], 'there is no recipe "no-such-set"'),
        (["{empty}"], "has no .rom files"),
        (["{file}", "--nic", "ne1000"], 'QEMU has no default ROM for a NIC model "ne1000"'),
        (["{set}", "--nic", "e1000"], "--nic is for a single file"),
        (["{large}"], "it has 16777217 bytes, and an option ROM has at most 16 MiB"),
        (["{file}", "--against", "{empty}"], "has no .rom files"),
    ],
)
def test_bad_input(
    arguments: list[str], message: str, tmp_path: Path, rom_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    large = tmp_path / "large.rom"
    large.write_bytes(b"")
    with large.open("r+b") as stream:
        stream.truncate(16 * 1024 * 1024 + 1)
    places = {
        "empty": tmp_path / "empty",
        "set": rom_directory,
        "large": large,
        "file": rom_directory / "efi-e1000.rom",
    }
    assert main(["lint", *(argument.format(**places) for argument in arguments)]) == 2
    assert message in capsys.readouterr().err


def test_a_length_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["lint", "x", "--max-bar", "lots"])
    assert caught.value.code == 2
    assert '"lots" is not a length, expected a number of bytes such as 262144 or 256K' in capsys.readouterr().err


def test_noise_and_nothing_are_bad_roms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content in (b"", bytes(range(256)) * 65536):
        path = tmp_path / "efi-e1000.rom"
        path.write_bytes(content)
        assert main(["lint", str(path)]) == 1
        assert "[rom-signature]" in capsys.readouterr().out
