"""What the firmware wrote: words found in lines made up for it, and in recorded consoles."""

import pytest

from bootrig.trace.reading.firmware_words import (
    Banner,
    find_banner,
    find_features,
    find_prompts,
    is_feature_line,
    is_prompt,
    iter_identity,
)
from bootrig.trace.trace import ConsoleLine
from tests.trace.reading.conftest import RECORDED, read_lines

GPXE = "gPXE 0.9.9 -- Open Source Boot Firmware -- http://etherboot.org"
TAGLINE = "Open Source Network Boot Firmware"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"iPXE 1.0.0+ -- {TAGLINE} -- http://ipxe.org", ("iPXE", "1.0.0+")),
        (f"iPXE 1.20.1+ (g4bd0) -- {TAGLINE} -- http://ipxe.org", ("iPXE", "1.20.1+ (g4bd0)")),
        (f"  iPXE 1.21.1 -- {TAGLINE}", ("iPXE", "1.21.1")),
        (GPXE, ("gPXE", "0.9.9")),
        (f"PXE 1.0 -- {TAGLINE}", ("PXE", "1.0")),
        ("iPXE (http://ipxe.org) 00:03.0 C000 PCI2.10 PnP PMM", None),
        ("iPXE initialising devices...ok", None),
        (f"this is iPXE 1.0 -- {TAGLINE}", None),
        (f"iPXE  -- {TAGLINE}", None),
        ("iPXE 1.0 -- a network boot firmware", None),
    ],
)
def test_a_banner(line: str, found: tuple[str, str] | None) -> None:
    banner = find_banner([ConsoleLine("SeaBIOS"), ConsoleLine(line), ConsoleLine(GPXE.replace("0.9.9", "2"))])
    assert banner is not None
    if found is None:
        assert banner.version == "2"
        assert find_banner([ConsoleLine(line)]) is None
    else:
        assert (banner.product, banner.version) == found
        assert banner.text == line[: line.index("Firmware") + len("Firmware")].lstrip()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Features: DNS HTTP PXEXT", ("DNS", "HTTP", "PXEXT")),
        ("Features: AoE Multiboot", ("AoE", "MBOOT")),
        ("Features:", ()),
        ("New Features: DNS", None),
        ("features: DNS", None),
    ],
)
def test_a_feature_line(line: str, words: tuple[str, ...] | None) -> None:
    assert find_features([ConsoleLine("x"), ConsoleLine(line)]) == words
    assert is_feature_line(line) is (words is not None)


@pytest.mark.parametrize(
    ("line", "prompts"),
    [
        ("Press Ctrl-B for the iPXE command line...", ("Press Ctrl-B for the iPXE command line",)),
        ("Press Ctrl-B to configure iPXE (PCI 00:02.0)...", ("Press Ctrl-B to configure iPXE",)),
        ("in 5 s: press any key to stop. Press F12.", ("Press any key to stop", "Press F12")),
        ("Press Ctrl-B now. Press Ctrl-B now.", ("Press Ctrl-B now",)),
        ("Press ESC for boot menu.", ()),
        ("Press Ctrl-B", ()),
    ],
)
def test_prompts(line: str, prompts: tuple[str, ...]) -> None:
    assert find_prompts([ConsoleLine(line, wiped=True)]) == prompts
    assert is_prompt(line) is bool(prompts)
    assert find_prompts([ConsoleLine(line), ConsoleLine(line)]) == prompts


def test_nothing_is_found_in_nothing() -> None:
    assert (find_banner([]), find_features([])) == (None, None)
    assert (find_prompts([]), list(iter_identity([]))) == ((), [])


@pytest.mark.parametrize(
    ("name", "version", "last", "prompts"),
    [
        ("OVMF and an iPXE ROM of 2019, real time", "1.0.0+git-20190125.36a4c85-5.1", "Menu", 1),
        ("OVMF without a usable ROM, virtual time", None, None, 0),
        (
            "GRUB, a redrawn character, a wrapped feature line, virtual time",
            "1.21.1+git20250501.dad20602+dfsg-1",
            "PXEXT",
            2,
        ),
        ("a wrapped warning, real time", "1.0.0+git-20190125.36a4c85-5.1", "PXEXT", 2),
        ("gPXE of 2010, a script, virtual time", "0.9.9", "PXEXT", 2),
        ("iPXE of 2011, a script, virtual time", "1.0.0+", "PXEXT", 1),
        ("iPXE of 2020, built from git, a script, virtual time", "1.20.1+ (g4bd0)", "PXEXT", 2),
        ("iPXE of 2025, a script, virtual time", "1.21.1+git20250501.dad20602+dfsg-1", "PXEXT", 2),
        ("iPXE of 2026, a script, virtual time", "2.0.0+dfsg-5", "PXEXT", 2),
    ],
)
def test_the_words_of_a_recorded_console(name: str, version: str | None, last: str | None, prompts: int) -> None:
    lines = read_lines(RECORDED[name])
    banner, features = find_banner(lines), find_features(lines)
    assert (banner and banner.version, features and features[-1]) == (version, last)
    assert len(find_prompts(lines)) == prompts


def test_a_rom_names_itself_by_its_banner_and_the_whole_of_its_feature_line() -> None:
    lines = read_lines(RECORDED["GRUB, a redrawn character, a wrapped feature line, virtual time"])
    assert list(iter_identity(lines)) == [
        f"iPXE 1.21.1+git20250501.dad20602+dfsg-1 -- {TAGLINE}",
        "Features: VLAN DNS HTTP HTTPS iSCSI NFS TFTP AoE ELF MBOOT PXE bzImage Menu PXEXT",
    ]
    assert find_banner(lines) == Banner(
        "iPXE", "1.21.1+git20250501.dad20602+dfsg-1", f"iPXE 1.21.1+git20250501.dad20602+dfsg-1 -- {TAGLINE}"
    )
