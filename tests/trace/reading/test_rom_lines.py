"""The ROM's own lines: whose they are, and what is made equal in them."""

from collections.abc import Sequence

import pytest

from bootrig.trace.reading.rom_lines import LINE_LIMIT, find_rom_lines, spell_line
from bootrig.trace.trace import ConsoleLine
from tests.trace.reading.conftest import RECORDED, read_lines


@pytest.mark.parametrize(
    ("line", "spelt"),
    [
        (
            "iPXE (http://ipxe.org) 00:02.0 C000 PCI2.10 PnP PMM+0EFCF110+0EF0F110 C000",
            "iPXE (http://ipxe.org) <pci> <segment> PCI2.10 PnP PMM <segment>",
        ),
        (
            "gPXE (http://etherboot.org) - 00:02.0 C980 PCI2.10 PnP BBS PMM7C70@10 C000",
            "gPXE (http://etherboot.org) - <pci> <segment> PCI2.10 PnP BBS PMM <segment>",
        ),
        ("iPXE (PCI 00:02.0) starting execution...ok", "iPXE (PCI <pci>) starting execution...ok"),
        ("iPXE initialising devices...", "iPXE initialising devices..."),
        ("iPXE 1.20.1+ (g4bd0) -- Open Source -- http://ipxe.org", "iPXE <version> -- Open Source -- http://ipxe.org"),
        (
            "net0: 52:54:00:12:34:56 using 82540em on 0000:00:02.0 (open)",
            "net0: <mac> using 82540em on <domain>:<pci> (open)",
        ),
        ("net0: 52:54:00:12:34:56 on PCI00:02.0 (open)", "net0: <mac> on PCI<pci> (open)"),
        ("Configuring (net0 52:54:00:12:34:56)...... ok", "Configuring (net0 <mac>)... ok"),
        ("net0: 10.0.2.15/255.255.255.0 gw 10.0.2.1", "net0: <address>/<address> gw <address>"),
        ("net0: fd00:b007::5054:ff:fe12:3456/64 gw fe80::b007:1", "net0: <address>/64"),
        ("net0: fe80::5054:ff:fe12:3456/64", "net0: <address>/64"),
        ("Next server: 10.0.2.1", "Next server: <address>"),
        ("Filename: boot.ipxe", "Filename: <file>"),
        ('Booting from filename "boot.gpxe"', "Booting from filename <file>"),
        ("tftp://10.0.2.1/boot.ipxe... ok", "tftp://<file>..."),
        ("tftp://10.0.2.1/boot.ipxe.. o", "tftp://<file>..."),
        ("http://10.0.2.1/nbp.0.", "http://<file>..."),
        ("hosts/52-54-00-12-34-56....... ok", "<file>..."),
        ("boot.ipxe : 35 bytes [script]", "<file> : <number> bytes [script]"),
        ("looking for 52-54-00-12-34-56", "looking for <mac>"),
        ("uuid 6D1F0A52-93c4-4b1e-8a07-b005c0ffee12.", "uuid <uuid>."),
        ("nonce fedcba9876543210 42", "nonce <number> 42"),
        ("word-size 64", "word-size 64"),
        ("leaving", "leaving"),
        (" three   blanks", "three   blanks"),
        ("x" * LINE_LIMIT, "x" * LINE_LIMIT),
        ("x" * (LINE_LIMIT + 1), "x" * (LINE_LIMIT - 3) + "..."),
    ],
)
def test_what_is_made_equal(line: str, spelt: str) -> None:
    assert spell_line(line) == spelt
    assert find_rom_lines([ConsoleLine("iPXE (PCI 00:02.0) x"), ConsoleLine(line), ConsoleLine(line)])[1:] in (
        (spelt,),
        (),  # the first line again
    )


POST = "iPXE (http://ipxe.org) 00:02.0 C000 PCI2.10 PnP C000"
PROGRAMS = ("BOOTRIG 12 nbp", "PXELINUX 6.04", "GRUB loading.", "Welcome to GRUB!", "Linux version 6.1")
POST_SPELT = "iPXE (http://ipxe.org) <pci> <segment> PCI2.10 PnP <segment>"


@pytest.mark.parametrize(
    ("texts", "own"),
    [
        ((), ()),
        (("SeaBIOS (version 1)", "x"), ()),
        (("SeaBIOS (version 1)", POST, "x"), (POST_SPELT, "x")),
        (("iPXE 1.0 -- Boot Firmware", "x"), ("iPXE <version> -- Boot Firmware", "x")),
        (
            (POST, "Booting from ROM...", "y", "iPXE initialising devices...ok", "x"),
            (POST_SPELT, "iPXE initialising devices...ok", "x"),
        ),
        ((POST, "x", "Booting from Hard Disk...", "y"), (POST_SPELT, "x")),
        ((POST, "x", "Boot failed: y", "No bootable device."), (POST_SPELT, "x")),
        ((POST, "x", "BdsDxe: loading", "y", ">>Start PXE over IPv4.", "z"), (POST_SPELT, "x")),
        ((POST, "Booting from SAN device 0x80", "x"), (POST_SPELT, "Booting from SAN device 0x80", "x")),
        # what is loaded
        ((POST, "boot.ipxe : 35 bytes [script]", "x"), (POST_SPELT, "<file> : <number> bytes [script]", "x")),
        ((POST, "nbp.0 : 512 bytes [PXE-NBP]", "y"), (POST_SPELT, "<file> : <number> bytes [PXE-NBP]")),
        ((POST, "x", "tftp://10.0.2.1/nbp.0... ok", "the program's"), (POST_SPELT, "x", "tftp://<file>...")),
        (
            (POST, "tftp://10.0.2.1/a... ok", "x", "tftp://10.0.2.1/b.. o", "BOOTRIG 12 nbp", POST, "y"),
            (POST_SPELT, "tftp://<file>...", "x"),
        ),
        (
            (POST, "tftp://10.0.2.1/a... ok", "x", "Booting from Hard Disk...", "y"),
            (POST_SPELT, "tftp://<file>...", "x"),
        ),
        *(((POST, "x", program, "y"), (POST_SPELT, "x")) for program in PROGRAMS),
        # what others read
        (
            (POST, "Features: DNS", "Press Ctrl-B for more...", "a: command not found", "Could not x", "x"),
            (POST_SPELT, "x"),
        ),
        (
            (
                POST,
                "  [Link:up, TX:0 TXE:0 RX:0 RXE:0]",
                "  [TXE: 1 x]",
                "Usage:",
                "See http://ipxe.org/cmd",
                "Waiting for link-up on net0... ok",
                "x",
            ),
            (POST_SPELT, "x"),
        ),
    ],
)
def test_whose_lines_they_are(texts: Sequence[str], own: tuple[str, ...]) -> None:
    assert find_rom_lines([ConsoleLine(text) for text in texts]) == own


def test_the_lines_of_recorded_boots() -> None:
    lines = find_rom_lines(read_lines(RECORDED["nothing to boot, errors by number"]))
    assert lines[0].startswith("iPXE (http")
    assert lines[-1] == "No more network devices"
    assert not any("BOOTRIG" in line or "SeaBIOS" in line for line in lines)
    assert find_rom_lines(read_lines(RECORDED["OVMF without a usable ROM, virtual time"])) == ()
