"""How much work it is to read a console: twice the text is twice the work, whatever the guest writes."""

import sys
from collections.abc import Iterable
from typing import Any

import pytest

from bootrig.trace.reading import console
from bootrig.trace.reading.console import ConsoleReader

HOSTILE = {
    "attributes": "\x1b[m",
    "no line end": "iPXE ",
    "half a sequence": "\x1b[",
    "digits of a sequence": "1",
    "line ends": "\n",
    "short lines": "x\r\n",
    "the same place": "a\bb\b",
    "back and forth": "abcdefghij\r",
    "wiped": "Press F2.\r\x1b[K",
    "clears": "x\x1b[2J\x1b[H",
    "places": "\x1b[1;1Hab\x1b[25;70Hc",
    "tabs": "\ta\r",
    "strings": "\x1b]0;x\a",
    "strings without end": "\x1b]0;x",
    "bells": "\a\b",
    "wiped up to the cursor": "0123456789\x1b[1K",
}


class Scanned:
    """A pattern that counts the characters that it is given."""

    def __init__(self, pattern: Any) -> None:
        self.pattern = pattern
        self.count = 0

    def finditer(self, text: str, start: int, end: int) -> Any:
        for match in self.pattern.finditer(text, start, end):
            self.count += len(match[0])
            yield match

    def search(self, text: str, start: int, end: int) -> Any:
        match = self.pattern.search(text, start, end)
        self.count += (end if match is None else match.end()) - start
        return match

    def fullmatch(self, text: str, start: int) -> Any:
        self.count += len(text) - start
        return self.pattern.fullmatch(text, start)


def count_steps(chunks: Iterable[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the calls that reading takes, and the characters that its patterns look at."""
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    reader = ConsoleReader(limit=80 * 40)
    with monkeypatch.context() as patch:
        patterns = []
        for name in ("_PIECE", "_BEGUN", "_STRING_END"):
            patterns.append(Scanned(getattr(console, name)))
            patch.setattr(console, name, patterns[-1])
        before = sys.getprofile()
        sys.setprofile(count)
        try:
            for chunk in chunks:
                reader.feed(chunk, None)
                reader.take_new()
        finally:
            sys.setprofile(before)
    return calls + sum(pattern.count for pattern in patterns)


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("length", [1, 1000])
def test_twice_the_text_is_twice_the_work(unit: str, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = "\x1b[" if unit == "1" else ""

    def work(times: int) -> int:
        text = begin + unit * times
        return count_steps((text[at : at + length] for at in range(0, len(text), length)), monkeypatch)

    once, twice = work(2000), work(4000)
    assert twice <= 2.2 * once
    assert once <= 80 * (len(unit) * 2000 + 100)
