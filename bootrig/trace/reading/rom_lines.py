"""The lines of a console that a ROM wrote, made equal where they say the same.

They begin with the line that the ROM prints during POST, or with its banner, and end where something else writes: the
platform firmware, a program that was loaded, a probe. Sources: what iPXE and gPXE 0.9.9 print, and SeaBIOS, EDK II,
SYSLINUX and GRUB beside them.
"""

import re
from collections.abc import Iterator, Sequence

from bootrig.trace.reading.complaints import is_complaint, is_usage
from bootrig.trace.reading.firmware_words import is_feature_line, is_prompt
from bootrig.trace.trace import ConsoleLine

LINE_LIMIT = 120
# What is behind so many characters of a line is not looked at.
READ_LIMIT = 400

_BEGIN = re.compile(r"[A-Za-z]{0,40}PXE (?:\(|initiali[sz]ing |\S.{0,200}? -- )")
_PLATFORM = re.compile(r"Booting from [^\"]{1,40}\.\.\.$|Boot failed: |No bootable device|BdsDxe: |>>Start ")
_PROGRAM = re.compile(r"BOOTRIG |(?:PXE|SYS|ISO|EXT)LINUX \d|(?:Welcome to )?GRUB\b|Linux version ")
_LAST = re.compile(r".{1,200} : \d{1,20} bytes \[(?!script\])")
_PROGRESS = re.compile(r"(\S{1,400}?)\.{1,400}(?: o?k?)?$")
# This depends on when the link came up.
_STATUS = re.compile(r"Waiting for link-up")

_POST = re.compile(r"[A-Za-z]{0,40}PXE \(https?:")
_SPELLINGS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"^([A-Za-z]{0,40}PXE) \S.{0,200}? -- "), r"\1 <version> -- "),
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE), "<uuid>"),
    (re.compile(r"(?<![0-9a-f:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![0-9a-f:-])", re.IGNORECASE), "<mac>"),
    (re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{4}:)[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b"), "<domain>:<pci>"),
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b"), "<pci>"),
    (re.compile(r"\d{1,3}(?:\.\d{1,3}){3}"), "<address>"),
    # an address of IPv6, whose router is heard of sooner or later
    (re.compile(r"(?<![0-9a-f:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(/\d{1,3})(?: gw \S{1,80})?"), r"<address>\1"),
    (re.compile(r"(?<![0-9a-z])[0-9a-f]{16,400}(?![0-9a-z])"), "<number>"),
    (re.compile(r"^\S{1,400} : \d{1,20} bytes "), "<file> : <number> bytes "),
    (re.compile(r"^(Filename: ).{0,400}|^(Booting from filename ).{0,400}"), r"\1\2<file>"),
    (re.compile(r"\.{2,400}"), "..."),
)  # fmt: skip
_POST_SPELLINGS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r" PMM[+0-9A-F@]{0,80}"), " PMM"),
    (re.compile(r" [0-9A-F]{4}(?= |$)"), " <segment>"),
)


def find_rom_lines(lines: Sequence[ConsoleLine]) -> tuple[str, ...]:
    """Return what the ROM wrote until it handed over, each line once, without what differs from boot to boot.

    Features, prompts and complaints are left out: they are read by `firmware_words` and `complaints`. So is what is
    indented: counters and states of the link, which depend on time, and how a command is used.
    """
    own = _iter_own([line.text[:READ_LIMIT] for line in lines if not is_usage(line.text)])
    return tuple(dict.fromkeys(spell_line(text) for text in own if not _is_read_elsewhere(text)))


def spell_line(text: str) -> str:
    """Return a line without addresses, file names, sizes, versions and dots of progress."""
    text = text.strip()
    if match := _PROGRESS.fullmatch(text):
        scheme, separator, _ = match[1].rpartition("://")
        return f"{scheme}{separator}<file>..."
    for pattern, spelling in (*_SPELLINGS, *(_POST_SPELLINGS if _POST.match(text) else ())):
        text = pattern.sub(spelling, text)
    return text if len(text) <= LINE_LIMIT else f"{text[: LINE_LIMIT - 3]}..."


def _is_read_elsewhere(text: str) -> bool:
    return bool(_STATUS.match(text)) or is_complaint(text) or is_feature_line(text) or is_prompt(text)


def _iter_own(texts: Sequence[str]) -> Iterator[str]:
    """Yield the lines that the ROM wrote.

    Where a program begins without a word of the ROM, what follows the last download may be the program's.
    """
    own: list[str] = []
    is_own = False
    for text in map(str.strip, texts):
        if _BEGIN.match(text):
            is_own = True
        elif is_own and _PLATFORM.match(text):
            yield from own
            own, is_own = [], False
        elif is_own and _PROGRAM.match(text):
            break
        if is_own:
            own.append(text)
        if is_own and _LAST.match(text):
            yield from own
            own, is_own = [], False
    downloads = [place for place, text in enumerate(own) if _PROGRESS.fullmatch(text)]
    yield from own[: downloads[-1] + 1] if downloads else own
