"""TOML and JSON from bytes that anybody may have written, within limits that keep their parsers fast.

`tomllib` needs time and memory with the square of a key's parts, and all parsers recurse into what is nested.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

# Each bracket may hold a key of so many parts, and what reads the tables recurses, too: 400 calls at most.
DEEPEST = 24
KEY_PARTS = 16
# The marks at the beginning of a file of other encodings than plain UTF-8 (Unicode 15.0, 23.8); the longest first.
MARKS: Mapping[bytes, str] = {
    b"\xff\xfe\0\0": "it is in UTF-32",
    b"\0\0\xfe\xff": "it is in UTF-32",
    b"\xff\xfe": "it is in UTF-16",
    b"\xfe\xff": "it is in UTF-16",
    b"\xef\xbb\xbf": "it begins with a byte order mark",
}
# What hides brackets and dots: strings of all four kinds, comments. An end that is missing is the end of the text.
_HIDDEN = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"""|\Z)'
    r"|'''.*?(?:'''|\Z)"
    r'|"(?:\\.|[^\\"\n])*"?'
    r"|'[^'\n]*'?"
    r"|\#[^\n]*",
    re.DOTALL,
)
_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_BRACKET = re.compile(r"[][{}]")


class SyntaxFaultError(Exception):
    """Bytes are not a document; the message completes `FILE ...`."""


def decode_text(content: bytes) -> str:
    """Return the text of a file.

    Raises:
        SyntaxFaultError: it is not plain UTF-8.
    """
    for mark, words in MARKS.items():
        if content.startswith(mark):
            raise SyntaxFaultError(f"is not plain UTF-8: {words}; save it as UTF-8 without a byte order mark")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SyntaxFaultError(f"is not UTF-8: byte {error.start}: {error.reason}") from error


def parse_toml(content: bytes) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises:
        SyntaxFaultError: it is not TOML (with line and column), is nested too deeply, or has a key of too many parts.
    """
    text = decode_text(content)
    bare = _HIDDEN.sub(lambda found: "" if found[0].startswith("#") else "_", text)
    _require_shallow(bare)
    for word in _WORD.finditer(bare.translate({0x20: None, 0x09: None})):
        parts = word[0].count(".") + 1
        if parts > KEY_PARTS:
            raise SyntaxFaultError(f"has a key of {parts} parts; a key has at most {KEY_PARTS}")
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and what int() says to a number of thousands of digits
        raise SyntaxFaultError(f"is not TOML: {error}") from error


def parse_json_object(content: bytes) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        SyntaxFaultError: it is not JSON, is nested too deeply, or is not an object.
    """
    text = decode_text(content)
    _require_shallow(re.sub(r'"(?:\\.|[^\\"])*"?', "", text))
    try:
        found = json.loads(text)
    except ValueError as error:
        raise SyntaxFaultError(f"is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise SyntaxFaultError("is not an object")
    return found


def _require_shallow(text: str) -> None:
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > DEEPEST:
            raise SyntaxFaultError(f"is nested too deeply: more than {DEEPEST} brackets are open at once")
