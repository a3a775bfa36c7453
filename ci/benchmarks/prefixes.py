"""Cells that go on from prefixes that are kept: one more scenario on all NIC models, one EFI cell."""

from collections.abc import Iterator

from ci.benchmarks import Figure
from ci.benchmarks._rig import Call, choose, start_rig
from firmware.nic import NIC_MODELS

ROM_SET = "ipxe-debian-13"
BEFORE, ONE_MORE = "nbp-sizes", "pxe-tftp-options[file]"
EFI = ("--nic", "e1000", "--machine", "q35-virt", "--platform-firmware", "ovmf")
SCENARIO_LIMIT_S, EFI_LIMIT_S, RIG_LIMIT_S = 1.5, 0.8, 0.06


def iter_figures() -> Iterator[Figure]:
    """Yield the wall times of the cells, cold and from prefixes, and the rig's own share of them."""
    nics = choose("--nic", tuple(NIC_MODELS))
    one_more = ["run", ROM_SET, "--scenario", ONE_MORE, "--machine", "pc", "--fresh", *nics]
    with start_rig() as rig:
        rig.call("run", ROM_SET, "--scenario", BEFORE, "--machine", "pc", *nics)
        cold = rig.call(*one_more, "--cold")
        warm = rig.call(*one_more)
        yield from cold.iter_figures("one scenario on all NIC models, cold")
        yield from warm.iter_figures("the same, prefixes kept", reference_s=cold.wall_s, limit_s=SCENARIO_LIMIT_S)
        yield Figure("  the rig's own share of a cell, median", warm.median("rig_s"), "s", limit=RIG_LIMIT_S)
        copies = [
            rig.copy_rom_set(ROM_SET, name) for name in ("second", "third")
        ]  # a prefix serves three cells or more
        rig.call("run", ROM_SET, *copies, "--scenario", "efi-tftp", *EFI)
        efi = ["run", ROM_SET, "--scenario", "efi-tftp", "--fresh", *EFI]
        cold_s, warm_s = (_require_one(rig.call(*efi, *words)) for words in (["--cold"], []))
        yield Figure("EFI cell, prefix kept", warm_s, "s", cold_s, limit=EFI_LIMIT_S)


def _require_one(call: Call) -> float:
    """Return the wall time of the only boot of a call."""
    (boot,) = call.boots
    return boot.usage["wall_s"]
