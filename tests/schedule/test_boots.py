"""Every NIC model really boots, each with its own ROM."""

import hashlib

import pytest

from bootrig.trace.reading.firmware_words import find_banner
from bootrig.trace.reading.rom_lines import find_rom_lines
from firmware.nic import NIC_MODELS
from tests.cell.boots import Boots

pytestmark = [pytest.mark.rig, pytest.mark.timeout(900)]


def test_the_command_is_content(all_nic_models: Boots) -> None:
    assert all_nic_models.ended.status == 0
    assert f"Outcome: all {len(NIC_MODELS)} boots passed" in all_nic_models.ended.out
    assert all_nic_models.ended.err.startswith(f"booting: {len(NIC_MODELS)} cells\n")


@pytest.mark.parametrize("nic_model", list(NIC_MODELS))
def test_a_nic_model_boots_with_its_rom(nic_model: str, all_nic_models: Boots) -> None:
    trace = all_nic_models.find("pxe-tftp", nic_model)
    assert (trace.outcome.status, trace.outcome.milestone) == ("passed", "nbp-entered")
    stem = NIC_MODELS[nic_model].rom_stem
    assert trace.rom.romfile in {f"efi-{stem}.rom", f"pxe-{stem}.rom"}
    embedded = all_nic_models.run_directory / "roms" / "ipxe-debian-12" / trace.rom.romfile
    assert trace.rom.sha256 == hashlib.sha256(embedded.read_bytes()).hexdigest()
    assert find_banner(trace.console) is not None
    (device,) = [word for word in trace.emulator.command if '"id": "nic0"' in word]
    assert f'"driver": "{nic_model}"' in device


def test_every_boot_has_a_nonce_of_its_own(all_nic_models: Boots) -> None:
    nonces = [report.nonce for trace in all_nic_models.traces for report in trace.reports]
    assert len(set(nonces)) == len(nonces) == len(all_nic_models.passed)


def test_the_rom_writes_the_same_lines_with_every_nic_model(all_nic_models: Boots) -> None:
    """Whatever varies from boot to boot, and from NIC to NIC, is spelt alike; but for what the driver says."""
    drivers = ("net0: <mac> using ", "iPXE initialising devices...", "ok")
    written = {
        tuple(line for line in find_rom_lines(trace.console) if not line.startswith(drivers))
        for trace in all_nic_models.traces
    }
    (lines,) = written
    assert lines[0].startswith("iPXE (http://ipxe.org) <pci> <segment> PCI2.10 PnP")
    assert lines[-1] == "<file> : <number> bytes [PXE-NBP]"
