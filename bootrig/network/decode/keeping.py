"""Which events of a capture are kept: of each kind the first and the last, as many as a trace can hold."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.json import Encoder

from bootrig.network.decode.budget import Budget
from bootrig.trace.events import Event

# bytes of JSON: of one kind's first events, and as many of its last
EVENTS_LIMIT = 256 << 10
_ENCODER = Encoder()


@dataclass(slots=True)
class _Kind:
    """The events of one kind."""

    first: list[Event] = field(default_factory=list)
    first_bytes: int = 0
    last: deque[tuple[Event, int]] = field(default_factory=deque)
    last_bytes: int = 0


class EventKeeper:
    """The events that are kept.

    Args:
        budget: is told of those that are not.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._kinds: dict[type[Event], _Kind] = {}

    def add(self, event: Event) -> None:
        """Keep an event; where its kind has no room left, in the place of the oldest of its last ones."""
        kind = self._kinds.get(type(event))
        if kind is None:
            kind = self._kinds[type(event)] = _Kind()
        length = len(_ENCODER.encode(event))
        if not kind.last and kind.first_bytes + length <= EVENTS_LIMIT:
            kind.first.append(event)
            kind.first_bytes += length
            return
        kind.last.append((event, length))
        kind.last_bytes += length
        while kind.last_bytes > EVENTS_LIMIT:
            dropped, length = kind.last.popleft()
            kind.last_bytes -= length
            self._budget.give_up(f"events of the kind {dropped.__struct_config__.tag} that are not kept")

    def __iter__(self) -> Iterator[Event]:
        for kind in self._kinds.values():
            yield from kind.first
            yield from (event for event, _ in kind.last)
