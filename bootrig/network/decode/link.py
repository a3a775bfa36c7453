"""Frames that are for the switch: link aggregation and port authentication.

Sources: IEEE 802.1AX-2020 (section 6.4.2, LACPDU), IEEE 802.1X-2020 (section 11.3, EAPOL).
"""

from bootrig.network.decode.place import Place
from bootrig.trace.events import Eapol, Lacp

SLOW_PROTOCOLS, EAPOL = 0x8809, 0x888E
LACP_SUBTYPE = 1
# from the subtype on
_ACTOR_STATE_OFFSET, _PARTNER_STATE_OFFSET = 18, 38


def parse_link(ethertype: int, content: bytes, place: Place) -> Lacp | Eapol | None:
    """Return what the content of a frame tells a switch; None for another protocol.

    Raises:
        ValueError: it is malformed.
    """
    if ethertype == EAPOL:
        if len(content) < 4:
            raise ValueError("eapol: shorter than its header")
        return Eapol(**place, version=content[0], packet=content[1])
    if ethertype == SLOW_PROTOCOLS and content[:1] == bytes([LACP_SUBTYPE]):
        if len(content) <= _PARTNER_STATE_OFFSET:
            raise ValueError("lacp: shorter than its header")
        return Lacp(**place, actor_state=content[_ACTOR_STATE_OFFSET], partner_state=content[_PARTNER_STATE_OFFSET])
    return None
