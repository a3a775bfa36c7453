"""What can be done about a cause: in words, and as a waiver."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple

from bootrig.compare import Cause
from bootrig.compare.registry import TOPICS
from bootrig.trace.names import ANY_CELL, CellKey

TOLD = 2
REMEDIES: Mapping[str, str] = {
    "user-class": "let DHCP servers decide by client architecture or vendor class, not by the user class iPXE",
    "vendor-class": "let DHCP servers match only the beginning of the vendor class, PXEClient",
    "option-175": "send clients without option 175 what they need as well",
    "dhcp-options": "let the DHCP server send its options without being asked for them",
    "dhcp-timing": "let the DHCP server answer at once, and switches forward as soon as the link is up",
    "file-name": "serve the files by the names that are asked for now, too",
    "tftp": "see whether the TFTP servers in use know what is asked for now",
    "http": "see whether the HTTP servers in use accept the requests of now",
    "script-magic": "serve a network boot program first, such as ipxe.efi, and let that load the script",
    "commands": "leave the commands that are gone out of scripts",
    "image-formats": "serve programs in a format that both sides load",
    "prompts": "let what waits for the prompt know its new words",
    "console": "let what reads the console know its new words",
    "boot-order": "see whether guests that do not boot from the network still boot from disk in time",
    "start-time": "raise the time limits of what starts guests",
    "rom-bar": "give new guests the length of the old BAR (romsize), so that they migrate",
}
"""What can be done, by the topic that a cause touches."""


def find_remedies(cause: Cause) -> tuple[str, ...]:
    """Return what can be done about a cause, in the order of topics, the most telling ones."""
    return tuple(REMEDIES[topic] for topic in TOPICS if topic in cause.topics and topic in REMEDIES)[:TOLD]


def name_waiver(cause: Cause) -> str:
    """Return the `id` of a waiver that accepts a cause in all of its cells: `outcome@efi-script/*/*/ovmf/host`."""
    return f"{cause.first.rule}@{_match_cells(cause.cells)}"


def _match_cells(cells: Iterable[CellKey]) -> str:
    names = list(zip(*map(astuple, cells), strict=True))
    return "/".join(part[0] if len(set(part)) == 1 else "*" for part in names) if names else ANY_CELL
