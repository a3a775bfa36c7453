"""Guests as their files describe them: what each needs of a ROM set, and what a set that lacks it does to them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.romset import RomSet
from tests.cli.command import Ended, find_run_directory, load_traces, run_command
from tests.emulator.old_type import OLD_TYPE, name_emulator

pytestmark = [pytest.mark.rig, pytest.mark.timeout(900)]

PC = '[machine]\ntype = "pc"\noptions = { graphics = false }\n'
GUESTS = {
    "old-type": PC.replace('"pc"', f'"{OLD_TYPE}"'),
    # a NIC beside that has no ROM, as micro-VM runtimes do it
    "no-rom-beside": PC
    + '[[netdev]]\ntype = "hubport"\nid = "quiet"\nhubid = 1\n'
    + '[[device]]\ndriver = "virtio-net-pci"\nid = "plain"\nnetdev = "quiet"\nromfile = ""\n',
    # the first NIC is on a network where nobody answers
    "two-nics": PC
    + '[[netdev]]\ntype = "hubport"\nid = "quiet"\nhubid = 1\n'
    + '[[device]]\ndriver = "e1000"\nid = "public"\nnetdev = "quiet"\nmac = "52:54:00:aa:00:01"\naddr = "0x2"\n',
}


@pytest.fixture
def own_guests(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which the guests above are known."""
    directory = tmp_path / "recipes" / "guests"
    directory.mkdir(parents=True)
    for name, text in GUESTS.items():
        (directory / f"{name}.toml").write_text(text)
    return {"BOOTRIG_RECIPES": str(tmp_path / "recipes")}


@pytest.fixture
def without_e1000(tmp_path: Path, debian_rom_set: Callable[[str], RomSet]) -> str:
    """Return the path of Debian 13's set without the ROMs of the e1000."""
    directory = tmp_path / "less"
    directory.mkdir()
    for rom in debian_rom_set("ipxe-debian-13").roms:
        if rom.stem != "e1000":
            (directory / rom.file_name).write_bytes(rom.content)
    return "./less"


def compare(directory: Path, candidate: str, *words: str, environment: dict[str, str] | None = None) -> Ended:
    sides = ("ipxe-debian-13", candidate, "--scenario", "pxe-tftp", "--runs", "runs", "--json", "-")
    return run_command(directory, "compare", *sides, *words, environment=environment)


def regressions(ended: Ended) -> list[str]:
    verdict = json.loads(ended.out)
    return [entry["id"] for entry in verdict["differences"] if entry["severity"] == "regression"]


def test_guests_of_other_shapes_boot(tmp_path: Path, own_guests: dict[str, str]) -> None:
    machines = [word for name in GUESTS for word in ("--machine", name)]
    words = ("--scenario", "pxe-tftp", "--nic", "rtl8139", "--runs", "runs", *machines, "--emulator", name_emulator())
    ended = run_command(tmp_path, "run", "ipxe-debian-12", *words, environment=own_guests)
    assert ended.status == 0, ended
    traces = load_traces(find_run_directory(tmp_path / "runs"))
    assert {trace.key.machine: trace.rom.romfile for trace in traces} == {
        "old-type": "pxe-rtl8139.rom",
        "no-rom-beside": "efi-rtl8139.rom",
        "two-nics": "efi-rtl8139.rom",
    }


def test_guests_do_not_start_without_the_rom_of_their_only_nic(tmp_path: Path, without_e1000: str) -> None:
    ended = compare(tmp_path, without_e1000, "--nic", "e1000")
    assert ended.status == 1, ended
    verdict = json.loads(ended.out)
    assert verdict["verdict"] == "not-compatible"
    assert [entry["id"] for entry in verdict["differences"]] == ["coverage@*:e1000"]
    assert "guests with this NIC do not start any more" in " ".join(ended.err.split())
    (cell,) = verdict["not_compared"]
    assert cell["explanation"] == "with the candidate the guest does not start: the set lacks efi-e1000.rom"


def test_guests_do_not_start_without_the_rom_of_a_further_nic(
    tmp_path: Path, without_e1000: str, own_guests: dict[str, str]
) -> None:
    machines = ("--machine", "two-nics", "--machine", "no-rom-beside")
    ended = compare(tmp_path, without_e1000, "--nic", "rtl8139", *machines, environment=own_guests)
    assert ended.status == 1, ended
    assert regressions(ended) == ["coverage@*:e1000"]
    states = {cell["cell"].split("/")[2]: cell["state"] for cell in json.loads(ended.out)["cells"]}
    assert states == {"two-nics": "only-baseline", "no-rom-beside": "same"}


def test_an_old_machine_type_asks_for_another_file(
    tmp_path: Path, without_e1000: str, own_guests: dict[str, str]
) -> None:
    words = ("--nic", "e1000", "--machine", "old-type", "--emulator", name_emulator())
    ended = compare(tmp_path, without_e1000, *words, environment=own_guests)
    assert regressions(ended) == ["coverage@*:e1000"]
    assert "pxe-e1000.rom" in ended.err
