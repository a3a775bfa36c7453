"""What decoding one capture may cost, in work and in memory, and what was given up for it.

Whatever a guest sends, the work is linear in it. The limits are far above what boots need: a boot that comes to one
does not do what a boot does.
"""

from dataclasses import dataclass, field

WORK_LIMIT = 1 << 30
# what a frame costs beside its bytes
FRAME_WORK = 1 << 10
# what an event costs beside its frame: no boot has more than some thousand
EVENT_WORK = 14 << 10
# what a TCP connection costs beside its event
CONNECTION_WORK = 8 << 10
# what a number costs in a list of repeated frames that an event has
REPEATED_WORK = 64
# what a byte costs that is taken apart: names, options, headers
PARSE_WORK = 1 << 9
WAITING_LIMIT = 16 << 20
# what a piece that waits costs beside its bytes
PIECE_BYTES = 128
REPEATED_LIMIT = 1000


@dataclass(slots=True)
class Budget:
    """What the decoder of one capture has spent.

    Attributes:
        work: bytes that were looked at or copied, and what the constants above say that other things cost.
        waiting: bytes of memory that pieces take which wait for others.
    """

    work: int = 0
    waiting: int = 0
    _given_up: dict[str, int] = field(default_factory=dict)

    @property
    def is_spent(self) -> bool:
        """Whether nothing more is decoded."""
        return self.work > WORK_LIMIT

    def spend(self, work: int) -> None:
        """Count bytes that are looked at or copied."""
        self.work += work

    def parse(self, content: bytes) -> None:
        """Count bytes that are taken apart."""
        self.work += PARSE_WORK * len(content)

    def keep(self, content: bytes) -> bool:
        """Reserve the memory for a piece that waits; False where it has to be given up."""
        if self.waiting + len(content) + PIECE_BYTES > WAITING_LIMIT:
            return False
        self.waiting += len(content) + PIECE_BYTES
        return True

    def release(self, content: bytes) -> None:
        """Give back the memory of a piece that waited."""
        self.waiting -= len(content) + PIECE_BYTES

    def repeat(self, frames: list[int], frame: int) -> None:
        """Add the number of a frame that brought nothing new to those of its transfer or connection."""
        if len(frames) < REPEATED_LIMIT:
            frames.append(frame)
        else:
            self.give_up("repeated frames that are not listed")

    def give_up(self, what: str) -> None:
        """Count something that a limit cut; `what` it is, in the plural."""
        self._given_up[what] = self._given_up.get(what, 0) + 1

    @property
    def truncated(self) -> tuple[str, ...]:
        """What the limits cut, in words; empty where all was decoded."""
        return tuple(f"capture: {what}: {count}" for what, count in self._given_up.items())
