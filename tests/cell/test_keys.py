"""Keys, as they are typed one by one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.cell.keys import KEYS


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        (b"ifstat\r", [b"i", b"f", b"s", b"t", b"a", b"t", b"\r"]),
        (b"\x1b[A\x1bOP\x1b", [b"\x1b[A", b"\x1bOP", b"\x1b"]),
        (b"\x02\n\xff", [b"\x02", b"\n", b"\xff"]),
        (b"", []),
    ],
)
def test_a_key_that_sends_an_escape_sequence_is_one_key(content: bytes, keys: list[bytes]) -> None:
    assert KEYS.findall(content) == keys


@settings(deadline=None)
@given(st.binary())
def test_every_byte_is_typed(content: bytes) -> None:
    assert b"".join(KEYS.findall(content)) == content
