"""A reading is made once a trace."""

from msgspec.structs import replace

from bootrig.trace.reading.recall import REMEMBERED, recall
from bootrig.trace.trace import Trace
from tests.compare.factory import Boot, trace


def test_each_trace_is_read_once() -> None:
    asked: list[str] = []

    @recall
    def read(given: Trace) -> int:
        asked.append(given.rom_set)
        return len(asked)

    first = trace(Boot())
    second = replace(first)
    assert [read(first), read(second), read(first), read(second)] == [1, 2, 1, 2]


def test_what_was_read_first_is_forgotten_first() -> None:
    read = recall(lambda given: [given])
    first, *others = [replace(trace(Boot())) for _ in range(REMEMBERED + 1)]
    results = [read(first), *map(read, others)]
    assert read(first) is not results[0]
    assert read(others[-1]) is results[-1]
