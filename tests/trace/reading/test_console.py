"""The one reader of consoles: tables, chunks, limits."""

from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bootrig.trace.reading.console import ConsoleReader
from bootrig.trace.trace import ConsoleLine

FULL = "a" * 80
PROMPT = "Press Ctrl-B for the iPXE command line..."


def read(chunks: Iterable[str]) -> tuple[list[str], str]:
    """Return the lines, those wiped out with a mark, and the plain text."""
    reader, plain = ConsoleReader(), ""
    for chunk in chunks:
        reader.feed(chunk, None)
        plain += reader.take_new()
    return [("wiped: " if line.wiped else "") + line.text for line in reader.lines], plain


@pytest.mark.parametrize(
    ("written", "lines", "plain"),
    [
        ("", [], ""),
        ("one\r\n\r\ntwo  ", ["one", "two"], "one\n\ntwo  "),
        ("  [Link:up]\r\n", ["  [Link:up]"], "  [Link:up]\n"),
        ("down\nwards\r\n", ["down", "    wards"], "down\nwards\n"),
        # SeaBIOS: colours and modes; OVMF: clears, and its own mode
        ("\x1bc\x1b[?7l\x1b[2J\x1b[0;1miPXE\x1b[0m 1.0\r\n", ["iPXE 1.0"], "iPXE 1.0\n"),
        ("\x1b[2J\x1b[01;01H\x1b[=3h\x1b[2J\x1b[01;01H\r\nx", ["x"], "\nx"),
        ("\x1b(Bx\x1b=y\x1b", ["xy"], "xy"),
        ("\x00a\x07b\x7f", ["ab"], "ab"),
        ("plain [1m", ["plain [1m"], "plain [1m"),
        ("a\x1b\x1b[1mb", ["ab"], "ab"),
        ("x\x1b[" + "1" * 40 + "my", ["x[" + "1" * 40 + "my"], "x[" + "1" * 40 + "my"),
        # a character drawn again at its place
        ("iPXE 1\x1b[01;06H\x1b[0m1\x1b[0;1m.0.0+", ["iPXE 1.0.0+"], "iPXE 1.0.0+"),
        ("nonce 42\x1b[01;08H\x1b[01;09H9c\r\n", ["nonce 429c"], "nonce 429c\n"),
        ("11\x1b[1;3H2", ["112"], "112"),
        ("one\r\ntwo\x1b[1;1Hone\x1b[2;4H more", ["one", "two more"], "one\ntwo more"),
        # the cursor moved where CR LF is usual
        ("one\x1b[02;75H\rtwo", ["one", "two"], "one\ntwo"),
        (FULL + "\x1b[02;75H\rT\r\n", [FULL + "T"], FULL + "T\n"),
        # column 80
        (FULL + "\r\nT\r\n", [FULL + "T"], FULL + "T\n"),
        (FULL + "T", [FULL + "T"], FULL + "T"),
        (FULL + "\r\n\r\nT", [FULL, "T"], FULL + "\nT"),
        (FULL[1:] + "\r\nT", [FULL[1:], "T"], FULL[1:] + "\nT"),
        (FULL + "\x1b[5;1HT", [FULL, "T"], FULL + "\nT"),
        (FULL + "\x1b[5;1Hx\x1b[2;1HT", [FULL, "x", "T"], FULL + "\nx\nT"),
        (FULL + "\b\r\b", [FULL], FULL),
        (FULL + "\bX", [FULL[2:] + "Xa"], FULL + "\nX"),
        (" " * 80 + "\r\nT", ["T"], " " * 80 + "\nT"),
        (FULL[1:] + " \r\nhttp", [FULL[1:] + " http"], FULL[1:] + " http"),
        # wiped out
        (PROMPT + "\b \b" * len(PROMPT) + "net0: up", ["wiped: " + PROMPT, "net0: up"], PROMPT + "\nnet0: up"),
        (PROMPT + "\r" + " " * 79 + "\r\n\nx", ["wiped: " + PROMPT, "x"], PROMPT + "\n\nx"),
        (PROMPT + "\r\x1b[Kx", ["wiped: " + PROMPT, "x"], PROMPT + "\nx"),
        (PROMPT + "\x1b[2K\rx", ["wiped: " + PROMPT, "x"], PROMPT + "\nx"),
        (PROMPT + "\x1b[1K\rx", ["wiped: " + PROMPT, "x"], PROMPT + "\nx"),
        (PROMPT + "\r\x1b[Jx", ["wiped: " + PROMPT, "x"], PROMPT + "\nx"),
        (PROMPT + "\rBooting from disk", ["wiped: " + PROMPT, "Booting from disk" + PROMPT[17:]], None),
        ("in 5 s: Press F2.\x1b[1;9H         ", ["wiped: in 5 s: Press F2.", "in 5 s:"], "in 5 s: Press F2."),
        ("nbp.0... 29%\b\b\b\b    \b\b\b\b ok", ["nbp.0... ok"], "nbp.0... 29%\nok"),
        ("ifstax\b \bt\r\n", ["ifstat"], "ifstax\nt\n"),
        ("5\b4\b3", ["3"], "5\n4\n3"),
        ("a\rb", ["b"], "a\nb"),
        # a cleared screen: what was on it has been seen
        ("menu\x1b[2J\x1b[Hboot", ["menu", "boot"], "menu\nboot"),
        ("one\r\ntwo\x1b[1;1H\x1b[Jx", ["wiped: one", "two", "x"], "one\ntwo\nx"),
        # other moves
        ("a\tb\x1b[3Cc\x1b[Dd", ["a       b   d"], "a       b   c\nd"),
        ("one\r\ntwo\x1b[A\r1", ["1ne", "two"], "one\ntwo\n1"),
        ("one\x1b[B\x1b[Gtwo\x1b[9d\x1b[2Gx", ["one", "two", " x"], "one\ntwo\nx"),
        ("\x1b[999;999Hx\x1b[0;0Hy", [" " * 79 + "x", "y"], "x\ny"),
    ],
)
def test_what_a_guest_writes_and_what_is_read(written: str, lines: list[str], plain: str | None) -> None:
    assert read([written])[0] == lines
    assert plain is None or read([written])[1] == plain
    assert read(written) == read([written])


PIECES = st.sampled_from(
    [
        *("a", "b", "  ", "\r", "\n", "\b", "\t", "ab" * 20, FULL, "\x1b", "[", "1", ";", "m"),
        *("\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[J", "\x1b[2J", "\x1bc"),
        *("\x1b[1;3H", "\x1b[2;80H", "\x1b[1;4", "\x1b[A", "\x1b[B", "\x1b[C"),
    ]
)


@example("a\r  a", 1)
@example("a \r  a", 1)
@settings(deadline=None, max_examples=300)
@given(st.lists(PIECES, max_size=40).map("".join), st.integers(1, 5))
def test_how_the_text_is_cut_into_reads_makes_no_difference(text: str, length: int) -> None:
    assert read(text[at : at + length] for at in range(0, len(text), length)) == read([text])


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read(text: str) -> None:
    lines, plain = read([text])
    assert "\x1b" not in plain
    assert all("\n" not in line for line in lines)


def test_a_line_has_the_clock_of_its_beginning() -> None:
    reader = ConsoleReader()
    for text, guest_s in (("one", None), (" more\r\n", 1.0), ("Press", 2.0), ("\r     ", 3.0), ("\rnet0", 4.0)):
        reader.feed(text, guest_s)
    assert reader.lines == (
        ConsoleLine("one more", None),
        ConsoleLine("Press", 2.0, wiped=True),
        ConsoleLine("net0", 4.0),
    )


def test_a_prompt_without_a_line_end_is_seen_at_once_and_once() -> None:
    reader = ConsoleReader()
    reader.feed("boot: ", None)
    assert (reader.take_new(), reader.take_new()) == ("boot: ", "")
    assert [line.text for line in reader.lines] == ["boot:"]


def test_what_is_too_long_is_cut_and_told() -> None:
    reader = ConsoleReader(line_limit=240, limit=1600)
    reader.feed("x" * 250, None)
    assert [len(line.text) for line in reader.lines] == [240, 10]
    assert reader.truncated == ("console: lines are divided after 240 characters (1 times)",)
    reader = ConsoleReader(limit=1600)
    reader.feed("".join(f"line {number}\r\n" for number in range(20)), None)
    assert (len(reader.lines), reader.truncated) == (20, ())
    reader.feed("".join(f"line {number}\r\n" for number in range(20, 50)), None)
    expected = [f"line {number}" for number in (*range(10), *range(40, 50))]
    assert [line.text for line in reader.lines] == expected
    assert reader.truncated == ("console: 30 rows between its beginning and its end are not kept",)


def read_limited(text: str, **limits: int) -> tuple[list[int], tuple[str, ...]]:
    """Return the lengths of the lines that were kept, and what was cut."""
    reader = ConsoleReader(**limits)
    reader.feed(text, None)
    return [len(line.text) for line in reader.lines], reader.truncated


def told(rows: int) -> tuple[str, ...]:
    return (f"console: {rows} rows between its beginning and its end are not kept",)


LONG = "x" * (3 * 80 + 40)
DIVIDED, DIVIDED_TWICE = ((f"console: lines are divided after 240 characters ({n} times)",) for n in (1, 2))


@pytest.mark.parametrize(
    ("text", "limits", "lengths", "truncated"),
    [
        ("x" * 240, {"line_limit": 240}, [240], ()),
        ("x" * 241, {"line_limit": 250}, [240, 1], DIVIDED),
        ("x" * 320, {"line_limit": 319}, [240, 80], DIVIDED),
        ("x" * 481, {"line_limit": 240}, [240, 240, 1], DIVIDED_TWICE),
        ("x\r\n" * 4, {"limit": 320}, [1, 1, 1, 1], ()),
        ("x\r\n" * 4 + "yy", {"limit": 320}, [1, 1, 1, 2], told(1)),
        ("x\r\n" * 4 + "yy", {"limit": 479}, [1, 1, 1, 2], told(1)),
        ("x\r\n" * 4 + "yy\r\nzzz", {"limit": 480}, [1, 1, 1, 1, 2, 3], ()),
        ("x" * 65600, {}, [65520, 80], ("console: lines are divided after 65520 characters (1 times)",)),
        ("x\r\n" * 13106, {}, [1] * 13106, ()),
        ("x\r\n" * 13107, {}, [1] * 13106, told(1)),
        # whole lines go, and the last one never does
        ("x\r\n" * 2 + LONG, {"limit": 320}, [1, 1, 280], ()),
        ("x\r\n" * 2 + LONG + "\r\ny", {"limit": 320}, [1, 1, 1], told(4)),
        ("x\r\n" * 3 + LONG, {"limit": 320}, [1, 1, 280], told(1)),
        ("x" + LONG + "\r\ny\r\nzz", {"limit": 320}, [281, 1, 2], ()),
        ("x" + LONG + "\r\ny\r\nzz\r\n!!!", {"limit": 320}, [281, 2, 3], told(1)),
    ],
)
def test_limits(text: str, limits: dict[str, int], lengths: list[int], truncated: tuple[str, ...]) -> None:
    assert read_limited(text, **limits) == (lengths, truncated)


def test_a_line_over_several_rows_has_the_clock_of_the_first() -> None:
    reader = ConsoleReader()
    for text, guest_s in ((FULL, 1.0), (FULL, 2.0), ("T", 3.0)):
        reader.feed(text, guest_s)
    assert reader.lines == (ConsoleLine(FULL + FULL + "T", 1.0),)
