"""Datagrams put together again from fragments that come in any order.

Sources: RFC 791 (section 3.2), RFC 8200 (section 4.5).
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from bootrig.network.decode.budget import Budget
from bootrig.network.decode.headers import Fragment, Packet

DATAGRAMS_LIMIT = 64
GIVEN_UP = "datagrams whose fragments are not put together"

_Key = tuple[bytes, bytes, int, int]


@dataclass(slots=True)
class _Pieces:
    """What has come of one datagram, by offset: `come` bytes of the `length` that its last piece tells."""

    by_offset: dict[int, bytes] = field(default_factory=dict)
    come: int = 0
    length: int | None = None


class Reassembly:
    """The datagrams of a capture that are not whole yet: the last `DATAGRAMS_LIMIT` that were begun."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._waiting: OrderedDict[_Key, _Pieces] = OrderedDict()

    def take(self, packet: Packet, fragment: Fragment) -> bytes | None:
        """Return the datagram that this packet completes, None where some of it is still missing."""
        key = (packet.source, packet.destination, fragment.number, packet.protocol)
        pieces = self._waiting.get(key)
        if pieces is None:
            pieces = self._waiting[key] = _Pieces()
            if len(self._waiting) > DATAGRAMS_LIMIT:
                self._give_up(next(iter(self._waiting)))
        if not self._budget.keep(packet.content):
            self._give_up(key)
            return None
        self._replace(pieces, fragment.offset, packet.content)
        if not fragment.more:
            pieces.length = fragment.offset + len(packet.content)
        if pieces.length is None or pieces.come < pieces.length:
            return None
        return self._join(key, pieces)

    def _replace(self, pieces: _Pieces, offset: int, content: bytes) -> None:
        """Put a piece in its place; what came twice counts as it came last."""
        before = pieces.by_offset.get(offset)
        if before is not None:
            pieces.come -= len(before)
            self._budget.release(before)
        pieces.by_offset[offset] = content
        pieces.come += len(content)

    def _join(self, key: _Key, pieces: _Pieces) -> bytes | None:
        """Return a datagram of which as many bytes have come as it has; None where its pieces overlap."""
        found, end = [], 0
        while end != pieces.length:
            piece = pieces.by_offset.get(end)
            if not piece:
                self._give_up(key)
                return None
            found.append(piece)
            end += len(piece)
        self._drop(key)
        self._budget.spend(end)
        return b"".join(found)

    def _give_up(self, key: _Key) -> None:
        self._budget.give_up(GIVEN_UP)
        self._drop(key)

    def _drop(self, key: _Key) -> None:
        for content in self._waiting.pop(key).by_offset.values():
            self._budget.release(content)
