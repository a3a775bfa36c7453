"""What files say, as messages show it: quoted, and on one line whatever is in it."""

import json
import re

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def escape_text(text: str) -> str:
    r"""Return `text` with each character that is not printable as `\xNN` of its bytes in UTF-8."""
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def _escape(character: str) -> str:
    handler = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", handler))


def quote_key(key: str) -> str:
    """Return a key as it is written in a key path: in quotes unless it is bare."""
    return key if BARE_KEY.fullmatch(key) else f'"{escape_text(key)}"'


def quote_text(text: str) -> str:
    """Return a basic string of TOML: one of JSON, which has DEL as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
