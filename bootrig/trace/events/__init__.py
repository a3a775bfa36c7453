r"""What was on the wire: one frozen type for each kind of thing that a capture shows.

`WireEvent` is what all kinds have in common; in JSON the field `kind` says which one an event is. Network addresses
are text as people write it, bytes are hexadecimal digits, text from the wire is printable ASCII with everything else
escaped as `\xNN`.

A field of the type `Varying[...]` differs from boot to boot of the same guest (random identifiers, ports). A field of
the type `Recorded[...]` has no reader yet: it is kept for rules to come.
"""

from bootrig.trace.events.addresses import (
    Arp,
    Dns,
    DnsAnswer,
    DnsQuestion,
    NeighbourAdvertisement,
    NeighbourSolicitation,
    RouterAdvertisement,
    RouterSolicitation,
)
from bootrig.trace.events.base import Recorded, Varying, WireEvent, escape, iter_marked_fields
from bootrig.trace.events.dhcp import IPXE_OPTIONS, Dhcp, Dhcp6, Dhcp6Option, DhcpOption
from bootrig.trace.events.http import HttpRequest, HttpResponse, Tcp
from bootrig.trace.events.link import Eapol, Lacp, Other
from bootrig.trace.events.tftp import TftpError, TftpOptions, TftpRequest, TftpTransfer

Event = (
    Dhcp
    | Dhcp6
    | TftpRequest
    | TftpOptions
    | TftpTransfer
    | TftpError
    | Tcp
    | HttpRequest
    | HttpResponse
    | Dns
    | Arp
    | RouterSolicitation
    | RouterAdvertisement
    | NeighbourSolicitation
    | NeighbourAdvertisement
    | Lacp
    | Eapol
    | Other
)

__all__ = [
    "IPXE_OPTIONS",
    "Arp",
    "Dhcp",
    "Dhcp6",
    "Dhcp6Option",
    "DhcpOption",
    "Dns",
    "DnsAnswer",
    "DnsQuestion",
    "Eapol",
    "Event",
    "HttpRequest",
    "HttpResponse",
    "Lacp",
    "NeighbourAdvertisement",
    "NeighbourSolicitation",
    "Other",
    "Recorded",
    "RouterAdvertisement",
    "RouterSolicitation",
    "Tcp",
    "TftpError",
    "TftpOptions",
    "TftpRequest",
    "TftpTransfer",
    "Varying",
    "WireEvent",
    "escape",
    "iter_marked_fields",
]
