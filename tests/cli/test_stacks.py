"""Sides that set more than their ROMs, with real emulators and platform firmware."""

import json
import shutil
from pathlib import Path

import pytest

from bootrig.emulator.release.discovery import find_host_emulator, find_platform_firmware
from tests.cli.command import find_run_directory, load_traces, run_command

pytestmark = [pytest.mark.rig, pytest.mark.timeout(600)]
CELLS = ("--nic", "e1000", "--machine", "pc", "--runs", "runs", "--json", "verdict.json")


def test_a_whole_stack_is_compared(tmp_path: Path) -> None:
    """The host's QEMU by its path and its own SeaBIOS as a file are what a side has that sets nothing."""
    host = find_host_emulator()
    shutil.copyfile(find_platform_firmware(host, "seabios").code, tmp_path / "new,er.bin")
    stack = f"roms=ipxe-debian-12,emulator={host.executable},platform-firmware=./new,,er.bin"
    ended = run_command(tmp_path, "compare", "ipxe-debian-12", stack, "--scenario", "pxe-tftp", *CELLS)
    assert ended.status == 0, ended
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert (verdict["identical"], [cell["cell"] for cell in verdict["cells"]]) == (True, ["pxe-tftp/e1000/pc/-/-"])
    assert verdict["baseline"] == "roms=ipxe-debian-12,emulator=host,platform-firmware=seabios"
    assert verdict["candidate"] == stack.replace("./new", f"{tmp_path}/new")
    assert "the sides have the same ROMs, emulator and platform firmware" in verdict["notes"]
    traces = load_traces(find_run_directory(tmp_path / "runs"))
    words = {trace.side: " ".join(trace.emulator.command) for trace in traces}
    assert "new,,er.bin" in words["candidate"]
    assert "new,,er.bin" not in words["baseline"]


def test_a_uefi_firmware_is_booted_from_its_file_with_its_variables(tmp_path: Path) -> None:
    firmware = find_platform_firmware(find_host_emulator(), "ovmf")
    assert firmware.variables is not None
    shutil.copyfile(firmware.code, tmp_path / "OVMF_CODE_X.fd")
    # cells of root are another user
    (tmp_path / "OVMF_CODE_X.fd").chmod(0o600)
    shutil.copyfile(firmware.variables, tmp_path / "OVMF_VARS_X.fd")
    side = "roms=ipxe-debian-12,platform-firmware=./OVMF_CODE_X.fd"
    ended = run_command(
        tmp_path, "boot", side, "--nic", "e1000", "--scenario", "efi-tftp", "--machine", "q35", "--runs", "runs"
    )
    assert ended.status == 0, ended
    (trace,) = load_traces(find_run_directory(tmp_path / "runs"))
    assert "/OVMF_CODE_X.fd" in " ".join(trace.emulator.command)
    assert trace.platform_firmware is not None
    assert trace.platform_firmware.name == f"ovmf@{tmp_path}/OVMF_CODE_X.fd"
