"""Equal differences of many cells become one line."""

from itertools import product

import pytest

from bootrig.compare import Severity
from bootrig.report.grouping import describe_cells, describe_roms, group_differences
from bootrig.trace.names import CellKey
from tests.compare.factory import NICS, SCENARIOS, difference

PC = [CellKey(scenario, nic, "pc", "seabios") for scenario, nic in product(SCENARIOS, NICS)]
EFI = [CellKey(scenario, nic, "q35", "ovmf") for scenario, nic in product(("efi-script", "efi-tftp"), NICS)]
ALL = [*PC, *EFI]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (ALL, "all 8 scenarios; all 8 NICs"),
        (PC, "all 6 scenarios; all 8 NICs; pc seabios"),
        (EFI, "both scenarios; all 8 NICs; q35 ovmf"),
        ([key for key in EFI if key.scenario == "efi-script"], "scenario efi-script; all 8 NICs; q35 ovmf"),
        ([key for key in PC if key.nic_model == "rtl8139"], "all 6 scenarios; NIC rtl8139; pc seabios"),
        ([key for key in PC if key.nic_model != "rtl8139"], "all 6 scenarios; all NICs but rtl8139; pc seabios"),
        (
            [key for key in PC if key.scenario in ("grub", "script", "no-ra")],
            "scenarios grub, no-ra, script; all 8 NICs; pc seabios",
        ),
        (PC[1:], "all 6 scenarios; all 8 NICs; pc seabios (47 of these 48 cells)"),
        (PC[:1], "scenario grub; NIC e1000; pc seabios"),
        ([], "the whole set"),
    ],
)
def test_cells_are_told_in_words(chosen: list[CellKey], words: str) -> None:
    assert describe_cells(chosen, ALL) == words


def test_long_lists_of_names_are_cut() -> None:
    cells = [CellKey(f"s{number:02}", "e1000", "pc", "seabios") for number in range(20)]
    assert describe_cells(cells[:9], cells) == "scenarios s00, s01, s02, s03, s04, s05 and 3 more; NIC e1000"


def test_eighty_eight_equal_differences_are_one_group() -> None:
    groups = group_differences([difference(key=key) for key in ALL], ALL)
    assert [(len(group.differences), group.where) for group in groups] == [(64, "all 8 scenarios; all 8 NICs")]
    assert groups[0].sentence == 'the user class is "iPXE", it was "gPXE"'


def test_other_values_subjects_and_severities_are_other_groups() -> None:
    entries = [
        difference(),
        difference(candidate="x"),
        difference(subject="other"),
        difference(severity=Severity.REGRESSION),
        difference(waiver="known"),
    ]
    groups = group_differences(entries, ALL)
    assert len(groups) == 5
    assert groups[0].first.finding.severity is Severity.REGRESSION


def test_numbers_of_one_direction_are_one_group_with_a_range() -> None:
    statement = "it takes {candidate}, it was {baseline}"
    numbers = [(3.0, 16.0), (3.4, 17.5), (16.0, 3.0)]
    entries = [difference(baseline=old, candidate=new, unit="s", statement=statement) for old, new in numbers]
    more, less = group_differences(entries, ALL)
    assert more.sentence == "it takes 16.0 to 17.5 s, it was 3.0 to 3.4 s"
    assert less.sentence == "it takes 3.0 s, it was 16.0 s"


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (ALL, "all 8 NICs"),
        (PC, "all 8 NICs; pc seabios"),
        ([key for key in ALL if key.nic_model == "rtl8139"], "NIC rtl8139"),
        ([], "the whole set"),
    ],
)
def test_roms_are_told_without_scenarios(chosen: list[CellKey], words: str) -> None:
    assert describe_roms(chosen, ALL) == words
