"""Names of cells and of differences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootrig.trace.names import (
    CellKey,
    CellNameError,
    matches_cell,
    name_difference,
    parse_cell_name,
    parse_difference_pattern,
    tell_stack,
)

CELL = CellKey("nbp-sizes[16k]", "e1000", "pc", "seabios", "host")
PARTS = st.from_regex(r"[A-Za-z0-9_.+:\[\]-]+", fullmatch=True)


def test_a_name_has_five_parts() -> None:
    assert str(CELL) == "nbp-sizes[16k]/e1000/pc/seabios/host"
    assert parse_cell_name(str(CELL)) == CELL


@given(st.tuples(PARTS, PARTS, PARTS, PARTS, PARTS))
def test_every_name_is_read_back(parts: tuple[str, str, str, str, str]) -> None:
    assert parse_cell_name(str(CellKey(*parts))) == CellKey(*parts)


@pytest.mark.parametrize(
    "name", ["", "a/b/c/d", "a/b/c/d/e/f", "a//c/d/e", "a/b/c/d/e@f", "a/b c/c/d/e", "a/b/c/d/e\n"]
)
def test_what_is_not_the_name_of_a_cell(name: str) -> None:
    with pytest.raises(CellNameError, match="expected SCENARIO/NIC/MACHINE/FIRMWARE/EMULATOR"):
        parse_cell_name(name)


def test_a_directory_is_called_after_its_cell() -> None:
    assert CELL.directory_name == "nbp-sizes_16k_+e1000+pc+seabios+host"
    assert CellKey("a", "b", "c", "built:ovmf").directory_name == "a+b+c+built_ovmf+host"


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("nbp-sizes[16k]", True),
        ("nbp-sizes[16k]/e1000/pc/seabios/host", True),
        ("*/e1000*", True),
        ("nbp-*/*/pc", True),
        ("nbp-sizes[?6k]", True),
        ("*", True),
        ("nbp-sizes", False),
        ("nbp-sizes1", False),
        ("*/rtl8139", False),
        ("*/*/q35", False),
        ("*/*/*/*/*/*", False),
    ],
)
def test_patterns_of_cells(pattern: str, matched: bool) -> None:
    assert matches_cell(CELL, pattern) is matched


@pytest.mark.parametrize(
    ("cell", "subject", "name"),
    [
        (CELL, "", "outcome@nbp-sizes[16k]/e1000/pc/seabios/host"),
        (CELL, "DISCOVER", "outcome@nbp-sizes[16k]/e1000/pc/seabios/host:DISCOVER"),
        (None, "", "outcome@*"),
        (None, "vmxnet3", "outcome@*:vmxnet3"),
    ],
)
def test_names_of_differences(cell: CellKey | None, subject: str, name: str) -> None:
    assert name_difference("outcome", cell, subject) == name
    assert parse_difference_pattern(name).matches("outcome", cell, subject)


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("outcome@*", True),
        ("out*@nbp-*", True),
        ("outcome@*/e1000/pc/*/*", True),
        ("outcome@*/e1000/pc/seabios/host:DIS*", True),
        ("outcome@*/e1000:DISCOVER", True),
        ("outcome@*:DISCOVER", True),
        ("outcome@*:REQUEST", False),
        ("outcome@*/e1000/pc/seabios/host:", False),
        ("outcome@*/rtl8139", False),
        ("banner@*", False),
    ],
)
def test_patterns_of_differences(pattern: str, matched: bool) -> None:
    assert parse_difference_pattern(pattern).matches("outcome", CELL, "DISCOVER") is matched


def test_a_pattern_of_the_sets_as_wholes_matches_cells_too() -> None:
    assert parse_difference_pattern("coverage@*:vmxnet3").matches("coverage", None, "vmxnet3")
    assert not parse_difference_pattern("coverage@*/vmxnet3").matches("coverage", None, "vmxnet3")


def test_a_subject_may_hold_colons_and_a_platform_firmware_too() -> None:
    built = CellKey("a", "b", "c", "built:ovmf")
    name = name_difference("rule", built, "PCI: 00:03.0")
    assert parse_difference_pattern(name).matches("rule", built, "PCI: 00:03.0")
    assert not parse_difference_pattern(name).matches("rule", built, "PCI")


@pytest.mark.parametrize("text", ["outcome", "@a/b/c/d/e", "outcome@", "outcome@a/b/c/d/e/f"])
def test_what_does_not_name_a_difference(text: str) -> None:
    with pytest.raises(CellNameError, match="does not name a difference"):
        parse_difference_pattern(text)


@pytest.mark.parametrize(
    ("firmware", "emulator", "words"),
    [
        ("ovmf", "host", " with ovmf"),
        ("ovmf", "qemu-11", " with ovmf on qemu-11"),
        ("-", "qemu-11", " on qemu-11"),
        ("-", "-", ""),
    ],
)
def test_what_sides_set_is_left_out_of_the_words_for_a_cell(firmware: str, emulator: str, words: str) -> None:
    assert tell_stack(firmware, emulator) == words
