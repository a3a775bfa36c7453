"""What went wrong by the console's own words: the complaints of the ROM and of what it loads, of the platform firmware.

A complaint is read as it was printed, but for the address of an error's web page: of `(http://ipxe.org/3c092003)` the
number is left, and an error that has no other words gets those of its number. Sources of the words: iPXE, gPXE 0.9.9,
SYSLINUX 6, GRUB 2, SeaBIOS, EDK II.
"""

import re
from collections.abc import Sequence

from bootrig.trace.reading.error_numbers import explain_error
from bootrig.trace.trace import ConsoleLine

TEXT_LIMIT = 200
# Of so many different complaints the last ones are kept.
CAUSES_LIMIT = 50

_NUMBER = re.compile(r"\((?:https?://(?:ipxe|etherboot)\.org/|0x)([0-9a-f]{8})\)")
_WORDLESS = re.compile(r"\bError 0x[0-9a-f]{8}(?= \(([0-9a-f]{8})\))")
_DOTS = re.compile(r"\.{2,}")
_COMPLAINT = re.compile(
    r"[^\s:]{1,80}: command not found$"
    r"|Could not |Unrecogni[sz]ed (?:option|command)|Nothing to boot|No configuration methods succeeded"
    r"|No filename or root path specified|Ran out of network devices"
    r"|Failed to load |Unable to locate configuration file|No DEFAULT or UI configuration directive found"
    r"|Invalid or corrupt kernel image"
    r"|[Ee]rror: |PXE-[ET][0-9A-F]{2}\b"
)
# `[Link status: Down (http://ipxe.org/38086193)]`, `[RXE: 1 x "..." (http://ipxe.org/3c086083)]`: they count, they do
# not complain
_COUNTERS = re.compile(r"\[(?:Link|TXE|RXE)")
# What a ROM says of an image after it has said why; gPXE and the first iPXEs name it.
_CONSEQUENCE = re.compile(r"Could not (?:(?:boot|chain) image|(?:boot|load) \S{1,400}): ")
# what is said below a complaint of an option: how the command is used
_USAGE = re.compile(r"Usage:|  |See https?:")
_SHORT_NUMBER = re.compile(r"\([0-9a-f]{8}\)$")
_PLATFORM_COMPLAINT = re.compile(
    r"Boot failed: |No bootable device\.|BdsDxe: (?:failed to (?:load|start) |No bootable option or device was found)"
)
_DEVICE_PATH = re.compile(r" from PciRoot\S{0,400}?(?=: |$)")


def is_complaint(text: str) -> bool:
    """Whether a line is a complaint of the ROM, or of a program that it loaded."""
    text = text.lstrip()
    return bool(_COMPLAINT.match(text) or (_NUMBER.search(text) and not _COUNTERS.match(text)))


def is_usage(text: str) -> bool:
    """Whether a line tells how a command is used, below a complaint of it."""
    return _USAGE.match(text) is not None


def spell_complaint(text: str) -> str:
    """Return a complaint without what is not its own: the web address of a number, the dots of progress."""
    short = _NUMBER.sub(r"(\1)", text.strip())
    worded = _WORDLESS.sub(lambda match: explain_error(match[1]) or match[0], short)
    return clip(_DOTS.sub("...", worded))


def clip(text: str) -> str:
    """Return a text that is long, which may be anything that a guest wrote, with an end that says so."""
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}..."


def find_causes(lines: Sequence[ConsoleLine]) -> tuple[str, ...]:
    """Return the complaints, each once, without those that follow from the one before; the last one says why it ended.

    `Could not boot image` follows from a complaint with the same number, or without any right above it: of a command
    that is not known, or of an option, with the lines that tell how the command is used.
    """
    causes: dict[str, None] = {}
    above = ""  # a complaint that nothing but its explanation has followed yet
    previous = ""
    for text in (line.text for line in lines if not line.wiped):
        if not is_complaint(text):
            above = above if is_usage(text) else ""
            continue
        complaint = spell_complaint(text)
        if not (_CONSEQUENCE.match(complaint) and (above or _find_number(complaint) == _find_number(previous))):
            causes[complaint] = None
        above, previous = ("" if _SHORT_NUMBER.search(complaint) else complaint), complaint
    return tuple(causes)[-CAUSES_LIMIT:]


def _find_number(complaint: str) -> str | None:
    """Return the number of a complaint; None where it has none."""
    match = _SHORT_NUMBER.search(complaint)
    return None if match is None else match[0]


def find_platform_complaint(lines: Sequence[ConsoleLine]) -> str | None:
    """Return the last complaint of the platform firmware, without the path of the device; None where it has none."""
    texts = (line.text.strip() for line in reversed(lines) if not line.wiped)
    found = next((text for text in texts if _PLATFORM_COMPLAINT.match(text)), None)
    return None if found is None else clip(_DEVICE_PATH.sub("", found))
