"""What a seed makes of verdicts: what it misses, what it takes for a false alarm."""

from pathlib import Path

import pytest

from bootrig.compare import Verdict
from tests.compare.factory import Boot, trace
from tests.compare.loop import compare_again
from tests.verdict.seed import Expected, Place, Seed, break_, change, mention, regression
from tests.verdict.world import World

NICS = ("e1000", "virtio-net-pci")
OTHER_CLASS = {77: b"jPXE".hex()}


class NoFault:
    def make_worlds(self, place: Place, directory: Path) -> tuple[World, World]:
        raise AssertionError("nothing is booted here")


def judge(expected: Expected, verdict: Verdict) -> tuple[tuple[str, ...], tuple[str, ...]]:
    seed = Seed("a fault", NoFault(), expected)
    return seed.find_misses(verdict), seed.find_false_alarms(verdict)


def compare(*faulty: str, **changes: object) -> Verdict:
    """Return the verdict over two NICs, where those that are `faulty` boot with `changes`."""
    baseline = [trace(Boot(nic=nic)) for nic in NICS]
    candidate = [trace(Boot(nic=nic, **(changes if nic in faulty else {}))) for nic in NICS]  # type: ignore[arg-type]
    return compare_again(baseline, candidate)


def rename(*faulty: str) -> Verdict:
    return compare(*faulty, options={**Boot().options, **OTHER_CLASS})


def test_what_is_found_in_its_place_is_right() -> None:
    assert judge(change("dhcp-user-class"), rename("e1000")) == ((), ())


def test_what_is_not_found_is_a_miss() -> None:
    misses, alarms = judge(change("dhcp-user-class"), compare())
    assert misses == (
        "it says compatible (0), not compatible-with-changes (0)",
        "dhcp-user-class does not name it",
    )
    assert alarms == ()


def test_what_is_found_in_another_cell_is_a_false_alarm() -> None:
    _, alarms = judge(change("dhcp-user-class"), rename(*NICS))
    assert alarms == (
        "change: dhcp-user-class@pxe-tftp/e1000/pc/seabios/host:user class",
        "pxe-tftp/virtio-net-pci/pc/seabios/host is changed",
    )


def test_another_rule_is_a_miss_and_a_false_alarm() -> None:
    misses, alarms = judge(change("dhcp-vendor-class"), rename("e1000"))
    assert misses == ("dhcp-vendor-class does not name it",)
    assert alarms == ("change: dhcp-user-class@pxe-tftp/e1000/pc/seabios/host:user class",)


def test_a_consequence_has_to_be_expected() -> None:
    verdict = compare("e1000", passed=False, milestone="", nbp_s=None, console="no words\n")
    misses, alarms = judge(regression(followers=["banner-line"]), verdict)
    assert misses == ()
    assert "follower: feature-line@pxe-tftp/e1000/pc/seabios/host:feature line" in alarms
    assert not [alarm for alarm in alarms if "banner-line" in alarm]


def test_a_reason_that_is_not_given_is_a_miss() -> None:
    verdict = compare("e1000", passed=False, milestone="", nbp_s=None)
    misses, _ = judge(regression(whys=["lint:bev"]), verdict)
    assert misses == ("lint:bev does not explain it",)


def test_a_rig_that_breaks_or_does_not() -> None:
    misses, _ = judge(break_("dnsmasq"), compare())
    assert misses == (
        "it says compatible (0), not compatible (3)",
        "the rig did not break by 'dnsmasq': {}",
    )
    cell = trace(Boot()).key
    traces = [trace(Boot(nic="virtio-net-pci"))]
    broken = compare_again(traces, traces, broken={cell: "dnsmasq died midway"})
    assert judge(break_("dnsmasq"), broken) == ((), ())
    _, alarms = judge(mention("lint:last-image@*"), broken)
    assert alarms == (f"broken: {cell}: dnsmasq died midway",)


@pytest.mark.parametrize("nic", NICS)
def test_a_place_names_the_cell_of_its_first_nic(nic: str) -> None:
    place = Place((nic, "pcnet"))
    assert place.faulty_cell == f"pxe-tftp/{nic}/pc/seabios/host"
    assert place.filters.nic_models == (nic, "pcnet")
