"""TCP streams put together again from segments that come twice, late or never.

Source: RFC 9293.
"""

from dataclasses import dataclass, field

_WRAP = 1 << 32


@dataclass(slots=True)
class TcpStream:
    """One direction of a connection.

    Attributes:
        repeated_frames: numbers of the frames that brought nothing new.
        ended: whether the sender's FIN and all before it have come.
    """

    next_sequence: int | None = None
    repeated_frames: list[int] = field(default_factory=list)
    ended: bool = False
    _waiting: dict[int, bytes] = field(default_factory=dict)
    _fin_at: int | None = None

    def synchronize(self, sequence: int, *, frame: int) -> None:
        """Take the sequence number of a SYN; a second one is a repetition."""
        if self.next_sequence is None:
            self.next_sequence = (sequence + 1) % _WRAP
        else:
            self.repeated_frames.append(frame)

    def take(self, sequence: int, content: bytes, *, frame: int, fin: bool) -> bytes:
        """Take a segment and return what it adds to the stream, in order."""
        if self.next_sequence is None:  # the capture began in the middle
            self.next_sequence = sequence
        if fin:
            self._fin_at = (sequence + len(content)) % _WRAP
        if content:
            ahead = _distance(sequence, self.next_sequence)
            if ahead + len(content) <= 0 or sequence in self._waiting:
                self.repeated_frames.append(frame)
            else:
                self._waiting[sequence] = content
        new = self._deliver(self.next_sequence)
        self.ended = self.ended or self.next_sequence == self._fin_at
        return new

    def _deliver(self, origin: int) -> bytes:
        """Return what waited and goes on at `origin` without a gap."""
        new = b""
        for sequence, content in sorted(self._waiting.items(), key=lambda item: _distance(item[0], origin)):
            ahead = _distance(sequence, origin) - len(new)
            if ahead > 0:
                break
            new += content[-ahead:]
            del self._waiting[sequence]
        self.next_sequence = (origin + len(new)) % _WRAP
        return new


def _distance(sequence: int, origin: int) -> int:
    """Return how far `sequence` lies ahead of `origin`, negative for behind, on the circle of 2**32 numbers."""
    return (sequence - origin + _WRAP // 2) % _WRAP - _WRAP // 2
