"""Patterns that users write, looked for with a limit: a guest chooses the text, so some patterns never end.

Python's own `re` cannot be interrupted; the package `regex` reads the same patterns, stops a search at a limit of
processor time, and lets other threads run meanwhile.
"""

import string
import time
from collections.abc import Iterator
from functools import cache
from math import prod

import regex

from bootrig.errors import InputError

LENGTH_LIMIT = 1000
# Of one search, in processor time. It goes over 8 KiB as a rule, which takes less than a millisecond.
SEARCH_LIMIT_S = 1.0
# Of all searches in the text of the trial: 1 to 8 ms with good patterns, 0.7 s where two repetitions follow each other.
TRIAL_LIMIT_S = 2.0
TRIAL_LENGTH, TRIAL_PIECE = 1 << 20, 1 << 13
# `regex` takes 0 for no limit.
LEAST_LIMIT_S = 0.001
# A compiled pattern has room for all repetitions that have to be there: 3 MB for so many.
REPEATS_LIMIT = 10_000
_REPEATS = regex.compile(r"\{(\d{1,9})(?:,(\d{0,9}))?\}")
REMEDY = "repeat nothing that holds a repetition: [^x]* instead of ([^x]*)*"
# What the text of the trial holds, beside runs of single characters.
_CONSOLE = (
    "iPXE 1.21.1+git -- Open Source Network Boot Firmware -- http://ipxe.org\n"
    "net0: 52:54:00:12:34:56 using 82540em on 0000:00:03.0 (Ethernet) [open]\n"
    "Configuring (net0 52:54:00:12:34:56)...... ok\n"
    "Press Ctrl-B for the iPXE command line...\n\niPXE> login: [  OK  ] 100%\n"
)
RUN_LENGTH = 1000
# What a pattern has between its operators.
_LITERALS = regex.compile(r"[^\\^$.|?*+()\[\]{}]+")


class PatternError(InputError):
    """A user's pattern is not one, or ran past its limit."""


class UserPattern:
    """A regular expression that a user wrote.

    Args:
        text: the expression, whose placeholders are filled.
        place: where it is written, as errors say it: `console[0].pattern`.

    Raises:
        PatternError: it is not a regular expression, or too large.
    """

    def __init__(self, text: str, place: str) -> None:
        self.text = text
        self.place = place
        self._compiled = _compile(text)

    def search(self, text: str, start: int = 0) -> "regex.Match[str] | None":
        """Return the first match from `start` on, None where there is none.

        Raises:
            PatternError: it took more than `SEARCH_LIMIT_S` of processor time.
        """
        try:
            return self._compiled.search(text, start, timeout=SEARCH_LIMIT_S)
        except TimeoutError as error:
            raise PatternError(
                f'{self.place}: "{self.text}" did not end in {SEARCH_LIMIT_S:g} s with {len(text) - start} characters '
                "of the console",
                remedy=REMEDY,
            ) from error


@cache
def try_pattern(text: str) -> None:
    """Look for a pattern in a megabyte of text, in which one that repeats repetitions does not end.

    Raises:
        PatternError: that takes too long, it is not a regular expression, or too large.
    """
    if len(text) > LENGTH_LIMIT:
        raise PatternError(f"found {len(text)} characters, expected at most {LENGTH_LIMIT}")
    compiled, left_s = _compile(text), TRIAL_LIMIT_S
    try:
        for piece in _iter_trial(text):
            begun_s = time.process_time()
            compiled.search(piece, timeout=left_s)
            left_s = max(left_s - (time.process_time() - begun_s), LEAST_LIMIT_S)
    except TimeoutError as error:
        message = f'found "{text}", which does not end in {TRIAL_LIMIT_S:g} s with a megabyte of text: {REMEDY}'
        raise PatternError(message) from error


def _compile(text: str) -> "regex.Pattern[str]":
    repeats = prod(max(1, int(least)) for least, _ in _REPEATS.findall(text))
    if repeats > REPEATS_LIMIT:
        raise PatternError(f'found "{text}", whose repetitions multiply to {repeats}, expected {REPEATS_LIMIT} at most')
    try:
        return regex.compile(text)
    except (regex.error, RecursionError, OverflowError) as error:
        raise PatternError(f'found "{text}", which is not a regular expression: {error}') from error


def _iter_trial(pattern: str) -> Iterator[str]:
    """Yield a megabyte of text: in each piece runs of a character, then of the next word of the pattern, and a console.

    Behind each run every character and every word of the pattern come, so that nothing is passed over for lack of one.
    """
    words = tuple(dict.fromkeys(_LITERALS.findall(pattern))) or ("",)
    ends = f"\n{string.printable}{' '.join(words)}\n"
    for number in range(TRIAL_LENGTH // TRIAL_PIECE):
        character, word = string.printable[number % len(string.printable)], words[number % len(words)]
        repeated = (character, f"{character}a", word, f"{word}{words[(number + 1) % len(words)]}")
        runs = (f"{run * (RUN_LENGTH // max(1, len(run)))}{ends}" for run in repeated)
        yield f"{''.join(runs)}{_CONSOLE * (TRIAL_PIECE // len(_CONSOLE))}"[:TRIAL_PIECE]
