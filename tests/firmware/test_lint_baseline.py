"""What lint says of a set against the one in use now."""

from dataclasses import replace

import pytest

from firmware.lint.check import lint_set
from firmware.lint.finding import Finding
from firmware.lint.rule import LintOptions
from firmware.lint.subject import SetSubject, examine_set
from firmware.romset import RomSet
from tests.firmware.rom_bytes import Bios

USUAL = Bios(indicator=0x80)


def examine(name: str, bios: Bios) -> SetSubject:
    return replace(examine_set(RomSet.of_files(name, {"pxe-e1000.rom": bios.build()})), is_whole=False)


def find(before: Bios, after: Bios) -> tuple[Finding, ...]:
    return lint_set(examine("mine", after), LintOptions(baseline=examine("theirs", before)))


@pytest.mark.parametrize(
    ("after", "rule", "severity", "message"),
    [
        (
            Bios(units=3),
            "run-time-size-against-baseline",
            "note",
            "the BIOS image needs 1536 bytes for its initialization, in theirs 1 KiB",
        ),
        (
            Bios(run_time_units=2),
            "run-time-size-against-baseline",
            "note",
            "the BIOS image needs 1 KiB after it, in theirs 512 bytes",
        ),
        (
            Bios(product=b"gPXE\0"),
            "strings-against-baseline",
            "note",
            'its names are "http://ipxe.org", "gPXE", in theirs "http://ipxe.org", "iPXE"',
        ),
        (Bios(device_ids=(0x100E, 0x1000)), "device-list-against-baseline", "note", "also for 8086:1000"),
    ],
)
def test_what_would_change(after: Bios, rule: str, severity: str, message: str) -> None:
    assert find(USUAL, USUAL) == ()
    (finding,) = (found for found in find(USUAL, after) if found.rule == rule)
    assert (finding.severity, finding.message, finding.file, finding.is_new) == (
        severity,
        message,
        "pxe-e1000.rom",
        True,
    )


def test_a_device_that_is_gone_is_a_warning() -> None:
    found = find(Bios(device_ids=(0x100E, 0x1000)), USUAL)
    assert [(one.rule, one.severity, one.message) for one in found] == [
        ("device-list-against-baseline", "warning", "not for 8086:1000 any more, as in theirs")
    ]


def test_ipxes_own_header_comes_and_goes() -> None:
    without = Bios(ipxe=False)
    rule = "ipxe-header-against-baseline"
    assert [one.message for one in find(without, USUAL) if one.rule == rule] == [
        "it has iPXE's own header, the one in theirs does not"
    ]
    assert [one.message for one in find(USUAL, without) if one.rule == rule] == [
        "it does not have iPXE's own header, the one in theirs does"
    ]


def test_what_was_there_before_is_not_new() -> None:
    swapped = Bios(class_code=b"\x02\x00\x00")
    (before,) = find(swapped, swapped)
    assert (before.rule, before.is_new) == ("pci-class", False)
    (new,) = find(USUAL, swapped)
    assert (new.rule, new.is_new) == ("pci-class", True)
    (alone,) = lint_set(examine("mine", swapped))
    assert alone.is_new is None


def test_what_was_there_before_is_not_new_under_a_name_made_of_pci_ids() -> None:
    content = Bios(class_code=b"\x02\x00\x00").build()
    mine, theirs = (
        replace(examine_set(RomSet.of_files("own", {name: content})), is_whole=False)
        for name in ("8086100e.rom", "pxe-e1000.rom")
    )
    for roms, baseline in ((mine, theirs), (theirs, mine)):
        (finding,) = lint_set(roms, LintOptions(baseline=baseline))
        assert (finding.rule, finding.is_new) == ("pci-class", False)
