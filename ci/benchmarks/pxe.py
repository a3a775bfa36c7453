"""QEMU's own eight pxe-test cells: as QEMU boots them, and as the rig does, two at a time in virtual time.

pxe-test (tests/qtest/pxe-test.c of QEMU, x86, IPv4) boots each NIC over QEMU's built-in network in real time, one by
one, until the program that was loaded has left its signature. The reference does the same with our probe; it takes
minutes, so one cell is measured times eight unless `$BOOTRIG_BENCH_FULL` is set.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bootrig.builder.probe import assemble_probe
from bootrig.emulator.release.discovery import find_host_emulator
from bootrig.trace.trace import Trace
from ci.benchmarks import Figure
from ci.benchmarks._rig import Rig, choose, start_rig
from firmware.probe.boot.image import make_bios_probe
from firmware.probe.registry import find_probe_report

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


def run_rig(rig: Rig, *words: str) -> tuple[float, list[Trace]]:
    """Boot the eight cells by `bootrig run`; returns the wall time and all boots, confirmations included."""
    calls = [
        rig.call("run", *words, "--scenario", "pxe-tftp", "--machine", machine, "--fresh", *choose("--nic", nic_models))
        for machine, nic_models in CELLS.items()
    ]
    return sum(call.wall_s for call in calls), [boot for call in calls for boot in call.boots]


def iter_figures() -> Iterator[Figure]:
    """Yield the wall time of the eight cells against QEMU's own, and what the rig takes for itself."""
    cells = [(machine, nic_model) for machine, nic_models in CELLS.items() for nic_model in nic_models]
    whole = bool(os.environ.get("BOOTRIG_BENCH_FULL"))
    with tempfile.TemporaryDirectory() as name:
        tried = cells if whole else cells[:1]
        reference_s = sum(boot_as_pxe_test(*cell, Path(name)) for cell in tried) * len(cells) / len(tried)
    yield Figure(f"eight cells as pxe-test boots them{'' if whole else ', one measured times eight'}", reference_s, "s")
    with start_rig() as rig:
        # the probe and what the emulator says of itself are there before, and prefixes, which serve three cells or more
        copies = [rig.copy_rom_set(ROM_SET, name) for name in ("second", "third")]
        run_rig(rig, ROM_SET, *copies)
        cold_s, boots = run_rig(rig, ROM_SET, "--cold")
        yield Figure("eight cells by bootrig run, cold", cold_s, "s", reference_s, limit=4.0)
        yield Figure("  boots beside the eight", len(boots) - len(cells), "")
        warm_s, clones = run_rig(rig, ROM_SET)
        yield Figure("the same, prefixes kept from before", warm_s, "s", reference_s, limit=2.0)
        yield Figure("  boots beside the eight", len(clones) - len(cells), "")
    yield Figure("the rig's own share, worst cell", max(boot.usage["rig_s"] for boot in boots), "s", limit=0.06)
    memory = max(boot.usage["rig_memory_bytes"] for boot in boots) / 1e6
    yield Figure("the rig's memory, worst cell", memory, "MB", limit=40.0)
