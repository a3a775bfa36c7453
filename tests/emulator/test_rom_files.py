"""Which ROM file a NIC asks for, by what QEMU says."""

import asyncio
from typing import Any

import pytest

from bootrig.emulator.guest import rom_files
from bootrig.emulator.guest.rom_files import ask_about, find_rom_files
from bootrig.emulator.release.discovery import find_host_emulator
from firmware.nic import NIC_MODELS
from tests.emulator.fake_qmp import FakePeer, start_fake_session
from tests.emulator.old_type import OLD_TYPE, require_emulator_with_old_type


def ask(answers: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Return what a QEMU with these answers says of a NIC, and what it was asked."""
    asked: list[dict[str, Any]] = []

    async def behave(peer: FakePeer) -> None:
        await peer.negotiate()
        while True:
            command = await peer.receive()
            asked.append(command)
            answer = answers.get(command["execute"], {"return": {}})
            await peer.send({**answer, "id": command["id"]})

    async def run() -> str:
        async with start_fake_session(behave) as session:
            return await ask_about(session, "e1000", "nic0", {"bus": "port0"})

    return asyncio.run(run()), asked


def error(description: str) -> dict[str, Any]:
    return {"error": {"class": "GenericError", "desc": description}}


@pytest.mark.parametrize(
    ("answers", "file"),
    [
        ({"qom-get": {"return": "efi-e1000.rom"}}, "efi-e1000.rom"),
        ({"qom-get": {"return": ""}}, ""),
        ({"device_add": error('failed to find romfile "pxe-e1000.rom"')}, "pxe-e1000.rom"),
        ({"device_add": error("Bus 'port0' does not support hotplugging")}, ""),
    ],
)
def test_what_a_device_says_or_the_error_of_one_without_its_file(answers: dict[str, Any], file: str) -> None:
    found, asked = ask(answers)
    assert found == file
    (adding,) = [command for command in asked if command["execute"] == "device_add"]
    assert adding["arguments"] == {"driver": "e1000", "id": "nic0", "bus": "port0"}


@pytest.mark.rig
@pytest.mark.parametrize("machine_type", ["pc", "q35"])
def test_current_machine_types_ask_for_the_default_names(machine_type: str) -> None:
    found = find_rom_files(find_host_emulator(), machine_type, NIC_MODELS)
    assert found == {name: model.default_rom for name, model in NIC_MODELS.items()}


@pytest.mark.rig
def test_an_old_machine_type_asks_for_the_old_names(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = require_emulator_with_old_type()
    wanted = ("e1000", "i82559er", "virtio-net-pci", "virtio-rng-pci")
    found = find_rom_files(emulator, OLD_TYPE, wanted)
    assert found == {"e1000": "pxe-e1000.rom", "i82559er": "pxe-eepro100.rom", "virtio-net-pci": "pxe-virtio.rom"}
    monkeypatch.setattr(rom_files, "start_qemu", None)
    assert find_rom_files(emulator, OLD_TYPE, wanted) == found
