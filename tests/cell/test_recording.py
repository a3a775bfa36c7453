"""A boot from the network of which no packet was captured."""

from typing import Any

import pytest
from msgspec.structs import replace

from bootrig.cell.recording import require_packets
from bootrig.network.errors import CaptureError
from tests.compare.factory import Boot, trace


def without_packets(**changes: Any) -> Any:
    """Return a boot of which only the frames of servers were captured."""
    made = trace(Boot(**{"milestone": "dhcp-ack", **changes}))
    return replace(made, wire=tuple(event for event in made.wire if not event.from_guest))


def test_a_boot_from_the_network_without_a_packet_of_the_guest_is_a_broken_rig() -> None:
    with pytest.raises(
        CaptureError, match=r"^the guest booted from the network, and none of its packets was captured$"
    ):
        require_packets(without_packets())


@pytest.mark.parametrize("changes", [{"passed": False}, {"milestone": "prompt"}])
def test_a_boot_that_failed_or_needs_no_network_may_be_without(changes: dict[str, Any]) -> None:
    require_packets(without_packets(**changes))


def test_one_packet_is_enough() -> None:
    require_packets(trace(Boot(milestone="dhcp-ack")))
