"""The same boots, started in other ways and on other emulators, come out the same."""

import importlib.util
import os
from pathlib import Path

import pytest

from bootrig.compare import compare_traces
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import settle_traces
from bootrig.trace.trace import OutcomeStatus, Trace
from tests.cli.command import find_run_directory, load_traces, run_command

pytestmark = [pytest.mark.rig, pytest.mark.timeout(900)]
BOOT = ("run", "ipxe-debian-12", "--scenario", "pxe-tftp", "--scenario", "pxelinux", "--runs", "runs")
NICS = ("--nic", "e1000", "--nic", "virtio-net-pci")


def boot(directory: Path, *words: str) -> list[Trace]:
    directory.mkdir()
    ended = run_command(directory, *BOOT, *words)
    assert ended.status == 0, ended
    run_directory = find_run_directory(directory / "runs")
    return load_traces(run_directory)


def outcomes(traces: list[Trace]) -> dict[CellKey, OutcomeStatus]:
    return {trace.key: trace.outcome.status for trace in settle_traces(traces)}


def require_libvirt() -> None:
    if importlib.util.find_spec("libvirt") is None:
        if os.environ.get("CI"):
            pytest.fail("CI lacks what this test needs: libvirt-python", pytrace=False)
        pytest.skip("libvirt is an extra")


def test_guests_that_libvirt_started_boot_alike(tmp_path: Path) -> None:
    require_libvirt()
    direct = boot(tmp_path / "direct", *NICS)
    through = boot(tmp_path / "through", *NICS, "--launcher", "libvirt")
    assert outcomes(direct) == outcomes(through)
    assert len(outcomes(direct)) == 4
    assert compare_traces(direct, through).identical


def test_guests_that_were_configured_over_qmp_boot_alike(tmp_path: Path) -> None:
    by_line = boot(tmp_path / "by-line", "--nic", "e1000")
    by_qmp = boot(tmp_path / "by-qmp", "--nic", "e1000", "--configure-by", "qmp")
    assert compare_traces(by_line, by_qmp).identical


def test_a_rom_that_lives_on_patched_ids_fails_as_a_file(tmp_path: Path) -> None:
    words = ("run", "ipxe-debian-12", "--scenario", "pxe-tftp", "--runs", "runs", "--rom-by", "file")
    ended = run_command(tmp_path, *words, "--nic", "e1000", "--nic", "ne2k_pci")
    assert ended.status == 1, ended
    run_directory = find_run_directory(tmp_path / "runs")
    found = {trace.key.nic_model: trace for trace in settle_traces(load_traces(run_directory))}
    assert found["e1000"].outcome.status is OutcomeStatus.PASSED
    assert found["e1000"].rom.romfile.endswith("efi-e1000.rom")
    assert found["ne2k_pci"].outcome.status is OutcomeStatus.FAILED


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("emulator", ["qemu-5.2", "qemu-7.2", "qemu-10.0"])
def test_boots_pass_on_other_emulators(emulator: str, tmp_path: Path) -> None:
    traces = boot(tmp_path / "boots", *NICS, "--emulator", emulator)
    assert {key.emulator for key in outcomes(traces)} == {emulator}
    assert len(outcomes(traces)) == 4
    assert {trace.emulator.version.split(".")[0] for trace in traces} == {emulator.removeprefix("qemu-").split(".")[0]}
