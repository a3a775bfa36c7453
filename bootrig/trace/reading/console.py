"""What the firmware wrote on the console: banner, features, prompts, error numbers.

SeaBIOS copies the text screen to the serial port. It wraps lines at column 80, and now and then it sets the cursor
back by an escape sequence and writes a character again: where the sequence has been removed from the trace, that
character stands twice (`ELLF` for `ELF`). So words are compared with runs of one character squeezed into one.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

WIDTH = 80
PROMPT_MINIMUM = len("Press F2.")
CURSOR_PATTERN = re.compile(r"\x1b\[(\d*);(\d*)H")
ESCAPE_PATTERN = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[()][0-9A-B]|[@-Z\\-_c])")
PIECE_PATTERN = re.compile(rf"{ESCAPE_PATTERN.pattern}|[\b\r]|\x1b|[^\b\r\x1b]+")
RUN_PATTERN = re.compile(r"(.)\1+")
CONTROL_PATTERN = re.compile(r"[\r\n\b]+")


def squeeze(text: str) -> str:
    """Return `text` with each run of one character made one character: `ELLF` and `ELF` read the same."""
    return RUN_PATTERN.sub(r"\1", text)


# All of these meet squeezed text.
BANNER_PATTERN = re.compile(r"^\s*([A-Za-z]*PXE) (\S+) - .*Bot Firmware")
POST_PATTERN = re.compile(r"^\s*[A-Za-z]*PXE \(htps?:[^)]*\)(?: -)? (.*)$")
FEATURES_PATTERN = re.compile(r"^\s*Features: ?(.*)$")
PROMPT_PATTERN = re.compile(
    squeeze("Press") + r"( (?:Ctrl-[A-Z]|F\d+|any key)\b[^.(]*)(?:\(PCI [^)]*\))?\.", re.IGNORECASE
)
ERROR_PATTERN = re.compile(r"(?:(?:\(0x|ipxe\.org/|etherboot\.org/)([0-9a-f]{8})\b|\b(PXE-[ET][0-9A-F]{2})\b)")
POST_ADDRESS_PATTERN = re.compile(r"^(?:[0-9a-f]+:(?:[0-9a-f]+:)?[0-9a-f]+\.[0-7]|[0-9A-F]+)$")

KNOWN_WORDS = (
    *("AoE", "BBS", "bzImage", "COMBOOT", "DNS", "EFI", "ELF", "FCoE", "FTP", "HTTP", "HTTPS", "InfiniBand", "iSCSI"),
    *("MBOOT", "Menu", "NBI", "NFS", "PMM", "PXE", "PXEXT", "SDI", "SLAM", "SRP", "TFTP", "VLAN"),
    *("iPXE", "gPXE"),
)


@dataclass(frozen=True, slots=True)
class Banner:
    """The line by which the firmware names itself.

    Attributes:
        product: `iPXE`, `gPXE`.
        version: as the line says it.
    """

    product: str
    version: str


# gPXE spells out the feature that iPXE calls MBOOT.
CANONICAL_WORDS = {squeeze(word): word for word in KNOWN_WORDS} | {"Multibot": "MBOOT"}


@lru_cache(maxsize=8)
def text_lines(console: str) -> tuple[str, ...]:
    """Return the lines of a console as a reader sees them.

    Escape sequences, backspaces and carriage returns are carried out, and a line that fills all 80 columns is joined
    with the next one: the text screen had wrapped it.
    """
    lines: list[str] = []
    wrapped = False
    for raw in console.replace("\r\n", "\n").split("\n"):
        line = _overwrite(raw)
        if wrapped:
            lines[-1] += line
        else:
            lines.append(line)
        wrapped = len(line) == WIDTH and line.strip() != ""
    return tuple(line.rstrip() for line in lines)


def _overwrite(raw: str) -> str:
    """Return one line after its escape sequences, backspaces and carriage returns."""
    if not any(control in raw for control in "\b\r\x1b"):
        return raw
    line, column = "", 0
    for piece in PIECE_PATTERN.findall(raw):
        if match := CURSOR_PATTERN.fullmatch(piece):
            column = min(len(line), max(0, int(match[2] or 1) - 1))
        elif piece == "\r":
            column = 0
        elif piece == "\b":
            column = max(0, column - 1)
        elif piece[0] != "\x1b":
            line = line[:column] + piece + line[column + len(piece) :]
            column += len(piece)
    return line


def find_banner(console: str) -> Banner | None:
    """Return the first banner, None where the firmware did not show one."""
    for line in text_lines(console):
        if match := BANNER_PATTERN.match(squeeze(line)):
            words = line.split()
            return Banner(CANONICAL_WORDS.get(match[1], match[1]), words[1])
    return None


def find_features(console: str) -> tuple[str, ...] | None:
    """Return the words of the first feature line, None where the firmware did not show one."""
    for line in text_lines(console):
        if FEATURES_PATTERN.match(squeeze(line)):
            return tuple(CANONICAL_WORDS.get(squeeze(word), word) for word in line.split(":", 1)[1].split())
    return None


def find_post_words(console: str) -> tuple[str, ...] | None:
    """Return what the ROM says of the BIOS during POST (`PCI2.10`, `PnP`, `PMM`), without addresses; None for nothing.

    Source: the line that iPXE's romprefix.S prints; the words tell which BIOS services the ROM found.
    """
    for line in text_lines(console):
        if match := POST_PATTERN.match(squeeze(line)):
            words = ("PMM" if word.startswith("PM") else CANONICAL_WORDS.get(word, word) for word in match[1].split())
            return tuple(word for word in words if not POST_ADDRESS_PATTERN.match(word))
    return None


def find_prompts(console: str) -> tuple[str, ...]:
    """Return the prompts that wait for a key, each once, in the order in which they came.

    The firmware wipes a prompt out when its time is over, so what is sought is what was written, not what stays.
    """
    found: dict[str, None] = {}
    for written in CONTROL_PATTERN.split(ESCAPE_PATTERN.sub("", console)):
        for match in PROMPT_PATTERN.finditer(squeeze(written)) if len(written) > PROMPT_MINIMUM else ():
            found.setdefault(f"Press{match[1]}".strip().replace(squeeze("command"), "command"))
    return tuple(found)


def find_errors(console: str) -> frozenset[str]:
    """Return the errors that the firmware printed by number: `4c126035` of `http://ipxe.org/4c126035`, `PXE-E16`."""
    return frozenset(match[1] or match[2] for line in text_lines(console) for match in ERROR_PATTERN.finditer(line))
