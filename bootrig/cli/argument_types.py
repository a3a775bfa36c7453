"""What people type after options, as values: lengths, seconds, paths."""

import argparse
import datetime
import math
import re
from pathlib import Path

_LENGTH = re.compile(r"(?P<number>\d+)(?P<unit>[KM]?)i?B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1024, "M": 1024 * 1024}
_AGE = re.compile(r"([0-9]{1,6})([dh])")
DAY_S, HOUR_S = 86400.0, 3600.0


def parse_length(text: str) -> int:
    """Return the length in bytes that `text` says: `262144`, `256K`, `1MiB`.

    Raises:
        argparse.ArgumentTypeError: it says none.
    """
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f'"{text}" is not a length, expected a number of bytes such as 262144 or 256K')
    return int(match["number"]) * _UNITS[match["unit"].upper()]


def parse_seconds(text: str) -> float:
    """Return the number of seconds that `text` says.

    Raises:
        argparse.ArgumentTypeError: it is not a number above 0.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of seconds, expected one above 0')
    return number


def parse_age(text: str) -> float:
    """Return the seconds that an age is: `30d`, `12h`.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    found = _AGE.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f'"{text}" is not an age, expected days or hours, such as 30d or 12h')
    return int(found[1]) * (DAY_S if found[2] == "d" else HOUR_S)


def parse_date(text: str) -> datetime.date:
    """Return the day that `text` is: `2031-01-01`.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'"{text}" is not a date, expected one such as 2031-01-01') from error


def parse_count(text: str) -> int:
    """Return the number of things that `text` says.

    Raises:
        argparse.ArgumentTypeError: it says none.
    """
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of things, expected 0, 1, 2, ...')
    return int(text)


def parse_path(text: str) -> Path:
    """Return the path that `text` is.

    Raises:
        argparse.ArgumentTypeError: it is empty.
    """
    if not text:
        raise argparse.ArgumentTypeError("found nothing, expected a path")
    return Path(text)


def parse_directory(text: str) -> Path:
    """Return the path of a directory, which need not be there yet.

    Raises:
        argparse.ArgumentTypeError: it is empty, or it or what it would be in is something else.
    """
    path = parse_path(text)
    try:
        there = next((place for place in (path, *path.absolute().parents) if place.exists()), path)
    except (OSError, ValueError):  # whoever makes it says what is wrong
        return path
    if there.exists() and not there.is_dir():
        raise argparse.ArgumentTypeError(f"{there} is not a directory")
    return path


def parse_runs(text: str) -> Path:
    """Return the path of a directory of run directories, which documents have to name.

    Raises:
        argparse.ArgumentTypeError: it is not UTF-8, or as `parse_directory`.
    """
    path = parse_directory(text)
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError(f"{text!a} is not UTF-8") from error
    return path
