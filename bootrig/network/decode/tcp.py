"""TCP streams put together again from segments that come twice, late or never.

Source: RFC 9293.
"""

from dataclasses import dataclass, field
from heapq import heappop, heappush

from bootrig.network.decode.budget import Budget

_WRAP = 1 << 32
# of what waits for a late segment: several of the largest windows that boot ROMs offer
STREAM_LIMIT = 4 << 20
GIVEN_UP = "TCP streams that are not followed to their end"


@dataclass(slots=True)
class TcpStream:
    """One direction of a connection.

    Attributes:
        budget: what decoding its capture may cost.
        repeated_frames: numbers of the frames that brought nothing new; both directions have the same list.
        next_sequence: the sequence number of what comes next; None where nothing has come.
        ended: whether the sender's FIN and all before it have come.
    """

    budget: Budget = field(default_factory=Budget)
    repeated_frames: list[int] = field(default_factory=list)
    next_sequence: int | None = None
    ended: bool = False
    _given_up: bool = False
    _position: int = 0  # how many bytes came before what comes next
    _waiting: dict[int, bytes] = field(default_factory=dict)  # by their positions
    _positions: list[int] = field(default_factory=list)  # a heap
    _waiting_bytes: int = 0
    _fin_at: int | None = None

    def synchronize(self, sequence: int, *, frame: int) -> None:
        """Take the sequence number of a SYN; a second one is a repetition."""
        if self.next_sequence is None:
            self.next_sequence = (sequence + 1) % _WRAP
        else:
            self.budget.repeat(self.repeated_frames, frame)

    def take(self, sequence: int, content: bytes, *, frame: int, fin: bool) -> bytes:
        """Take a segment and return what it adds to the stream, in order."""
        if self.next_sequence is None:  # the capture began in the middle
            self.next_sequence = sequence
        if fin:
            self._fin_at = (sequence + len(content)) % _WRAP
        new = b""
        if content and not self._given_up:
            ahead = _distance(sequence, self.next_sequence)
            if ahead + len(content) <= 0 or self._position + ahead in self._waiting:
                self.budget.repeat(self.repeated_frames, frame)
            elif ahead <= 0 and not self._waiting:
                new = content[-ahead:]
            else:
                self._wait(self._position + ahead, content)
                new = self._deliver()
        self._position += len(new)
        self.next_sequence = (self.next_sequence + len(new)) % _WRAP
        self.ended = self.ended or self.next_sequence == self._fin_at
        self.budget.spend(len(new))
        return new

    def give_up(self) -> None:
        """Follow it no further, and give back the memory of what waits."""
        self._given_up = True
        if not self._waiting:
            return
        for content in self._waiting.values():
            self.budget.release(content)
        self._waiting, self._positions = {}, []

    def _wait(self, position: int, content: bytes) -> None:
        """Keep a segment until what is before it has come."""
        self._waiting_bytes += len(content)
        if self._waiting_bytes > STREAM_LIMIT or not self.budget.keep(content):
            self.budget.give_up(GIVEN_UP)
            self.give_up()
            return
        self._waiting[position] = content
        heappush(self._positions, position)

    def _deliver(self) -> bytes:
        """Return what waited and goes on without a gap."""
        found, end = [], self._position
        while self._positions and self._positions[0] <= end:
            position = heappop(self._positions)
            content = self._waiting.pop(position)
            self._waiting_bytes -= len(content)
            self.budget.release(content)
            found.append(content[end - position :])
            end += len(found[-1])
        return b"".join(found)


def _distance(sequence: int, origin: int) -> int:
    """Return how far `sequence` lies ahead of `origin`, negative for behind, on the circle of 2**32 numbers."""
    return (sequence - origin + _WRAP // 2) % _WRAP - _WRAP // 2
