"""Lengths in bytes, as people type them."""

import argparse
import re

_LENGTH = re.compile(r"(?P<number>\d+)(?P<unit>[KM]?)i?B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1024, "M": 1024 * 1024}


def parse_length(text: str) -> int:
    """Return the length in bytes that `text` says: `262144`, `256K`, `1MiB`.

    Raises:
        argparse.ArgumentTypeError: it says none.
    """
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f'"{text}" is not a length, expected a number of bytes such as 262144 or 256K')
    return int(match["number"]) * _UNITS[match["unit"].upper()]
