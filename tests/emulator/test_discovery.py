"""Which QEMU there is, and what belongs to it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.emulator.errors import EmulatorMissingError, PlatformFirmwareMissingError
from bootrig.emulator.release.discovery import find_host_emulator, find_platform_firmware
from tests.emulator.fake_qemu import make_fake_qemu


def test_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_fake_qemu(tmp_path, "hangs")
    monkeypatch.setenv("BOOTRIG_QEMU", str(path))
    emulator = find_host_emulator()
    assert (emulator.name, emulator.command, emulator.executable) == ("host", (str(path),), path)
    assert (emulator.version, emulator.version_number) == ((7, 2, 22), "7.2.22")
    assert emulator.version_text == "7.2.22 (fake)"
    assert emulator.data_directories == (tmp_path / "data",)
    assert find_platform_firmware(emulator, "seabios").code == tmp_path / "data/bios-256k.bin"


def test_answers_are_remembered_until_the_program_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_directories: Path
) -> None:
    path = make_fake_qemu(tmp_path, "hangs")
    monkeypatch.setenv("BOOTRIG_QEMU", str(path))
    first = find_host_emulator()
    content = path.read_text()
    monkeypatch.setattr("bootrig.emulator.release.discovery.run_process", None)
    assert find_host_emulator() == first
    monkeypatch.undo()
    monkeypatch.setenv("BOOTRIG_QEMU", str(path))
    monkeypatch.setenv("BOOTRIG_CACHE", str(tmp_path / "cache"))
    path.write_text(content.replace("7.2.22", "8.1.0"))
    second = find_host_emulator()
    assert (second.version, second.digest != first.digest) == ((8, 1, 0), True)


def test_unreadable_memory_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTRIG_QEMU", str(make_fake_qemu(tmp_path, "hangs")))
    monkeypatch.setenv("BOOTRIG_CACHE", str(tmp_path / "cache"))
    first = find_host_emulator()
    (remembered,) = (tmp_path / "cache/emulators").iterdir()
    remembered.write_bytes(b"{")
    assert find_host_emulator() == first


def test_no_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTRIG_QEMU", str(tmp_path / "nothing"))
    with pytest.raises(EmulatorMissingError, match=r"\$BOOTRIG_QEMU names .*/nothing, which does not exist") as caught:
        find_host_emulator()
    assert caught.value.remedy == "unset it, or name a qemu-system-x86_64"
    monkeypatch.setenv("BOOTRIG_QEMU", str(tmp_path))
    with pytest.raises(EmulatorMissingError, match="which is not a file"):
        find_host_emulator()
    monkeypatch.delenv("BOOTRIG_QEMU")
    monkeypatch.setattr("bootrig.process.shutil.which", lambda name, path: None)
    with pytest.raises(EmulatorMissingError, match="qemu-system-x86_64 is not installed") as caught:
        find_host_emulator()
    assert caught.value.remedy == "apt-get install qemu-system-x86"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("#!/bin/sh\necho GNU bash, version 5\n", "is not QEMU: --version says 'GNU bash, version 5'"),
        ("#!/bin/sh\necho broken >&2\nexit 127\n", "does not answer: .* failed with exit status 127\nbroken"),
        ("not a program", "does not answer: cannot start .*: Exec format error"),
    ],
)
def test_not_a_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, message: str) -> None:
    path = tmp_path / "qemu"
    path.write_text(program)
    path.chmod(0o755)
    monkeypatch.setenv("BOOTRIG_QEMU", str(path))
    with pytest.raises(EmulatorMissingError, match=message):
        find_host_emulator()


def test_qemu_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "qemu"
    path.write_text("#!/bin/sh\nexec sleep 60\n")
    path.chmod(0o755)
    monkeypatch.setenv("BOOTRIG_QEMU", str(path))
    monkeypatch.setattr("bootrig.emulator.release.discovery.ANSWER_S", 0.2)
    with pytest.raises(EmulatorMissingError, match="did not end in time"):
        find_host_emulator()


def test_missing_platform_firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTRIG_QEMU", str(make_fake_qemu(tmp_path, "hangs")))
    emulator = find_host_emulator()
    (tmp_path / "data/bios-256k.bin").unlink()
    with pytest.raises(PlatformFirmwareMissingError, match=r"host: no bios-256k\.bin in any data directory"):
        find_platform_firmware(emulator, "seabios")
    with pytest.raises(PlatformFirmwareMissingError, match="no platform firmware is called 'coreboot'") as caught:
        find_platform_firmware(emulator, "coreboot")
    assert caught.value.remedy == "known are seabios and ovmf"
    unpacked = replace(emulator, root=tmp_path)
    with pytest.raises(PlatformFirmwareMissingError, match=r"host: no OVMF in .*usr/share/OVMF"):
        find_platform_firmware(unpacked, "ovmf")


def test_data_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTRIG_QEMU", str(make_fake_qemu(tmp_path, "hangs")))
    emulator = find_host_emulator()
    first = tmp_path / "first"
    first.mkdir()
    (first / "bios-256k.bin").write_bytes(b"")
    assert emulator.find_data_file("bios-256k.bin") == tmp_path / "data/bios-256k.bin"
    assert emulator.find_data_file("bios-256k.bin", [first]) == first / "bios-256k.bin"
    assert emulator.find_data_file(str(first / "bios-256k.bin")) == first / "bios-256k.bin"
    assert emulator.find_data_file("efi-e1000.rom", [first]) is None
    assert emulator.find_data_file("/nonesuch") is None
