"""QEMU's own eight pxe-test cells: as QEMU boots them, and as the rig does, two at a time in virtual time.

pxe-test (tests/qtest/pxe-test.c of QEMU, x86, IPv4) boots each NIC over QEMU's built-in network in real time, one by
one, until the program that was loaded has left its signature. The reference does the same with our probe; it takes
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bootrig.builder.probe import assemble_probe
from bootrig.emulator.release.discovery import find_host_emulator
from bootrig.jsonfile import load_json
from bootrig.record.run import LATEST
from bootrig.trace.trace import Trace
from ci.benchmarks import Figure
from firmware.probe.boot.image import make_bios_probe
from firmware.probe.registry import find_probe_report

ROOT = Path(__file__).resolve().parents[2]
ROM_SET = "ipxe-debian-12"
CELLS = {
    "pc": ("e1000", "virtio-net-pci", "ne2k_pci", "i82550", "rtl8139", "vmxnet3"),
    "q35": ("e1000e", "virtio-net-pci"),
}
NONCE = "00000000b007b007"
REFERENCE_S = 120.0


def boot_as_pxe_test(machine: str, nic_model: str, directory: Path) -> float:
    """Boot one cell as pxe-test does; returns seconds of wall time.

    Raises:
        TimeoutError: the probe did not report in time.
    """
    console = directory / "console.txt"
    console.write_bytes(b"")
    (directory / "nbp").write_bytes(make_bios_probe(assemble_probe("bios"), nonce=NONCE))
    netdev = f"user,id=net0,tftp={directory},bootfile=nbp,ipv4=on,ipv6=off"
    argv = [*find_host_emulator().command, "-accel", "tcg", "-machine", f"{machine},graphics=off", "-nodefaults"]
    argv += ["-display", "none", "-serial", f"file:{console}", "-netdev", netdev, "-device", f"{nic_model},netdev=net0"]
    begun_s = time.monotonic()
    with subprocess.Popen(argv) as qemu:
        try:
            while find_probe_report(console.read_text(errors="replace"), NONCE) is None:
                if time.monotonic() - begun_s > REFERENCE_S or qemu.poll() is not None:
                    raise TimeoutError(f"{machine} {nic_model} did not boot")
                time.sleep(0.05)
            return time.monotonic() - begun_s
        finally:
            qemu.kill()


def run_rig(directory: Path) -> tuple[float, list[dict[str, float]]]:
    """Boot the eight cells by `bootrig run`; returns wall time and each cell's usage, confirmations included."""
    wall_s = 0.0
    for machine, nic_models in CELLS.items():
        nics = [word for nic_model in nic_models for word in ("--nic", nic_model)]
        bootrig = str(ROOT / ".venv/bin/bootrig")
        argv = [bootrig, "run", ROM_SET, "--scenario", "pxe-tftp", "--machine", machine, "--fresh", *nics]
        begun_s = time.monotonic()
        subprocess.run([*argv, "--runs", str(directory)], check=True, stdout=subprocess.DEVNULL)
        wall_s += time.monotonic() - begun_s
    paths = [path for path in directory.rglob("trace.json") if not path.is_relative_to(directory / LATEST)]
    return wall_s, [dict(load_json(path, Trace).usage) for path in paths]


def iter_figures() -> Iterator[Figure]:
    """Yield the wall time of the eight cells against QEMU's own, and what the rig takes for itself."""
    cells = [(machine, nic_model) for machine, nic_models in CELLS.items() for nic_model in nic_models]
    whole = bool(os.environ.get("BOOTRIG_BENCH_FULL"))
    with tempfile.TemporaryDirectory() as name:
        tried = cells if whole else cells[:1]
        reference_s = sum(boot_as_pxe_test(*cell, Path(name)) for cell in tried) * len(cells) / len(tried)
    yield Figure(f"eight cells as pxe-test boots them{'' if whole else ', one measured times eight'}", reference_s, "s")
    with tempfile.TemporaryDirectory() as name:
        wall_s, usages = run_rig(Path(name))
    yield Figure("eight cells by bootrig run, in virtual time", wall_s, "s", reference_s, limit=4.0)
    again = len(usages) - len(cells)
    yield Figure("cells confirmed in real time", float(again), "cells")
    yield Figure("the rig's own share, worst cell", max(usage["rig_s"] for usage in usages), "s", limit=0.06)
    memory = max(usage["rig_memory_bytes"] for usage in usages) / 1e6
    yield Figure("the rig's memory, worst cell", memory, "MB", limit=40.0)
