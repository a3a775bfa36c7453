"""The rule on the hardware address that the guest sends from."""

from typing import Any

import pytest

from bootrig.compare import Severity
from bootrig.trace.events import Arp, Event, RouterSolicitation
from tests.compare.conftest import Find
from tests.compare.factory import Boot

OWN, FOREIGN, OTHER = Boot().mac, "02:00:00:00:00:01", "02:00:00:00:00:02"


def frame(mac: str, **changes: Any) -> Event:
    return RouterSolicitation(**{"guest_s": 1.0, "from_guest": True, "ethernet_source": mac, **changes})


def arp(sender_mac: str) -> Event:
    addresses = {"sender": "10.0.2.15", "target_mac": "00:00:00:00:00:00", "target": "10.0.2.1"}
    source = {"guest_s": 1.0, "from_guest": True, "ethernet_source": OWN}
    return Arp(**source, operation="request", sender_mac=sender_mac, **addresses)


PLACES: dict[str, dict[str, Any]] = {
    "Ethernet header": {"other": [frame(FOREIGN)]},
    "DHCP field chaddr": {"dhcp": {"client_mac": FOREIGN}},
    "ARP sender": {"other": [arp(FOREIGN)]},
}


@pytest.mark.parametrize("place", PLACES)
def test_a_foreign_address_is_a_regression_in_each_place(find: Find, place: str) -> None:
    (finding,) = find("mac", PLACES[place])
    assert (finding.severity, finding.subject) == (Severity.REGRESSION, "MAC address")
    assert (finding.baseline, finding.candidate) == (OWN, f"{FOREIGN} ({place})")
    assert finding.statement == f"the guest sends from {{candidate}}, its device has {OWN}"


@pytest.mark.parametrize("place", PLACES)
def test_the_devices_own_address_again_is_an_improvement(find: Find, place: str) -> None:
    (finding,) = find("mac", {"other": [], "dhcp": {}}, **PLACES[place])
    assert (finding.severity, finding.candidate) == (Severity.IMPROVEMENT, OWN)


@pytest.mark.parametrize("place", PLACES)
def test_the_same_deviation_of_the_baseline_is_no_difference(find: Find, place: str) -> None:
    assert find("mac", {}, **PLACES[place]) == []


def test_another_foreign_address_is_a_change(find: Find) -> None:
    (finding,) = find("mac", {"other": [frame(OTHER)]}, other=[frame(FOREIGN)])
    assert (finding.severity, finding.candidate) == (Severity.CHANGE, f"{OTHER} (Ethernet header)")


def test_a_further_place_is_a_regression(find: Find) -> None:
    both = [frame(FOREIGN), arp(FOREIGN)]
    (finding,) = find("mac", {"other": both}, other=both[:1])
    assert (finding.severity, finding.candidate) == (Severity.REGRESSION, f"{FOREIGN} (Ethernet header, ARP sender)")


@pytest.mark.parametrize(
    "event",
    [frame(OWN), frame(FOREIGN, from_guest=False), frame(FOREIGN, interface="nic1"), frame(""), arp(OWN)],
)
def test_what_says_nothing_of_the_guests_address(find: Find, event: Event) -> None:
    assert find("mac", {"other": [event]}) == []


def test_traces_that_do_not_tell_the_devices_address_are_not_judged(find: Find) -> None:
    assert find("mac", {"other": [frame(FOREIGN)]}, mac="") == []
