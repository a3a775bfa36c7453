"""What the firmware wrote on the console: banner, features, prompts.

A line is read whether it was wiped out later or not. Each pattern looks at a character a limited number of times.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bootrig.trace.trace import ConsoleLine

# A version may hold blanks and brackets: `iPXE 1.20.1+ (g4bd0) -- Open Source Network Boot Firmware`.
_BANNER = re.compile(r"\s{0,80}(([A-Za-z]{0,40}PXE) (\S.{0,200}?) -- [^-]{0,80}Boot Firmware)")
_FEATURES = re.compile(r"\s{0,80}Features:(.{0,400})")
_PROMPT = re.compile(r"press( (?:Ctrl-[A-Z]|F\d{1,2}|any key)\b[^.(]{0,80})(?:\(PCI [^)]{0,20}\))?\.", re.IGNORECASE)

# gPXE spells out the feature that iPXE calls MBOOT.
_CANONICAL_FEATURES: Mapping[str, str] = {"Multiboot": "MBOOT"}


@dataclass(frozen=True, slots=True)
class Banner:
    """The line by which the firmware names itself, to `Boot Firmware`: `iPXE` or `gPXE`, and its version."""

    product: str
    version: str
    text: str


def find_banner(lines: Sequence[ConsoleLine]) -> Banner | None:
    """Return the first banner, None where the firmware did not show one."""
    match = _find_first(_BANNER, lines)
    return None if match is None else Banner(match[2], match[3], match[1])


def find_features(lines: Sequence[ConsoleLine]) -> tuple[str, ...] | None:
    """Return the words of the first feature line, None where the firmware did not show one."""
    match = _find_first(_FEATURES, lines)
    return None if match is None else tuple(_CANONICAL_FEATURES.get(word, word) for word in match[1].split())


def find_prompts(lines: Sequence[ConsoleLine]) -> tuple[str, ...]:
    """Return the prompts that wait for a key, each once, in the order in which they came.

    The firmware wipes a prompt out when its time is over: what is sought is what was written, not what stays.
    """
    found = (f"Press{match[1]}".strip() for line in lines for match in _PROMPT.finditer(line.text))
    return tuple(dict.fromkeys(found))


def is_prompt(text: str) -> bool:
    """Whether a line has a prompt that waits for a key."""
    return _PROMPT.search(text) is not None


def is_feature_line(text: str) -> bool:
    """Whether a line lists the firmware's features."""
    return _FEATURES.match(text) is not None


def iter_identity(lines: Sequence[ConsoleLine]) -> Iterator[str]:
    """Yield how the ROM names itself: its banner and its feature line, each where it was shown."""
    if banner := find_banner(lines):
        yield banner.text
    if features := _find_first(_FEATURES, lines):
        yield features[0].strip()


def _find_first(pattern: re.Pattern[str], lines: Sequence[ConsoleLine]) -> re.Match[str] | None:
    """Return the match of the first line that `pattern` matches from its beginning."""
    return next((match for line in lines if (match := pattern.match(line.text))), None)
