"""Reading the words of a console ends, whatever a guest wrote; `test_patterns` says why."""

from collections.abc import Callable, Sequence

import pytest

from bootrig.trace.reading.complaints import find_causes, find_platform_complaint
from bootrig.trace.reading.firmware_words import find_banner, find_features, find_prompts
from bootrig.trace.reading.rom_lines import find_rom_lines
from bootrig.trace.trace import ConsoleLine

LENGTH = 1 << 16
HOSTILE = [
    *(unit * (LENGTH // len(unit)) for unit in (".", "x.", "a:", "0:", "00:", "1.", "ab-", " ", "Could not ", "0" * 8)),
    *(
        unit * (LENGTH // len(unit))
        for unit in ("iPXE ", "iPXE (", " -- ", " from PciRoot", "Press F2", "(0x1234567 ", " ok.")
    ),
]


@pytest.mark.parametrize(
    "read", [find_causes, find_platform_complaint, find_rom_lines, find_banner, find_features, find_prompts]
)
def test_long_lines_are_read_at_once(read: Callable[[Sequence[ConsoleLine]], object]) -> None:
    begin = ConsoleLine("iPXE (PCI 00:02.0) starting")
    ends = ("", "x", " ok", "(http://ipxe.org/2d03e13b)")
    # 4 MiB; a pattern that tries every place of a line anew would take minutes
    for text in HOSTILE:
        read([begin, *(ConsoleLine(text + end) for end in ends)])
