"""A clone is the cold boot: it has printed the same, and sends the same packets at the same moments.

From the first packet of a server on, it is the servers that make boots differ.
"""

import math
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from bootrig.trace.attempt import parse_attempt
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
# What iPXE and OVMF print when they have sent their first packet, or are about to.
ASKS = ("Configuring (", ">>Start PXE")
RECEIVED = re.compile(r" RX:\d+")
OVMF_NICS, OVMF_SCENARIOS = ("e1000",), ("efi-tftp", "efi-script")


@dataclass(frozen=True)
class Sent:
    """What a guest has sent before a server answers it, without what varies, and when that answer came."""

    packets: tuple[tuple[float, Any], ...]
    answer_s: float


def boot(
    directory: Path,
    rom_sets: Sequence[str],
    nic_models: Sequence[str],
    scenarios: Sequence[str],
    machine: str,
    *words: str,
    before: tuple[str, ...] = (),
) -> Boots:
    nics = [word for name in nic_models for word in ("--nic", name)]
    chosen = [word for name in scenarios for word in ("--scenario", name)]
    cache = {"BOOTRIG_CACHE": str(directory / "cache")}
    where = (*nics, *chosen, "--machine", machine, "--fresh", *words)
    return boot_once(directory, "run", *rom_sets, *where, environment=cache, before=before)


def find_first(boots: Boots, scenario: str, nic_model: str) -> Trace:
    """Return the first boot of a cell, disturbed or not: what servers disturb comes later."""
    return next(
        trace
        for trace in boots.traces
        if (trace.key.scenario, trace.key.nic_model) == (scenario, nic_model)
        and trace.clock.kind is ClockKind.VIRTUAL
        and trace.clock == trace.first_clock
        and parse_attempt(trace.attempt).number == 1
    )


def find_sent(trace: Trace) -> Sent:
    packets: list[tuple[float, Any]] = []
    for event in trace.wire:
        if packets and not event.from_guest and type(event).__name__ in ("Dhcp", "RouterAdvertisement"):
            return Sent(tuple(packets), event.guest_s)
        if event.from_guest:
            varying = {*iter_marked_fields(type(event), "varies"), "guest_s", "frame"}
            packets.append((event.guest_s, (type(event).__name__, strip(event, varying))))
    return Sent(tuple(packets), math.inf)


def strip(event: Struct, varying: set[str]) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__ if name not in varying}


def iter_printed(trace: Trace) -> Iterator[tuple[str, bool]]:
    """Yield the lines of the console up to the guest's first question, without what servers have sent until then."""
    for line in trace.console:
        if line.text.startswith(ASKS):
            return
        yield RECEIVED.sub("", line.text), line.wiped


def check_packets(first: Sent, second: Sent, tolerance_s: float, where: str) -> None:
    """Both have sent the same at the same moments; one that was answered earlier may lack what the other sent later."""
    assert first.packets, where
    common = min(len(first.packets), len(second.packets))
    for (one_s, one), (other_s, other) in zip(first.packets[:common], second.packets[:common], strict=True):
        assert one == other, where
        assert abs(one_s - other_s) <= tolerance_s, where
    for sent, other in ((first, second), (second, first)):
        assert all(at_s >= other.answer_s - tolerance_s for at_s, _ in sent.packets[common:]), where


def check(cold: Boots, cloned: Boots, nic_models: Sequence[str], scenarios: Sequence[str]) -> None:
    for nic_model in nic_models:
        tolerance_s = VIRTIO_TOLERANCE_S if nic_model == "virtio-net-pci" else TOLERANCE_S
        for scenario in scenarios:
            first, second = (find_first(boots, scenario, nic_model) for boots in (cold, cloned))
            where = f"{scenario} {nic_model}"
            assert (first.prefix is None, second.prefix is None) == (True, False), where
            printed = list(iter_printed(first))
            assert printed, where
            assert list(iter_printed(second)) == printed, where
            assert (first.rom.sha256, first.rom.rom_bar_length) == (second.rom.sha256, second.rom.rom_bar_length), where
            check_packets(find_sent(first), find_sent(second), tolerance_s, where)


def check_both_ways(directory: Path, nic_models: Sequence[str], before: tuple[str, ...] = ()) -> None:
    cold = boot(directory / "cold", [ROM_SET], nic_models, SCENARIOS, "pc", "--cold", before=before)
    cloned = boot(directory / "cloned", [ROM_SET], nic_models, SCENARIOS, "pc", before=before)
    assert (cold.ended.status, cloned.ended.status) == (0, 0)
    check(cold, cloned, nic_models, SCENARIOS)


def test_clones_are_the_cold_boot(tmp_path: Path) -> None:
    check_both_ways(tmp_path, CHEAP)


@pytest.mark.slow
def test_clones_of_all_other_nics_are_the_cold_boot(tmp_path: Path) -> None:
    check_both_ways(tmp_path, [model.qom_type for model in NIC_MODELS.values() if model.qom_type not in CHEAP])


@pytest.mark.slow
def test_clones_under_ovmf_are_the_cold_boot(tmp_path: Path) -> None:
    """The same ROMs under another name make enough cells that share a beginning."""
    cold = boot(tmp_path / "cold", [ROM_SET], OVMF_NICS, OVMF_SCENARIOS, "q35-virt", "--cold")
    again = tmp_path / "again"
    shutil.copytree(cold.run_directory / "roms" / ROM_SET, again)
    cloned = boot(tmp_path / "cloned", [ROM_SET, str(again)], OVMF_NICS, OVMF_SCENARIOS, "q35-virt")
    assert (cold.ended.status, cloned.ended.status) == (0, 0)
    check(cold, cloned, OVMF_NICS, OVMF_SCENARIOS)


@pytest.mark.slow
def test_clones_of_an_ordinary_user_are_the_cold_boot(tmp_path: Path) -> None:
    """In a user namespace without any rights: what only root may do fails there."""
    ordinary = ("unshare", "--user", "--map-user=1000", "--map-group=1000") if os.geteuid() == 0 else ()
    check_both_ways(tmp_path, ["e1000"], ordinary)


PACKET = ("Dhcp", {})


@pytest.mark.parametrize(
    ("sent", "answer_s", "alike"),
    [
        ([4.0, 5.0], 6.0, True),
        ([4.0, 5.0005], 6.0, True),
        ([4.0, 5.002], 6.0, False),
        # answered before it sends it
        ([4.0], 4.5, True),
        ([4.0], 6.0, False),
        ([4.0, 5.0, 5.5], math.inf, False),
        ([4.0, 5.0, 6.5], 7.0, True),
    ],
)
def test_what_only_one_has_sent_a_server_s_moment_explains(sent: list[float], answer_s: float, alike: bool) -> None:
    cold = Sent(((4.0, PACKET), (5.0, PACKET)), 6.0)
    clone = Sent(tuple((at_s, PACKET) for at_s in sent), answer_s)
    if alike:
        check_packets(cold, clone, TOLERANCE_S, "")
    else:
        with pytest.raises(AssertionError):
            check_packets(cold, clone, TOLERANCE_S, "")
