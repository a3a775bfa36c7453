"""The DHCP messages of a pair of boots, type by type."""

from collections.abc import Callable, Iterable, Iterator

from bootrig.compare.finding import Value
from bootrig.compare.pairing import CellPair
from bootrig.trace.events import Dhcp
from bootrig.trace.reading.wire import first_dhcp_messages

Read = Callable[[Dhcp], Value]


def iter_unequal(pair: CellPair, read: Read) -> Iterator[tuple[str, Value, Value]]:
    """Read one value from the first message of each type that both guests sent; yield the unequal ones.

    Yields:
        Which message types, ` in DISCOVER`, empty where the values differ in all; the baseline's and the candidate's
        value.
    """
    first, second = (first_dhcp_messages(trace) for trace in pair.sides)
    both = [message for message in first if message in second]
    unequal: dict[tuple[Value, Value], list[str]] = {}
    for message in both:
        values = read(first[message]), read(second[message])
        if values[0] != values[1]:
            unequal.setdefault(values, []).append(message)
    for (baseline, candidate), messages in unequal.items():
        yield "" if messages == both else f" in {join_messages(messages)}", baseline, candidate


def join_messages(messages: Iterable[str]) -> str:
    """Return types of messages as people write them: `DISCOVER and REQUEST`."""
    return " and ".join(message.upper() for message in messages)
