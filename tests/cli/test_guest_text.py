"""What of a guest's output reaches a terminal."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.cli.guest_text import STRING_LIMIT, GuestText
from bootrig.cli.terminal import Screen

HARMLESS = re.compile(r"(?:[^\x00-\x1f\x7f-\x9f]|[\r\n\t]|\x1b\[[0-9;]{0,32}[A-HJ-MPSTXdfm@])*")
# Bytes that begin, go on and end sequences, more often than chance has them.
PIECES = st.lists(
    st.one_of(
        st.binary(max_size=8),
        st.sampled_from(
            [b"\x1b", b"\x1b[", b"\x1b]0;", b"\x1bP", b"\x1b_", b"\x1bX", b"\x1b^", b"\x1b\\", b"\a", b"\x1b("]
        ),
        st.sampled_from(
            [b"\xc2\x9b", b"\xc2\x9d", b"\x9b", b"\x9d", b"31m", b"?25h", b"2J", b"6n", b"\xc2", b"\b", b"\x0e"]
        ),
    ),
    max_size=30,
)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("SeaBIOS\r\n\tx", "SeaBIOS\r\n\tx"),
        ("\x1b[1;31mred\x1b[m\x1b[2J\x1b[10;5Hmenu\x1b[K", "\x1b[1;31mred\x1b[m\x1b[2J\x1b[10;5Hmenu\x1b[K"),
        ("ab\b \bc", "ab\x1b[D \x1b[Dc"),
        ("a\x1b]0;title\ab", "ab"),
        ("a\x1b]52;c;cHduZWQ=\x1b\\b", "ab"),
        ("a\x1bP+q544e\x1b\\b\x1b_x\x1b\\c\x1b^x\x1b\\d\x1bXx\x1b\\e", "abcde"),
        ("a\x9d0;title\x9cb\x90q\x9cc\x9b31md\x9b6ne\x85f", "abc\x1b[31mdef"),
        ("a\x1b]0;title\x1b[31mb", "a\x1b[31mb"),
        ("a\x1b]0;title\x18b", "ab"),
        ("a\x1b[?25lb\x1b[6nc\x1b[>0cd\x1b[21te\x1b[=3hf", "abcdef"),
        ("a\x1bcb\x1b(0c\x1b7d\x1b#8e\x1bMf", "abcdef"),
        ("a\x1b[3\n1mb", "a\n\x1b[31mb"),
        ("a\x1b[" + "1;" * 17 + "mb", "ab"),
        ("a\x1b[ 1mb\x1b[1 qc", "abc"),
        ("\x00\x05\a\x0e\x0f\x7fa\vb\fc", "a\nb\nc"),
        ("a\x1b\x1b[31mb", "a\x1b[31mb"),
        ("a\x1b[\x18b\x1b\x1ac", "abc"),
    ],
)
@pytest.mark.parametrize("length", [1, 3, 1000])
def test_what_comes_through(written: str, shown: str, length: int) -> None:
    text = GuestText()
    assert "".join(text.feed(written[at : at + length]) for at in range(0, len(written), length)) == shown


def test_a_string_that_never_ends_takes_little() -> None:
    text = GuestText()
    assert text.feed("a\x1b]0;" + "x" * 2 * STRING_LIMIT) == "a" + "x" * (STRING_LIMIT + 2)


def test_bytes_are_utf_8_or_else_code_page_437() -> None:
    text = GuestText()
    shown = [text.feed_bytes(content) for content in (b"\xe2\x94", b"\x80 \x9b31m \xc9", b"\xcd \xc2\x9b6n.")]
    assert "".join(shown) == "─ ¢31m ╔═ ."


@given(PIECES)
@settings(max_examples=300, deadline=None)
def test_no_forbidden_byte_comes_out_whatever_is_written_however_it_is_divided(pieces: list[bytes]) -> None:
    ways = (
        lambda text: "".join(text.feed_bytes(piece) for piece in pieces),
        lambda text: "".join(text.feed(piece.decode("cp437")) for piece in pieces),
        lambda text: "".join(text.feed(piece.decode("latin-1")) for piece in pieces),
    )
    for way in ways:
        assert HARMLESS.fullmatch(way(GuestText()))
    whole = b"".join(pieces)
    assert GuestText().feed_bytes(whole) == ways[0](GuestText())


@given(PIECES)
@settings(max_examples=100, deadline=None)
def test_a_screen_shows_text_alone(
    pieces: list[bytes],
) -> None:
    screen = Screen()
    printed: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", lambda line, **_: printed.append(line))
        for piece in pieces:
            screen.show(piece.decode("cp437"), None)
        screen.show("\n", None)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(printed))
