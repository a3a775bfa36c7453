"""What lint finds in the candidate's ROMs alone, as differences."""

from bootrig.compare import Answer, Finding, Severity, compare_traces
from bootrig.compare.linting import find_errors, find_new
from firmware.lint import finding as lint
from firmware.romset import RomSet
from tests.compare.factory import Boot, trace
from tests.firmware.rom_bytes import Bios

ERROR = lint.Finding("bev", lint.Severity.ERROR, "no Bootstrap Entry Vector", "pxe-e1000.rom")
NOTE = lint.Finding("pci-class", lint.Severity.NOTE, "class code bytes are {odd}", "pxe-e1000.rom")


def judge(*found: lint.Finding) -> list[tuple[str, Finding]]:
    verdict = compare_traces([trace(Boot())], [trace(Boot())], lint=found)
    return [(entry.id, entry.finding) for entry in verdict.differences]


def test_an_error_is_a_change_and_the_rest_is_info() -> None:
    assert judge() == []
    statement = "lint finds in pxe-e1000.rom: no Bootstrap Entry Vector"
    error = Finding(Severity.CHANGE, "bev", None, "pxe-e1000.rom", statement)
    assert judge(ERROR) == [("lint@*:bev", error)]
    (_, note), *others = judge(NOTE)
    assert (note.severity, others) == (Severity.INFO, [])


def test_what_one_rule_finds_in_several_files_is_told_once() -> None:
    other = lint.Finding("bev", lint.Severity.ERROR, "no Bootstrap Entry Vector", "pxe-virtio.rom")
    ((_, found),) = judge(ERROR, other)
    assert found.statement == "lint finds in 2 files, the first pxe-e1000.rom: no Bootstrap Entry Vector"
    warning = lint.Finding("bev", lint.Severity.WARNING, "odd", "pxe-virtio.rom")
    assert [name for name, _ in judge(ERROR, warning)] == ["lint@*:bev:error", "lint@*:bev:warning"]


def test_a_finding_of_the_candidate_alone_keeps_it_from_being_identical() -> None:
    assert compare_traces([trace(Boot())], [trace(Boot())]).identical
    verdict = compare_traces([trace(Boot())], [trace(Boot())], lint=[NOTE])
    assert (verdict.answer, verdict.identical) == (Answer.COMPATIBLE, False)
    assert compare_traces([trace(Boot())], [trace(Boot())], lint=[ERROR]).answer is Answer.COMPATIBLE_WITH_CHANGES


def test_only_what_is_new_in_the_roms_of_the_nics_that_are_tried_is_found() -> None:
    good, swapped = Bios().build(), Bios(class_code=b"\x02\x00\x00").build()
    first = RomSet.of_files("first", {"pxe-e1000.rom": good, "pxe-virtio.rom": good})
    second = RomSet.of_files("second", {"pxe-e1000.rom": swapped, "pxe-virtio.rom": good})
    assert [found.rule for found in find_new(first, second, ["e1000"])] == ["pci-class"]
    assert find_new(second, second, ["e1000"]) == ()
    assert find_new(first, second, ["virtio-net-pci"]) == ()


def test_errors_of_a_set_alone() -> None:
    good, bad = Bios().build(), Bios(bev=0x7000).build()
    rom_set = RomSet.of_files("mine", {"pxe-e1000.rom": bad, "pxe-virtio.rom": good})
    assert [(found.rule, found.file) for found in find_errors(rom_set, ["e1000"])] == [("bev", "pxe-e1000.rom")]
    assert find_errors(rom_set, ["virtio-net-pci"]) == ()
