"""Consoles as asciicasts: what is written, in which order, and what is refused."""

import json

import pytest

from bootrig.trace.cast import CastError, CastEvent, CastKind, CastRecorder, encode_cast, parse_cast
from bootrig.trace.trace import Evidence, Milestone


def test_the_console_is_kept_with_the_clock_and_the_milestones() -> None:
    recorder = CastRecorder()
    recorder.add("SeaBIOS\r\n", None)
    recorder.add("i", 2.0)
    recorder.add("PXE\x1b[2J", 2.0)
    recorder.add("ok", 5.0)
    recorder.mark("nbp-entered")
    packets = [
        Milestone("dhcp-ack", 3.5, None, Evidence(6)),
        Milestone("nbp-entered", 4.0, None, Evidence(text="the console's own")),
    ]
    content = encode_cast("a cell", recorder.find_events(packets))
    header, *lines = [json.loads(line) for line in content.splitlines()]
    assert header == {"version": 2, "width": 80, "height": 25, "title": "a cell"}
    assert lines == [
        [0.0, "o", "SeaBIOS\r\n"],
        [2.0, "o", "iPXE\x1b[2J"],
        [3.5, "m", "dhcp-ack"],
        [5.0, "o", "ok"],
        [5.0, "m", "nbp-entered"],
    ]
    assert [[one.guest_s, one.kind, one.text] for one in parse_cast(content)] == lines


def test_a_clock_that_goes_back_does_not_turn_the_order_of_the_console() -> None:
    recorder = CastRecorder()
    for text, guest_s in (("a", 3.0), ("b", 2.0), ("c", None), ("d", 4.0)):
        recorder.add(text, guest_s)
    assert recorder.find_events(()) == [CastEvent(3.0, CastKind.OUTPUT, "abc"), CastEvent(4.0, CastKind.OUTPUT, "d")]


def test_a_flood_is_cut_and_that_is_told_once() -> None:
    recorder = CastRecorder(limit=5)
    for _ in range(3):
        recorder.add("abcd", 1.0)
    first, told = recorder.find_events(())
    assert first.text == "abcda"
    assert told == CastEvent(1.0, CastKind.MARKER, "only the first 5 characters are here")


def test_the_file_itself_holds_nothing_that_a_terminal_obeys() -> None:
    text = "".join(map(chr, (*range(0x20), *range(0x7F, 0x100))))
    content = encode_cast(text, [CastEvent(0.0, CastKind.OUTPUT, text)])
    assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in content)
    assert parse_cast(content)[0].text == text


HEADER = b'{"version": 2, "width": 80, "height": 25}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an asciicast: Input data was truncated"),
        (b"[]\n", "not an asciicast: Expected `object`, got `array`"),
        (
            b'{"version": 3, "width": 80, "height": 25}\n',
            "expected an asciicast of version 2 with 80 columns and 25 rows",
        ),
        (b'{"version": 2, "width": 800, "height": 25}\n', "expected an asciicast of version 2"),
        (HEADER + b'["1", "o", "x"]', "Expected `float`, got `str`"),
        (HEADER + b'[1, "i", "x"]', "Invalid enum value 'i'"),
        (HEADER + b'[1, "o", "\xff"]', "not an asciicast"),
        (HEADER + b"[" * 5000, "not an asciicast"),
    ],
)
def test_what_is_no_cast_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(CastError, match=message):
        parse_cast(content)
