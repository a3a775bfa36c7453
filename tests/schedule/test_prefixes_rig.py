"""A clone is the cold boot: it has printed the same, and sends the same packets at the same moments.

From the first packet of a server on, it is the servers that make boots differ.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from bootrig.trace.trace import ClockKind, Trace
from firmware.nic import NIC_MODELS
from tests.cell.boots import Boots, boot_once
from tests.trace.test_events import iter_marked_fields

pytestmark = [pytest.mark.rig, pytest.mark.timeout(900)]
ROM_SET = "ipxe-debian-12"
# Three cells share a beginning.
SCENARIOS = ("pxe-tftp", "no-ra", "script[ipxe]")
CHEAP = ("e1000", "rtl8139")
# Seconds of guest time; virtio-net sends from QEMU's main loop.
TOLERANCE_S, VIRTIO_TOLERANCE_S = 0.001, 0.2
# What iPXE prints when it has sent its first packet.
ASKS = "Configuring ("


def boot(directory: Path, nic_models: Sequence[str], *words: str) -> Boots:
    nics = [word for name in nic_models for word in ("--nic", name)]
    chosen = [word for name in SCENARIOS for word in ("--scenario", name)]
    cache = {"BOOTRIG_CACHE": str(directory / "cache")}
    return boot_once(directory, "run", ROM_SET, *nics, *chosen, "--machine", "pc", "--fresh", *words, environment=cache)


def find_first(boots: Boots, scenario: str, nic_model: str) -> Trace:
    """Return the first boot of a cell, disturbed or not: what servers disturb comes later."""
    wanted = scenario, nic_model
    found = [trace for trace in boots.traces if (trace.key.scenario, trace.key.nic_model) == wanted]
    return next(trace for trace in found if trace.clock.kind is ClockKind.VIRTUAL and trace.attempt == "shift7")


def iter_sent(trace: Trace) -> Iterator[tuple[float, Any]]:
    """Yield the packets of the guest before the first one of a server that answers it, without what varies."""
    for event in trace.wire:
        if not event.from_guest and type(event).__name__ in ("Dhcp", "RouterAdvertisement"):
            return
        if event.from_guest:
            varying = {*iter_marked_fields(type(event), "varies"), "guest_s", "frame"}
            yield event.guest_s, (type(event).__name__, strip(event, varying))


def strip(event: Struct, varying: set[str]) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__ if name not in varying}


def iter_printed(trace: Trace) -> Iterator[tuple[str, bool]]:
    """Yield the lines of the console up to the guest's first question."""
    for line in trace.console:
        if line.text.startswith(ASKS):
            return
        yield line.text, line.wiped


def check(cold: Boots, cloned: Boots, nic_models: Sequence[str]) -> None:
    for nic_model in nic_models:
        tolerance_s = VIRTIO_TOLERANCE_S if nic_model == "virtio-net-pci" else TOLERANCE_S
        for scenario in SCENARIOS:
            first, second = (find_first(boots, scenario, nic_model) for boots in (cold, cloned))
            where = f"{scenario} {nic_model}"
            assert (first.prefix is None, second.prefix is None) == (True, False), where
            printed = list(iter_printed(first))
            assert printed, where
            assert list(iter_printed(second)) == printed, where
            assert (first.rom.sha256, first.rom.rom_bar_length) == (second.rom.sha256, second.rom.rom_bar_length), where
            # as long as no server has answered either
            sent = list(zip(iter_sent(first), iter_sent(second), strict=False))
            assert sent, where
            assert [again for _, (_, again) in sent] == [event for (_, event), _ in sent], where
            assert max(abs(one - other) for (one, _), (other, _) in sent) <= tolerance_s, where


def check_both_ways(directory: Path, nic_models: Sequence[str]) -> None:
    cold, cloned = boot(directory / "cold", nic_models, "--cold"), boot(directory / "cloned", nic_models)
    assert (cold.ended.status, cloned.ended.status) == (0, 0)
    check(cold, cloned, nic_models)


def test_clones_are_the_cold_boot(tmp_path: Path) -> None:
    check_both_ways(tmp_path, CHEAP)


@pytest.mark.slow
def test_clones_of_all_other_nics_are_the_cold_boot(tmp_path: Path) -> None:
    check_both_ways(tmp_path, [model.qom_type for model in NIC_MODELS.values() if model.qom_type not in CHEAP])
