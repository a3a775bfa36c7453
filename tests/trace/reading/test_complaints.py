"""Complaints on the console: which lines are some, how they are spelt, which one is the reason."""

import pytest

from bootrig.trace.reading.complaints import (
    find_causes,
    find_platform_complaint,
    is_complaint,
    spell_complaint,
)
from bootrig.trace.trace import ConsoleLine
from tests.trace.reading.conftest import RECORDED, read_lines

SPELT = "Could not chain image: one (1c0c2002)"
GET_SPELT, GET_Y = "Could not get x: one (1c0c2002)", "Could not get y: one (1c0c2002)"
NUMBERED = "Could not chain image: one (http://ipxe.org/1c0c2002)"
FORMAT = "Could not boot image: Exec format error (http://ipxe.org/2e008081)"
EXIT = "Could not boot image: Error 0x00000001 (http://ipxe.org/00000001)"
EXIT_SPELT = "Could not boot image: exit status 1 (00000001)"
PXE_ENTRY = 'BdsDxe: failed to load Boot0001 "UEFI PXEv4 (MAC:52)"'


def lines(*texts: str) -> list[ConsoleLine]:
    return [ConsoleLine(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("params: command not found", "params: command not found"),
        (
            "Could not start download: Operation not supported (http://ipxe.org/3c092003)",
            "Could not start download: Operation not supported (3c092003)",
        ),
        (
            "Boot from SAN device 0x00 failed: Input/output error (https://ipxe.org/1d852039)",
            "Boot from SAN device 0x00 failed: Input/output error (1d852039)",
        ),
        (EXIT, EXIT_SPELT),
        (
            "Could not sanboot: Error 0x430d6601 (http://ipxe.org/430d6601)",
            "Could not sanboot: protocol error (430d6601)",
        ),
        ("Error 0x7f000000 (http://ipxe.org/7f000000)", "Error 0x7f000000 (7f000000)"),
        (
            "Configuring (net0 52:54:00:12:34:56)............ No configuration methods succeeded (http://ipxe.org/040ee119)",
            "Configuring (net0 52:54:00:12:34:56)... No configuration methods succeeded (040ee119)",
        ),
        ("tftp://10.0.2.1/x.0.. File not found (0x2d03e13b)", "tftp://10.0.2.1/x.0... File not found (2d03e13b)"),
        ('Unrecognised option "--no-describe"', 'Unrecognised option "--no-describe"'),
        ("Failed to load ldlinux.c32", "Failed to load ldlinux.c32"),
        ("  error: file `/boot/x' not found.", "error: file `/boot/x' not found."),
        ("PXE-E18: Server response timeout.", "PXE-E18: Server response timeout."),
        ("PXE-T01: File not found", "PXE-T01: File not found"),
        ("Error: Unexpected network error.", "Error: Unexpected network error."),
    ],
)
def test_a_complaint(text: str, spelt: str) -> None:
    assert is_complaint(text)
    assert spell_complaint(text) == spelt
    assert find_causes([ConsoleLine(text)]) == (spelt,)
    assert find_causes([ConsoleLine(text, wiped=True)]) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "iPXE (http://ipxe.org) 00:02.0 C000 PCI2.10 PnP PMM+0EFCF110+0EF0F110 C000",
        "See http://ipxe.org/cmd/sanboot for further information",
        "  [Link:down, TX:0 TXE:0 RX:0 RXE:0]",
        "  [Link status: Down (http://ipxe.org/38086193)]",
        '  [RXE: 2 x "Operation not supported (http://ipxe.org/3c086083)"]',
        "tftp://10.0.2.1/boot.ipxe... ok",
        "this command is: not found",
        "No more network devices",
        "No bootable device.",
        "Boot failed: could not read the boot disk",
        "PXE-M0F: Exiting",
        "I Could not care less",
    ],
)
def test_no_complaint(text: str) -> None:
    assert not is_complaint(text)
    assert find_causes([ConsoleLine(text)]) == ()


UNKNOWN = "vcreate: command not found"
OPTION = 'Unrecognised option "--no-describe"'


@pytest.mark.parametrize(
    ("texts", "causes"),
    [
        ((), ()),
        (("a: command not found", "x", "b: command not found", "x"), ("a: command not found", "b: command not found")),
        (("a: command not found", "x", "a: command not found"), ("a: command not found",)),
        # with the number of the complaint before, whatever was printed between them
        ((NUMBERED.replace("chain image", "set x"), "x", NUMBERED), ("Could not set x: one (1c0c2002)",)),
        ((NUMBERED.replace("chain image", "get x"), NUMBERED.replace("chain image", "load x.0")), (GET_SPELT,)),
        ((NUMBERED.replace("chain image", "get x"), NUMBERED.replace("chain image", "get y")), (GET_SPELT, GET_Y)),
        ((EXIT.replace("boot image", "set x"), NUMBERED), ("Could not set x: exit status 1 (00000001)", SPELT)),
        # right below a complaint without a number
        ((UNKNOWN, FORMAT), (UNKNOWN,)),
        ((UNKNOWN, "going on", FORMAT), (UNKNOWN, "Could not boot image: Exec format error (2e008081)")),
        ((OPTION, "Usage:", "  sanboot <root-path>", "See http://ipxe.org/cmd", NUMBERED), (OPTION,)),
        ((OPTION, "Usage:", "x", NUMBERED), (OPTION, SPELT)),
        # nothing was said before
        (("leaving", EXIT), (EXIT_SPELT,)),
        ((NUMBERED, "Could not chain image: one (http://ipxe.org/1c0c2003)"), (SPELT, SPELT.replace("2002", "2003"))),
    ],
)
def test_the_causes_are_the_complaints_but_not_what_follows_from_them(
    texts: tuple[str, ...], causes: tuple[str, ...]
) -> None:
    assert find_causes(lines(*texts)) == causes


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (("Boot failed: could not read the boot disk", "No bootable device.", "x"), "No bootable device."),
        (
            (f"{PXE_ENTRY} from PciRoot(0x0)/Pci(0x2,0x0)/MAC(52,0x1): Not Found",),
            f"{PXE_ENTRY}: Not Found",
        ),
        (("BdsDxe: No bootable option or device was found.",), "BdsDxe: No bootable option or device was found."),
        (("BdsDxe: loading Boot0001", "Booting from ROM..."), None),
    ],
)
def test_the_platform_firmware_complains(texts: tuple[str, ...], found: str | None) -> None:
    assert find_platform_complaint(lines(*texts)) == found
    assert find_platform_complaint([ConsoleLine(text, wiped=True) for text in texts]) is None
    assert find_causes(lines(*texts)) == ()


def test_what_a_guest_writes_without_end_is_cut() -> None:
    assert find_causes(lines(f"Could not {'x' * 190}")) == (f"Could not {'x' * 190}",)
    assert find_causes(lines(f"Could not {'x' * 191}")) == (f"Could not {'x' * 190}...",)
    assert find_platform_complaint(lines(f"Boot failed: {'x' * 300}")) == f"Boot failed: {'x' * 187}..."
    many = [f"a{number}: command not found" for number in range(60)]
    assert find_causes(lines(*many)) == tuple(many[10:])


def test_the_causes_of_a_recorded_boot() -> None:
    causes = find_causes(read_lines(RECORDED["nothing to boot, errors by number"]))
    assert causes == ("Nothing to boot: No such file or directory (2d03e13b)",)
