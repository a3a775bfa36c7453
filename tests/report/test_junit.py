"""JUnit XML: what the systems that read it show, by the rules of their schema."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec import structs

from bootrig.compare import Severity, compare_traces
from bootrig.jsonfile import write_json
from bootrig.record.run import Run, RunCell, RunHost, RunSide, write_run
from bootrig.report.junit import encode_outcomes_junit, encode_verdict_junit
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Trace
from tests.compare.factory import Boot, difference, trace
from tests.report.sample import candidate_traces, make_outcomes, verdict
from tests.report.test_hostile import FAILED, make_subjects

OUTPUTS = frozenset({"system-out", "system-err"})
RESULT = frozenset({"message", "type"})
# Of the schema of Jenkins' xUnit plugin, junit-10.xsd: what may be inside, attributes that have to be there, others.
RULES: Mapping[str, tuple[frozenset[str], frozenset[str], frozenset[str]]] = {
    "testsuites": (
        frozenset({"testsuite"}),
        frozenset(),
        frozenset({"name", "time", "tests", "failures", "errors"}),
    ),
    "testsuite": (
        frozenset({"testsuite", "properties", "testcase"}) | OUTPUTS,
        frozenset({"name", "tests", "failures", "errors"}),
        frozenset({"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"}),
    ),
    "testcase": (
        frozenset({"skipped", "error", "failure"}) | OUTPUTS,
        frozenset({"name"}),
        frozenset({"time", "classname", "group"}),
    ),
    **{name: (frozenset(), frozenset(), RESULT) for name in ("skipped", "error", "failure")},
    **{name: (frozenset(), frozenset(), frozenset()) for name in OUTPUTS},
}
TIME = re.compile(r"[0-9]*(\.[0-9]*)?")


def iter_problems(element: ElementTree.Element) -> Iterator[str]:
    """Yield what Jenkins' schema refuses."""
    inside, needed, others = RULES[element.tag]
    yield from (f"{element.tag} lacks {name}" for name in needed - set(element.keys()))
    yield from (f"{element.tag} has {name}" for name in set(element.keys()) - needed - others)
    if not TIME.fullmatch(element.get("time", "")):
        yield f"{element.tag} took {element.get('time')}"
    if inside and (element.text or "").strip():
        yield f"{element.tag} has text"
    for child in element:
        if child.tag in inside:
            yield from iter_problems(child)
        else:
            yield f"{element.tag} holds {child.tag}"


def parse(content: bytes) -> ElementTree.Element:
    root = ElementTree.fromstring(content)
    assert list(iter_problems(root)) == []
    return root


def test_what_the_schema_refuses_is_found() -> None:
    wrong = (
        '<testsuites skipped="1"><testsuite name="a" tests="1" errors="0">'
        '<testcase time="1e-5"><b/></testcase></testsuite></testsuites>'
    )
    assert sorted(iter_problems(ElementTree.fromstring(wrong))) == [
        "testcase holds b",
        "testcase lacks name",
        "testcase took 1e-5",
        "testsuite lacks failures",
        "testsuites has skipped",
    ]


def test_junit_counts_cells() -> None:
    root = parse(encode_verdict_junit(verdict()))
    suites = {suite.get("name"): suite for suite in root}
    places = [f"ipxe-debian-12 -> ipxe-debian-13: {place}" for place in ("pc seabios", "q35 ovmf")]
    assert set(suites) == {*places, "ROM sets"}
    legacy, uefi = (suites[place] for place in places)
    assert (legacy.get("tests"), legacy.get("failures"), legacy.get("skipped")) == ("80", "0", "11")
    assert (uefi.get("tests"), uefi.get("failures"), uefi.get("skipped")) == ("16", "7", "2")
    failed = next(case for case in uefi if case.find("failure") is not None)
    assert (failed.get("name"), failed.get("classname")) == ("efi-script/e1000/q35/ovmf/host", "q35.ovmf.host")
    assert "with the candidate it failed after tftp-complete" in failed.find("failure").get("message")
    text = failed.find("failure").text
    assert "\nbaseline: passed" in text
    assert "\nimprovement: the feature VLAN is new [features]\n" in text
    assert text.endswith(
        "\nagain:\nbootrig compare ipxe-debian-12 ipxe-debian-13 --scenario efi-script --nic e1000 --machine q35 "
        "--platform-firmware ovmf"
    )


def test_junit_tells_differences_of_whole_sets_and_lost_nics() -> None:
    answer = replace(verdict(), differences=(difference(key=None, severity=Severity.REGRESSION),))
    root = parse(encode_verdict_junit(answer))
    assert [suite.get("failures") for suite in root if suite.get("name") == "ROM sets"] == ["1"]
    lost = compare_traces([trace(Boot()), trace(Boot(nic="pcnet"))], [trace(Boot())])
    cells, sets = parse(encode_verdict_junit(lost))
    assert (cells.get("failures"), cells.get("skipped")) == ("0", "1")
    assert (sets.get("name"), sets.get("failures")) == ("ROM sets", "1")


@pytest.mark.parametrize(
    ("how", "told"),
    [("no room", "the rig broke: no room"), ("the input is wrong: mine: no", "the input is wrong: mine: no")],
)
def test_junit_tells_a_broken_cell_as_an_error(how: str, told: str) -> None:
    boot = trace(Boot())
    answer = compare_traces([boot], [boot], broken={CellKey("grub", "e1000", "pc", "seabios"): how})
    (suite,) = parse(encode_verdict_junit(answer))
    assert (suite.get("errors"), suite.get("failures"), suite.get("skipped")) == ("1", "0", "0")
    assert suite[0].find("error").get("message") == told


def test_junit_tells_what_follows_from_a_failure_behind_it_and_not_as_a_failure() -> None:
    entries = (
        difference(rule="boot-time", severity=Severity.REGRESSION, subject="t"),
        difference(rule="outcome", severity=Severity.REGRESSION, subject="o", statement="the boot was lost"),
        difference(rule="dhcp-uuid", subject="u", waiver="known"),
    )
    answer = replace(compare_traces([trace(Boot())], [trace(Boot())]), differences=entries)
    (suite,) = parse(encode_verdict_junit(answer))
    assert [failure.get("type") for failure in suite[0].findall("failure")] == ["outcome"]
    lines = suite[0].find("failure").text.splitlines()
    lines = lines[lines.index("differences:") + 1 :]
    assert lines[0] == "regression: the boot was lost [outcome]"
    assert lines[1].endswith("[dhcp-uuid, waived: known]")
    assert lines[2].startswith("with it, regression: the user class")


def test_junit_of_outcomes() -> None:
    root = parse(encode_outcomes_junit(make_outcomes(candidate_traces())))
    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("ipxe-debian-13", "96", "9")
    case = next(case for case in suite if case.get("name") == "nbp-sizes[100k]/rtl8139/pc/seabios/host")
    assert case.find("failure").get("message") == "Connection timed out"
    assert case.get("time") == "0.5"
    assert "cells/ipxe-debian-13/nbp-sizes_100k_+rtl8139+pc+seabios+host/shift7" in case.find("failure").text


def test_what_xml_cannot_hold_is_escaped() -> None:
    odd = trace(Boot(passed=False, reason="bell \x07 <&>", console="\x00\x1b[0m \x08"))
    (suite,) = parse(encode_outcomes_junit(make_outcomes([odd])))
    assert suite[0].find("failure").get("message") == "bell \\x07 <&>"
    assert "\\x00\\x1b[0m \\x08" in suite[0].find("failure").text


def test_everything_is_valid() -> None:
    subjects = make_subjects()
    parse(encode_verdict_junit(subjects["verdict"]))  # type: ignore[arg-type]
    suites = parse(encode_outcomes_junit(subjects["outcomes"]))  # type: ignore[arg-type]
    errors = [error.get("message") for error in suites.iter("error")]
    assert errors == ["the rig broke: QEMU died"]


def test_a_failed_boot_tells_its_stages_its_console_and_how_to_repeat_it() -> None:
    failed = trace(replace(FAILED, nic="e1000", console="one\n\ntwo\n"))
    first = structs.replace(failed.milestones[0], guest_s=2.25)
    failed = structs.replace(failed, milestones=(first, *failed.milestones))
    (failure,) = parse(encode_outcomes_junit(make_outcomes([failed]))).iter("failure")
    assert failure.get("type") == "unconfirmed"
    told = (failure.text or "").split("\n")
    assert told[:3] == [failed.outcome.reason, "stages:", "     2.250 s  dhcp-ack"]
    assert told[told.index("console:") :][:3] == ["console:", "one", "two"]
    assert told[told.index("again:") + 1].startswith("bootrig boot set --scenario pxe-tftp --nic e1000 ")


def record(directory: Path, side: str, traces: list[Trace]) -> None:
    """Write a run of one side."""
    cells = tuple(RunCell(one.cell, side, str(Path(one.directory).parent)) for one in traces)
    run = Run(
        id="r", verb="run", bootrig="0", started="2026-01-01T00:00:00Z", host=RunHost(cpus=1, python="3"), cells=cells,
        sides=(RunSide(label=side, given=side),),
    )  # fmt: skip
    directory.mkdir()
    write_run(run, directory)
    for one in traces:
        (directory / one.directory).mkdir(parents=True)
        write_json(directory / one.directory / "trace.json", structs.replace(one, side=side))
        (directory / one.directory / "capture.pcap").write_bytes(b"")


def test_a_regression_has_what_its_run_holds(tmp_path: Path) -> None:
    old, new = trace(Boot()), trace(replace(FAILED, console="it hangs"))
    lost = difference(rule="outcome", severity=Severity.REGRESSION)
    answer = replace(compare_traces([old], [new]), differences=(lost,))
    first, second = tmp_path / "old", tmp_path / "new"
    record(first, "baseline", [old])
    record(second, "candidate", [new])
    (case,) = parse(encode_verdict_junit(answer, runs=(first, second))).iter("testcase")
    text = case.findtext("failure") or ""
    assert "\nconsole, candidate:\nit hangs\n" in text
    assert "\nstages, baseline:\n" in text
    assert case.get("time") == "1.0"
    paths = [second / new.directory / name for name in ("capture.pcap", "trace.json")]
    assert case.findtext("system-out") == "\n".join(f"[[ATTACHMENT|{path}]]" for path in paths)
