"""Where something was seen: what events of the same frame have in common, as the keyword arguments that they take."""

from typing import TypedDict


class Place(TypedDict):
    """A frame: the guest's clock, whether the guest sent it, its number in the capture from 1, the NIC, its sender."""

    guest_s: float
    from_guest: bool
    frame: int
    interface: str
    ethernet_source: str


class Route(Place):
    """A packet: from which address to which."""

    source: str
    destination: str


class Ends(Route):
    """A datagram or segment: from which port to which."""

    source_port: int
    destination_port: int


def place_of(ends: Place) -> Place:
    """Return the frame alone."""
    return Place(
        guest_s=ends["guest_s"],
        from_guest=ends["from_guest"],
        frame=ends["frame"],
        interface=ends["interface"],
        ethernet_source=ends["ethernet_source"],
    )
