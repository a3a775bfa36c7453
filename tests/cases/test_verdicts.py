"""What `compare` says in cases where the answer is about two ROM sets, or where there is none."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bootrig.process import require_tool
from bootrig.workdir import cache_directory
from firmware.nic import NIC_MODELS
from firmware.romset import RomSet
from tests.cases.table import D12, D13, B
from tests.cli.command import Ended, find_run_directory, load_traces, run_command
from tests.emulator.conftest import require_emulator

pytestmark = [pytest.mark.rig, pytest.mark.timeout(1800)]
PASSED = ("passed", "passed")
LIMIT_S = 1500.0
# asked before a test gets directories of its own
USER_CACHE = cache_directory()


def compare(directory: Path, *words: str, environment: dict[str, str]) -> tuple[Ended, dict[str, Any]]:
    """Run `bootrig compare` with e1000; returns how it ended, and the verdict."""
    fixed = ("--nic", "e1000", "--runs", "runs", "--json", "verdict.json")
    ended = run_command(directory, "compare", *words, *fixed, environment=environment, limit_s=LIMIT_S)
    return ended, json.loads((directory / "verdict.json").read_text())


def regressions(verdict: dict[str, Any]) -> list[dict[str, Any]]:
    return [cause for cause in verdict["causes"] if cause["severity"] == "regression"]


def said(ended: Ended) -> str:
    return " ".join(ended.out.split())


@pytest.mark.slow
@pytest.mark.network
def test_uefi_guests_without_random_numbers_no_longer_boot(
    tmp_path: Path, recipes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """QEMU 11's OVMF starts no network stack of its own without them; Debian 12's ROMs bring theirs, 13's do not."""
    monkeypatch.setenv("BOOTRIG_CACHE", str(USER_CACHE))
    require_emulator("qemu-11")
    words = (D12, D13, "--scenario", "efi-tftp", "--emulator", "qemu-11")
    ended, verdict = compare(tmp_path, *words, environment=recipes)
    assert (ended.status, verdict["verdict"]) == (1, "not-compatible"), ended
    outcomes = {
        cell["cell"].split("/")[2]: (cell["baseline"]["status"], cell["candidate"]["status"])
        for cell in verdict["cells"]
    }
    assert outcomes == {"q35": ("passed", "failed"), "q35-virt": PASSED}
    (cause,) = regressions(verdict)
    assert cause["differences"] == ["outcome@efi-tftp/e1000/q35/ovmf/qemu-11:efi-tftp"]
    assert "No bootable option or device was found." in " ".join(cause["sentences"])
    assert any("it is iPXE's NIC driver alone" in why for why in cause["because"])
    # the firmware's last word ends the boot: no deadline is waited for
    failed = [trace for trace in load_traces(find_run_directory(tmp_path / "runs")) if trace.outcome.status == "failed"]
    assert {(trace.rom_set, trace.key.machine) for trace in failed} == {(D13, "q35")}
    assert all("deadline" not in trace.outcome.reason for trace in failed)


@pytest.mark.slow
def test_a_first_nic_whose_network_is_silent_costs_thirteen_seconds_more(
    tmp_path: Path, recipes: dict[str, str], real_rom_set: Callable[[str], RomSet]
) -> None:
    real_rom_set(B)
    words = (D13, B, "--scenario", "loads-one-file", "--machine", "pc-first-nic-alone")
    ended, verdict = compare(tmp_path, *words, environment=recipes)
    assert (ended.status, verdict["verdict"]) == (1, "not-compatible"), ended
    (cell,) = verdict["cells"]
    assert (cell["baseline"]["clock"], cell["candidate"]["clock"]) == ("virtual", "virtual")
    (slower,) = (cause for cause in regressions(verdict) if cause["rule"] == "start-time")
    (wait,) = (entry for entry in verdict["differences"] if entry["id"] in slower["differences"])
    assert (wait["unit"], wait["confirmation"]) == ("s", "confirmed")
    assert wait["candidate"] - wait["baseline"] == pytest.approx(13, abs=2)
    assert "the guest waits" in wait["sentence"]


def test_what_works_with_neither_set_proves_nothing(tmp_path: Path, recipes: dict[str, str]) -> None:
    words = (D13, D13, "--scenario", "pxelinux-alone")
    ended, verdict = compare(tmp_path, *words, environment=recipes)
    assert (ended.status, verdict["verdict"]) == (3, "nothing-proven"), ended
    assert [cell["state"] for cell in verdict["cells"]] == ["both-failed"]
    assert "Verdict: NOTHING PROVEN: no cell passed on both sides" in said(ended)


def test_a_dhcp_server_that_lives_and_is_silent_is_a_broken_rig(tmp_path: Path, recipes: dict[str, str]) -> None:
    program = tmp_path / "bin" / "dnsmasq"
    program.parent.mkdir()
    silent = 'echo "dhcp-ignore=tag:!nobody" >>"${2#--conf-file=}"'
    program.write_text(f'#!/bin/sh\n{silent}\nexec {require_tool("dnsmasq")} "$@"\n')
    program.chmod(0o755)
    environment = {**recipes, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    words = ("run", D13, "--nic", "e1000", "--machine", "pc", "--scenario", "loads-one-file", "--runs", "runs")
    ended = run_command(tmp_path, *words, environment=environment)
    assert ended.status == 3, ended
    assert "the dhcp service (dnsmasq)" in ended.err


def test_roms_named_by_pci_ids_are_those_of_their_nics(
    tmp_path: Path, recipes: dict[str, str], debian_rom_set: Callable[[str], RomSet]
) -> None:
    """Fedora, RHEL and iPXE's own build call ROMs by the PCI IDs of the device."""
    directory = tmp_path / "own"
    directory.mkdir()
    for model in NIC_MODELS.values():
        name = "".join(f"{number:04x}" for number in model.pci_ids)
        content = next(rom.content for rom in debian_rom_set(D13).roms if rom.stem == model.rom_stem)
        (directory / f"{name}.rom").write_bytes(content)
    assert (directory / "8086100e.rom").exists()
    linted = run_command(tmp_path, "lint", "./own")
    assert "unknown" not in linted.out
    assert "no ROM for e1000" not in linted.out
    ended, verdict = compare(tmp_path, D13, "./own", "--scenario", "pxe-tftp", environment=recipes)
    assert (ended.status, regressions(verdict)) == (0, []), ended
    assert [(cell["baseline"]["status"], cell["candidate"]["status"]) for cell in verdict["cells"]] == [PASSED]
    assert "asks for efi-e1000.rom, which the candidate has as 8086100e.rom" in said(ended)


def test_half_a_rom_is_found_by_its_bytes(tmp_path: Path, debian_rom_set: Callable[[str], RomSet]) -> None:
    content = next(rom.content for rom in debian_rom_set(D13).roms if rom.stem == "e1000")
    (tmp_path / "efi-e1000.rom").write_bytes(content[: len(content) // 2])
    ended = run_command(tmp_path, "lint", "./efi-e1000.rom")
    assert ended.status == 1
    assert "error: the header says that the image has 49152 bytes, 22016 are left [rom-length]" in ended.out
