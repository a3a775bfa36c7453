"""Text from guests, ROMs, recipes, files and servers, as people and their terminals can read it.

Sources: ECMA-48 5th edition, 5.2 and 5.3 (control functions C0 and C1); Unicode 15, 23.2 (bidirectional format
characters) and 23.7 (noncharacters); PEP 383 (bytes of file names that are not UTF-8).
"""

import re

# C0 but tab and line end; DEL and C1; marks, embeddings, overrides and isolates of the writing direction, line and
# paragraph separators; surrogates; what XML 1.0 (2.2) has no place for
_RANGES = (
    *((0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0x61C, 0x61C), (0x200E, 0x200F), (0x2028, 0x202E), (0x2066, 0x2069)),
    *((0xD800, 0xDFFF), (0xFFFE, 0xFFFF)),
)
ILLEGIBLE = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in _RANGES) + "]")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def make_legible(text: str) -> str:
    r"""Return `text` with an escape such as `\x1b` for each character that a terminal would obey or cannot show.

    Line ends and tabs stay. What is legible already is not changed.
    """
    return ILLEGIBLE.sub(_escape, text)
