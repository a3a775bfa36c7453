"""Moves of the cursor, and what they do to the lines and to the plain text: with exact places and exact lines."""

import pytest

from tests.trace.reading.test_console import FULL, read

# a letter in each row
SCREEN = "\r\n".join("abcdefghijklmnopqrstuvwxy")


def find_mark(written: str) -> tuple[int, int]:
    """Return the row and the column, from 1, where `!` is seen after it was written at the cursor."""
    lines, _ = read([SCREEN + written + "!"])
    ((row, column),) = [(row, line.index("!")) for row, line in enumerate(lines) if "!" in line]
    return row + 1, column + 1


@pytest.mark.parametrize(
    ("sequence", "row", "column"),
    [
        *(("A", 9, 20), ("0A", 9, 20), ("1A", 9, 20), ("2A", 8, 20), ("9A", 1, 20), ("10A", 1, 20), ("99A", 1, 20)),
        *(("B", 11, 20), ("0B", 11, 20), ("2B", 12, 20), ("15B", 25, 20), ("16B", 25, 20), ("99B", 25, 20)),
        *(("C", 10, 21), ("0C", 10, 21), ("2C", 10, 22), ("60C", 10, 80), ("61C", 10, 80), ("99C", 10, 80)),
        *(("D", 10, 19), ("0D", 10, 19), ("2D", 10, 18), ("19D", 10, 1), ("20D", 10, 1), ("99D", 10, 1)),
        *(("G", 10, 1), ("0G", 10, 1), ("1G", 10, 1), ("2G", 10, 2), ("80G", 10, 80), ("81G", 10, 80)),
        *(("d", 1, 20), ("0d", 1, 20), ("1d", 1, 20), ("2d", 2, 20), ("25d", 25, 20), ("26d", 25, 20)),
        *(("H", 1, 1), ("0;0H", 1, 1), ("5H", 5, 1), ("5;H", 5, 1), (";7H", 1, 7), ("5;7H", 5, 7), ("5;7;9H", 5, 7)),
        *(("f", 1, 1), ("6;8f", 6, 8), ("25;80H", 25, 80), ("26;81H", 25, 80), ("24;79H", 24, 79), ("9999;9H", 25, 9)),
        # not moves
        *(("?5;7H", 10, 20), ("5:7H", 10, 20), ("7x", 10, 20), ("7h", 10, 20), ("7E", 10, 20), ("7c", 10, 20)),
    ],
)
def test_where_a_control_function_moves_the_cursor(sequence: str, row: int, column: int) -> None:
    assert find_mark(f"\x1b[10;20H\x1b[{sequence}") == (row, column)


@pytest.mark.parametrize(
    ("written", "row", "column"),
    [
        ("\x1b[10;20H\b", 10, 19),
        ("\x1b[10;2H\b\b", 10, 1),
        ("\x1b[10;80H\b", 10, 79),
        ("\x1b[10;80Hx\b", 10, 79),
        ("\x1b[10;79Hx\b", 10, 79),
        ("\x1b[10;20H\r", 10, 1),
        ("\x1b[10;20H\n", 11, 20),
        ("\x1b[10;20H\v", 11, 20),
        ("\x1b[10;20H\f", 11, 20),
        ("\x1b[24;20H\n", 25, 20),
        *((f"\x1b[10;{begin}H\t", 10, end) for begin, end in ((1, 9), (7, 9), (8, 9), (9, 17), (16, 17), (17, 25))),
        *(
            (f"\x1b[10;{begin}H\t", 10, end)
            for begin, end in ((63, 65), (64, 65), (65, 73), (72, 73), (73, 80), (80, 80))
        ),
        ("\x1b[10;80Hx\t", 10, 80),
        ("\x1b[10;80Hx\x1b[D", 10, 79),
        ("\x1b[10;80Hx\x1b[C", 10, 80),
        ("\x1b[10;80Hx\x1b[2G", 10, 2),
        ("\x1b[10;80Hx", 11, 1),
        ("\x1b[10;79Hxy", 11, 1),
    ],
)
def test_where_a_character_moves_the_cursor(written: str, row: int, column: int) -> None:
    assert find_mark(written) == (row, column)


@pytest.mark.parametrize(("down", "lines"), [(23, ["xop"]), (24, ["xop"]), (25, ["top", "x"])])
def test_the_screen_scrolls_at_its_last_row(down: int, lines: list[str]) -> None:
    assert read(["top" + "\r\n" * down + "\x1b[1;1Hx"]) == (lines, "top" + "\n" * down + "x")


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("\x1b[10;1H\x1b[J", "abcdefghi"),
        ("\x1b[10;2H\x1b[J", "abcdefghij"),
        ("\x1b[10;1H\x1b[0J", "abcdefghi"),
        ("\x1b[25;1H\x1b[J", "abcdefghijklmnopqrstuvwx"),
        ("\x1b[1;1H\x1b[J", ""),
        ("\x1b[10;1H\x1b[1J", "abcdefghijklmnopqrstuvwxy"),
        ("\x1b[10;1H\x1b[K", "abcdefghiklmnopqrstuvwxy"),
        ("\x1b[10;1H\x1b[1K", "abcdefghiklmnopqrstuvwxy"),
        ("\x1b[10;9H\x1b[2K", "abcdefghiklmnopqrstuvwxy"),
        ("\x1b[10;9H\x1b[2J", ""),
        ("\x1bc", ""),
    ],
)
def test_what_is_erased_is_written_anew(written: str, lines: str) -> None:
    """Where a letter is still in its row, writing it again at its place adds no line."""
    again = "".join(f"\x1b[{row};1H{letter}" for row, letter in enumerate("abcdefghijklmnopqrstuvwxy", start=1))
    found, _ = read([SCREEN + written + again])
    assert len(found) - 25 == 25 - len(lines)


@pytest.mark.parametrize(
    ("written", "lines", "plain"),
    [
        ("abcd\x1b[1;1H\x1b[1K", [" bcd"], "abcd"),
        ("abcd\x1b[1;2H\x1b[1K", ["  cd"], "abcd"),
        ("abcd\x1b[1;3H\x1b[1K", ["   d"], "abcd"),
        ("abc\x1b[1;2H\x1b[1Kx", [" xc"], "abc\nx"),
        ("abcdef\x1b[1;3H\x1b[Kx", ["abx"], "abcdef\nx"),
        ("ab\x1b[1;5H\x1b[1Kx", ["wiped: ab", "    x"], "ab\nx"),
        ("abc\x1b[1;1H\x1b[1K", [" bc"], "abc"),
        ("abc\x1b[1;2H\x1b[2KX", ["wiped: abc", " X"], "abc\nX"),
        ("a\r\nb\r\nc\x1b[2;1H\x1b[Jx", ["a", "wiped: b", "c", "x"], "a\nb\nc\nx"),
        ("a\r\nb\r\nc\x1b[1;1H\x1b[Jx\r\ny\r\nz", ["wiped: a", "b", "c", "x", "y", "z"], "a\nb\nc\nx\ny\nz"),
        ("a\r\nb\r\nc\x1b[2;1H\x1b[2Jx", ["a", "b", "c", "x"], "a\nb\nc\nx"),
        ("a\r\nb\x1b[1Jx", ["a", "bx"], "a\nbx"),
        ("a\r\nb\r\nc\x1b[2;2H\x1b[1J!", ["a", "b!", "c"], "a\nb\nc\n!"),
        ("a\x1b[3K\rb", ["wiped: a", "b"], "a\nb"),
        ("\x1b[Kx", ["x"], "x"),
        ("\x1b[25;1Hlast\x1b[Jx", ["lastx"], "lastx"),
        ("\x1b[25;3Hlast\x1b[25;1H\x1b[J\x1b[24;1Hx", ["wiped:   last", "x"], "last\nx"),
        ("\x1b[1;1Hab\x1b[5;7Hcd\x1b[f!", ["!b", "      cd"], "ab\ncd\n!"),
        ("\x1b[;7Hx", ["      x"], "x"),
        ("\x1b[5;Hx", ["x"], "x"),
        ("\x1b[5;7;9Hx", ["      x"], "x"),
        ("\x1b[?5;7Hx", ["x"], "x"),
        (
            "\x1b[26;81Hx\x1b[25;80Hy",
            ["                                                                               y"],
            "x\ny",
        ),
        ("\x1b[24;79Hx", ["                                                                              x"], "x"),
        ("a\x1b[2:3Hb", ["ab"], "ab"),
        ("a\x1bcb", ["a", "b"], "a\nb"),
        ("a\x1bDb", ["ab"], "ab"),
        ("a\x1b[1xb", ["ab"], "ab"),
        ("a\x1b~b", ["ab"], "ab"),
        ("\x1b[3;3Ha\x1bcb", ["  a", "b"], "a\nb"),
        ("ab\x1b[1;1H\x1b[2J\x1bcx\x1b[5;5H\x1bcy", ["ab", "x", "y"], "ab\nx\ny"),
        ("\x1b[24;1Ha\r\nb\r\nc\r\nd\x1b[23;1H!", ["a", "!", "c", "d"], "a\nb\nc\nd\n!"),
        ("abc\x1b[1;1H\x1b[Kdef\x1b[1;1H\x1b[Kghi", ["wiped: abc", "wiped: def", "ghi"], "abc\ndef\nghi"),
        ("12345678 abc\x1b[1;9H\x1b[K\x1b[1;1H\x1b[Kz", ["wiped: 12345678 abc", "z"], "12345678 abc\nz"),
        ("abc\x1b[1;1H\x1b[2K\x1b[2Kz", ["wiped: abc", "z"], "abc\nz"),
        (
            "aaaaaaaaaa\rbbb\x1b[1;20Hlong\x1b[1;1H\x1b[K!",
            ["wiped: bbbaaaaaaa         long", "!"],
            "aaaaaaaaaa\nbbb\nlong\n!",
        ),
        ("abc\r\x1b[1;3Hcd", ["abcd"], "abcd"),
        ("abc\x1b[1;2Hbcd", ["abcd"], "abcd"),
        ("abc\x1b[1;2HbXd", ["abXd"], "abc\nXd"),
        ("abc\x1b[1;2H\x1b[Kbcd", ["abcd"], "abc\nbcd"),
        ("abc\x1b[1;1Ha\x1b[1;4Hd", ["abcd"], "abcd"),
        ("abc\x1b[1;7Hx", ["abc   x"], "abc   x"),
        ("abc\x1b[1;2Hb\x1b[1;7Hx", ["abc   x"], "abc   x"),
        ("abc\x1b[1;4H   d", ["abc   d"], "abc   d"),
        ("a\r\nb\x1b[1;4H  x", ["a    x", "b"], "a\nb\nx"),
        ("a\r\nb\x1b[1;4H  ", ["a", "b"], "a\nb"),
        ("abc\rX\x1b[1;2HY", ["XYc"], "abc\nXY"),
        ("abc\rX\x1b[1;3HY", ["XbY"], "abc\nX\nY"),
        ("abc\r \x1b[1;2HY", [" Yc"], "abc\nY"),
        ("abcdef\rXY\x1b[1;7Hg", ["XYcdefg"], "abcdef\nXY\ng"),
        ("abcdef\rXY\x1b[1;5H\x1b[KZ", ["XYcdZ"], "abcdef\nXY\nZ"),
        ("abcdef\x1b[1;3H\x1b[1KZ", ["  Zdef"], "abcdef\nZ"),
        ("abc\x1b[1;2H\x1b[1Kd", [" dc"], "abc\nd"),
        ("abc\x1b[K d", ["abc d"], "abc d"),
        ("abc\x1b[1Kd", ["wiped: abc", "   d"], "abc\nd"),
        ("ab\x1b[1;2H\x1b[K\x1b[1;3Hc", ["a c"], "ab\nc"),
        ("ab\x1b[1;2HX\x1b[1;2HX\x1b[1;3Hc", ["aXc"], "ab\nXc"),
        ("abcd\rX\x1b[1;2HYbc\x1b[1;2H cd", ["X cd"], "abcd\nXYbc\ncd"),
        ("ab\rX\r\nc\x1b[1;2HY", ["XY", "c"], "ab\nX\nc\nY"),
        ("a\x1b[11111111111111111111111111111111mb", ["ab"], "ab"),
        (
            "a\x1b[111111111111111111111111111111111mb",
            ["a[111111111111111111111111111111111mb"],
            "a[111111111111111111111111111111111mb",
        ),
        ("a\x1b[1  mb", ["ab"], "ab"),
        ("a\x1b[1   mb", ["a[1   mb"], "a[1   mb"),
        ("a\x1b  Bb", ["ab"], "ab"),
        ("a\x1b   Bb", ["a   Bb"], "a   Bb"),
    ],
)
def test_lines_where_the_cursor_is_moved(written: str, lines: list[str], plain: str) -> None:
    assert read([written]) == (lines, plain)
    assert read(written) == (lines, plain)


@pytest.mark.parametrize(
    ("written", "lines", "plain"),
    [
        ("one\x0btwo\x0ctri", ["one", "   two", "      tri"], "one\ntwo\ntri"),
        ("a\x7fb", ["ab"], "ab"),
        ("a~b", ["a~b"], "a~b"),
        ("a³b", ["a³b"], "a³b"),
        ("\x1f\x1ea", ["a"], "a"),
        ("\x1b[25;1H" + FULL + "T\r\nU", [FULL + "T", "U"], FULL + "T\nU"),
        ("\x1b[25;1H" + FULL + "\r\nT", [FULL + "T"], FULL + "T"),
        (FULL + "\x1b[2;2HT", [FULL, " T"], FULL + "\nT"),
        (FULL + "\x1b[2;1HT", [FULL + "T"], FULL + "T"),
        (FULL + "\x1b[3;1HT", [FULL, "T"], FULL + "\nT"),
        (FULL + FULL + "T", [FULL + FULL + "T"], FULL + FULL + "T"),
        ("x\r\n" + FULL + "\x1b[1;1Hy\x1b[3;1HT", ["y", FULL + "T"], "x\n" + FULL + "\nyT"),
        ("abc\r  d", ["  d"], "abc\nd"),
        ("abc\r   d", ["wiped: abc", "   d"], "abc\nd"),
        ("abc\r    d", ["wiped: abc", "    d"], "abc\nd"),
        ("abc\r   ", ["wiped: abc"], "abc"),
        ("abc\x08\x08\x08   d", ["wiped: abc", "   d"], "abc\nd"),
        ("aaaaaaaaaa\rbbbbbbbbbb", ["wiped: aaaaaaaaaa", "bbbbbbbbbb"], "aaaaaaaaaa\nbbbbbbbbbb"),
        (
            "aaaaaaaaaa\rbbbbbbbbbb\rcccccccccccc",
            ["wiped: aaaaaaaaaa", "cccccccccccc"],
            "aaaaaaaaaa\nbbbbbbbbbb\ncccccccccccc",
        ),
        ("abc\rabc", ["abc"], "abc"),
        ("abc\rabcd", ["abcd"], "abcd"),
        ("abc\rabXd", ["abXd"], "abc\nXd"),
        ("abc\r Y", [" Yc"], "abc\nY"),
        ("abcd\rXb", ["Xbcd"], "abcd\nXb"),
        ("abcd\rXbc", ["Xbcd"], "abcd\nXbc"),
        ("abcd\rX c", ["X cd"], "abcd\nX c"),
        ("abcd\r c", [" ccd"], "abcd\nc"),
    ],
)
def test_full_rows_and_lines_written_over(written: str, lines: list[str], plain: str) -> None:
    assert read([written]) == (lines, plain)
    assert read(written) == (lines, plain)


@pytest.mark.parametrize(
    ("written", "lines", "plain"),
    [
        ("Press F2.\r         \rx", ["wiped: Press F2.", "x"], "Press F2.\nx"),
        ("Press F2\r        \rx", ["wiped: Press F2", "x"], "Press F2\nx"),
        ("say Press F2.\x1b[1;5H         x", ["wiped: say Press F2.", "say          x"], "say Press F2.\nx"),
        ("say ress F2.\x1b[1;5H        x", ["say         x"], "say ress F2.\nx"),
        ("say ess F2.\x1b[1;5H       x", ["say        x"], "say ess F2.\nx"),
        ("say Press F2.\x1b[1;5H\x1b[Kx", ["wiped: say Press F2.", "say x"], "say Press F2.\nx"),
        ("say ress F2.\x1b[1;5H\x1b[Kx", ["say x"], "say ress F2.\nx"),
        ("say ess F2.\x1b[1;5H\x1b[Kx", ["say x"], "say ess F2.\nx"),
        ("say   Press F2.\x1b[1;5H\x1b[Kx", ["wiped: say   Press F2.", "say x"], "say   Press F2.\nx"),
        ("say  Press F2.\x1b[1;4H\x1b[Kx", ["wiped: say  Press F2.", "sayx"], "say  Press F2.\nx"),
        ("Press F2.\r     x", ["     xF2."], "Press F2.\nx"),
        ("Press F2.\r            x", ["wiped: Press F2.", "            x"], "Press F2.\nx"),
        (
            "Press F2.\rLonger text than before",
            ["wiped: Press F2.", "Longer text than before"],
            "Press F2.\nLonger text than before",
        ),
        ("Press F2.\r          and more", ["wiped: Press F2.", "          and more"], "Press F2.\nand more"),
        (
            "Press F2.\x1b[2KPress F2.\x1b[2K\rx",
            ["wiped: Press F2.", "wiped:          Press F2.", "x"],
            "Press F2.\nPress F2.\nx",
        ),
        (
            "Press F2.\r\x1b[KPress F2.\r\x1b[KPress F2.",
            ["wiped: Press F2.", "wiped: Press F2.", "Press F2."],
            "Press F2.\nPress F2.\nPress F2.",
        ),
        ("Press F2.\r\x1b[K    ", ["wiped: Press F2."], "Press F2."),
        ("Press F2.\r\x1b[K  x", ["wiped: Press F2.", "  x"], "Press F2.\nx"),
        ("Press F2.\r\x1b[K\x1b[1;5Hx", ["wiped: Press F2.", "    x"], "Press F2.\nx"),
        ("  Press F2.\r\x1b[Kx", ["wiped:   Press F2.", "x"], "  Press F2.\nx"),
    ],
)
def test_what_was_wiped_out_of_a_line(written: str, lines: list[str], plain: str) -> None:
    assert read([written]) == (lines, plain)
    assert read(written) == (lines, plain)
