"""Names as bytes: file names, URIs and texts that travel, as values and for people.

In a value a name is text: UTF-8, whose bytes that are not UTF-8 are surrogates (PEP 383), so every name fits and two
that are equal are the same bytes. For people, what is not printable is escaped.
"""

import re

from bootrig.document.quoting import escape_text
from bootrig.document.toml import TableReader, describe


def encode_name(name: str) -> bytes:
    """Return the bytes of a name."""
    return name.encode("utf-8", "surrogateescape")


def decode_name(content: bytes) -> str:
    """Return the name that has these bytes."""
    return content.decode("utf-8", "surrogateescape")


def show_name(name: str) -> str:
    r"""Return a name for people, in quotes; control characters and bytes that are not UTF-8 are `\xNN`."""
    return f'"{escape_text(name)}"'


def parse_shown(text: str) -> str:
    r"""Return the name that an event shows as text, in which what is not printable ASCII is `\xNN`."""
    content = re.sub(r"\\x([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), text)
    return decode_name(content.encode("latin-1"))


def read_name(table: TableReader, key: str) -> str | None:
    """Return a name that a table has: a string, or `{ hex = "..." }`; None where the key is missing."""
    value = table.free_value(key)
    if isinstance(value, dict):
        return decode_name(TableReader(table.document, value, table.place(key)).hexadecimal("hex"))
    if value is None or isinstance(value, str):
        return value
    table.add_problem(key, f'found {describe(value)}, expected a string or {{ hex = "..." }}')
    return None
