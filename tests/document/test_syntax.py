"""What people and strangers write: read within limits, refused with what is wrong."""

import pytest

from bootrig.document.syntax import DEEPEST, KEY_PARTS, SyntaxFaultError, parse_json_object, parse_toml

PARTS = f"has a key of {KEY_PARTS + 1} parts; a key has at most {KEY_PARTS}"
DEEP = f"is nested too deeply: more than {DEEPEST} brackets"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xef\xbb\xbfa = 1", "is not plain UTF-8: it begins with a byte order mark; save it as UTF-8"),
        ("a = 1".encode("utf-16"), "is not plain UTF-8: it is in UTF-16"),
        ("a = 1".encode("utf-16-be"), "is not TOML"),  # without a mark it is UTF-8 with many NULs
        ("a = 1".encode("utf-32"), "is not plain UTF-8: it is in UTF-32"),
        (b".".join([b"a"] * (KEY_PARTS + 1)) + b" = 1", PARTS),
        (b"[" + b" . ".join([b"a"] * (KEY_PARTS + 1)) + b"]", PARTS),
        (b".".join([b'"a.b"'] * (KEY_PARTS + 1)) + b" = 1", PARTS),
        (b"a = { " + b"\t.".join([b"'.'"] * (KEY_PARTS + 1)) + b" = 1 }", PARTS),
        (b".".join([b"a"] * 50_000) + b" = 1", "has a key of 50000 parts"),
        (b"a = " + b"[" * (DEEPEST + 1), DEEP),
        (b"a = " + b"{ b = " * (DEEPEST + 1), DEEP),
        (b"a = '" + b"x" * 100, "is not TOML"),
    ],
)
def test_refuses(content: bytes, message: str) -> None:
    with pytest.raises(SyntaxFaultError) as caught:
        parse_toml(content)
    assert str(caught.value).startswith(message)


def test_brackets_and_dots_in_strings_and_comments_are_not_counted() -> None:
    many = "[{." * 100
    content = f"""
a = "{many}\\""  # {many}
b = '{many}'
c = \"\"\"
{many} "" \\\"\"\" \"\"\"
d = \'\'\'
{many}
\'\'\'
e = [1.5, 2.5] # {many}
""" + "".join(f"k{number} = [1.5]\n" for number in range(100))
    assert parse_toml(content.encode())["b"] == many


def test_reads_keys_and_nesting_up_to_the_limits() -> None:
    parse_toml(b".".join([b"a"] * KEY_PARTS) + b" = " + b"[" * DEEPEST + b"]" * DEEPEST)
    parse_json_object(b'{"a": ' + b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1) + b', "b": "[[[{"}')


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"[]", "is not an object"), (b"{", "is not JSON"), (b"[" * 100_000, DEEP), (b"\xff\xfe{\0}\0", "is not plain")],
)
def test_refuses_what_is_not_an_object_of_json(content: bytes, message: str) -> None:
    with pytest.raises(SyntaxFaultError) as caught:
        parse_json_object(content)
    assert str(caught.value).startswith(message)
