"""What users type for a side: `SIDE = WHAT | PART{,PART}`, `PART = roms=WHAT | emulator=WHAT | platform-firmware=WHAT`.

WHAT is a name, `host` or a path; a path has a slash. As in QEMU's options, a comma inside of a WHAT is doubled.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from bootrig.document.toml import suggest
from bootrig.errors import InputError

_KEY = re.compile(r"(?P<key>[A-Za-z_-]+)=(?P<what>.*)", re.DOTALL)
_COMMA = "\0"


class SidePart(StrEnum):
    """What a side can set."""

    ROMS = "roms"
    EMULATOR = "emulator"
    PLATFORM_FIRMWARE = "platform-firmware"


@dataclass(frozen=True, slots=True)
class SideWords:
    """What each part of a side names; empty where it does not set one."""

    roms: str = ""
    emulator: str = ""
    platform_firmware: str = ""


def parse_side(text: str) -> SideWords:
    """Return what a side names; a bare WHAT names its ROMs.

    Raises:
        InputError: it is not a side: every reason that shows without looking for what it names.
    """
    pieces = text.replace(",,", _COMMA).split(",")
    if _KEY.fullmatch(pieces[0]) is None:
        if len(pieces) > 1:
            raise InputError(
                f"{text} is not a side: a comma separates parts, and the first of them names none",
                remedy=f"double a comma of a path, or begin with a part: {SidePart.ROMS}={pieces[0]},...",
            )
        return SideWords(roms=text.replace(",,", ","))
    found: dict[SidePart, str] = {}
    for piece in pieces:
        part, what = _parse_part(piece.replace(_COMMA, ","), text)
        if part in found:
            raise InputError(f"{text} says {part}= twice")
        found[part] = what
    return SideWords(
        roms=found.get(SidePart.ROMS, ""),
        emulator=found.get(SidePart.EMULATOR, ""),
        platform_firmware=found.get(SidePart.PLATFORM_FIRMWARE, ""),
    )


def _parse_part(piece: str, text: str) -> tuple[SidePart, str]:
    match = _KEY.fullmatch(piece)
    known = ", ".join(f"{part}=" for part in SidePart)
    if match is None:
        raise InputError(
            f"{text}: {piece!r} is not a part of a side", remedy=f"double a comma of a path; the parts are {known}"
        )
    key, what = match["key"], match["what"]
    if key not in list(SidePart):
        near = suggest(key.replace("_", "-"), list(SidePart))
        raise InputError(f"{text}: a side has no part {key}={near}", remedy=f"the parts are {known}")
    if not what:
        raise InputError(f"{text}: {key}= names nothing", remedy=f"{key}=NAME, {key}=host or {key}=./PATH")
    return SidePart(key), what
