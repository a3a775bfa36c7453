"""The same guests, started by this process and by libvirt, are the same to the rig."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bootrig.deadline import Deadline
from bootrig.process import ProcessError, run_process, small_environment
from tests.emulator.conftest import USER_CACHE
from tests.requirements import miss

pytestmark = pytest.mark.rig


@pytest.fixture(autouse=True)
def libvirt_bindings() -> None:
    if importlib.util.find_spec("libvirt") is None:
        miss("libvirt's Python package, an extra of bootrig")


def boot(launcher: str, model: str, platform_firmware: str, directory: Path) -> Any:
    directory.mkdir()
    words: list[str | Path] = [
        sys.executable,
        "-m",
        "tests.emulator.boot_by_launcher",
        launcher,
        model,
        platform_firmware,
        directory,
    ]
    environment = small_environment({"BOOTRIG_CACHE": str(USER_CACHE)})
    try:
        run_process(words, deadline=Deadline.after(150, "a guest boots"), environment=environment)
    except ProcessError as error:
        if "libvirt-qemu" in str(error) or "libvirt's QEMU driver does not start" in str(error):
            miss(str(error))
        raise
    return json.loads((directory / "result.json").read_text())


@pytest.mark.parametrize(
    ("model", "platform_firmware"),
    [("e1000", "seabios"), ("virtio-net-pci", "seabios"), pytest.param("e1000", "ovmf", marks=pytest.mark.slow)],
)
def test_both_launchers_give_the_same_guest(model: str, platform_firmware: str, tmp_path: Path) -> None:
    direct = boot("direct", model, platform_firmware, tmp_path / "direct")
    through = boot("libvirt", model, platform_firmware, tmp_path / "libvirt")
    assert direct == through
    assert direct["problems"] == [["CommandMissingError", "CommandNotFound"], ["CommandError", "DeviceNotFound"]]
    assert direct["event"] == "RESUME"
    assert direct["wire"]
    assert direct["clock_runs"]
    assert (tmp_path / "libvirt/domain.xml").is_file()


def test_a_guest_that_libvirt_cannot_start(tmp_path: Path) -> None:
    found = boot("libvirt", "nonesuch", "seabios", tmp_path / "libvirt")
    assert found["start-error"].startswith("libvirt does not start the guest: ")
    assert "nonesuch" in found["start-error"]
