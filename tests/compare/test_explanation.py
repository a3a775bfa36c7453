"""What lint found as the reason of what boots showed."""

from dataclasses import replace

import pytest

from bootrig.compare import Difference, Severity, compare_traces
from bootrig.compare.causes import find_causes
from bootrig.compare.explanation import ANY_IMAGE, BIOS_IMAGE, EFI_IMAGE, SAME, explains
from bootrig.compare.rules import RULES
from bootrig.trace.names import CellKey
from firmware.lint import finding as lint
from firmware.lint.check import all_rules
from tests.compare.factory import REAL, Boot, difference, trace

BOTH = "efi-e1000.rom, efi-virtio.rom"


def found(subject: str, files: str = BOTH, severity: Severity = Severity.INFO) -> Difference:
    return difference(rule="lint", key=None, subject=subject, severity=severity, baseline=None, candidate=files)


def at(nic: str, firmware: str = "ovmf") -> CellKey:
    return CellKey("efi-tftp", nic, "q35", firmware)


def lost(nic: str, firmware: str = "ovmf") -> Difference:
    return difference(rule="outcome", key=at(nic, firmware), severity=Severity.REGRESSION, subject="efi-tftp")


@pytest.mark.parametrize(
    ("subject", "files", "cells", "explained"),
    [
        ("efi-ipxe-stack", BOTH, [at("e1000"), at("virtio-net-pci")], True),
        ("efi-ipxe-stack:note", BOTH, [at("e1000")], True),
        ("efi-ipxe-stack", BOTH, [at("e1000"), at("pcnet")], False),
        ("efi-ipxe-stack", BOTH, [at("e1000", "seabios")], False),
        ("bev", "pxe-e1000.rom", [at("e1000", "seabios")], True),
        ("bev", "pxe-e1000.rom", [at("e1000", "built:ovmf")], False),
        ("pcir-present", BOTH, [at("e1000", "seabios"), at("e1000")], True),
        ("strings-against-baseline", BOTH, [at("e1000")], False),
        ("bev", "the set", [at("e1000", "seabios")], False),
        ("efi-ipxe-stack", BOTH, [at("tulip")], False),
        ("efi-ipxe-stack", BOTH, [], False),
        ("efi-ipxe-stack", BOTH, [at("e1000", "-")], False),
        ("pcir-present", BOTH, [at("e1000", "-")], True),
    ],
)
def test_lint_explains_cells_that_ran_the_image_that_it_is_about(
    subject: str, files: str, cells: list[CellKey], explained: bool
) -> None:
    assert explains(found(subject, files), "outcome", cells) is explained


def test_a_rom_bar_is_explained_by_what_lint_says_of_it_alone() -> None:
    assert explains(found("bar-against-baseline"), "rom-bar", [at("e1000")])
    assert not explains(found("bar-against-baseline"), "outcome", [at("e1000")])
    assert not explains(found("efi-ipxe-stack"), "rom-bar", [at("e1000")])


def test_the_rules_that_explain_are_rules_of_lint_each_once() -> None:
    assert all_rules().keys() >= (ANY_IMAGE | EFI_IMAGE | BIOS_IMAGE).union(*SAME.values())
    assert set(SAME) <= RULES.keys()
    assert len(ANY_IMAGE | EFI_IMAGE | BIOS_IMAGE) == len(ANY_IMAGE) + len(EFI_IMAGE) + len(BIOS_IMAGE)


def test_what_lint_found_is_the_why_of_what_it_explains_and_no_cause_of_its_own() -> None:
    client = difference(rule="network-client", key=at("virtio-net-pci"), subject="network client")
    causes = find_causes([found("efi-ipxe-stack"), found("pci-class"), lost("e1000"), client], {})
    assert [(cause.first.rule, cause.first.finding.subject) for cause in causes] == [
        ("outcome", "efi-tftp"),
        ("network-client", "network client"),
        ("lint", "pci-class"),
    ]
    assert [[entry.finding.subject for entry in cause.whys] for cause in causes[:2]] == [["efi-ipxe-stack"]] * 2


def test_lint_explains_neither_what_is_milder_nor_what_other_rules_find() -> None:
    error = found("bev", severity=Severity.CHANGE)
    better = replace(lost("e1000", "seabios"), finding=replace(lost("e1000").finding, severity=Severity.IMPROVEMENT))
    slower = difference(rule="boot-time", key=at("e1000", "seabios"), severity=Severity.REGRESSION)
    assert [cause.whys for cause in find_causes([error, better, slower], {})] == [(), (), ()]


def test_a_verdict_tells_a_lost_boot_and_the_broken_rom_as_one_thing() -> None:
    passed, failed = (trace(Boot(passed=passed, clock=REAL)) for passed in (True, False))
    broken = lint.Finding("bev", lint.Severity.ERROR, "no Bootstrap Entry Vector", "efi-e1000.rom")
    verdict = compare_traces([passed], [failed], lint=[broken])
    (cause,) = verdict.causes
    assert (cause.first.rule, [entry.rule for entry in cause.whys]) == ("outcome", ["lint"])
