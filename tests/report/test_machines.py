"""What other programs read: JSON and JUnit XML."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.compare import Confirmation, Difference, Severity, Verdict, compare_traces
from bootrig.report.json import encode_outcomes, encode_verdict
from bootrig.report.junit import encode_outcomes_junit, encode_verdict_junit
from bootrig.trace.names import CellKey
from tests.compare.factory import Boot, difference, trace
from tests.report.sample import candidate_traces, make_outcomes, verdict

FORMATS = Path(__file__).parents[2] / "docs/formats.md"


def document_of(answer: Verdict) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(encode_verdict(answer))
    return document


def test_the_fields_are_those_that_the_documentation_names() -> None:
    page = FORMATS.read_text()
    document = document_of(verdict())
    parts = [
        document,
        document["causes"][0],
        document["differences"][0],
        document["cells"][0],
        document["cells"][0]["baseline"],
    ]
    for part in (
        *parts,
        document["not_compared"][0],
        *json.loads(encode_outcomes(make_outcomes(candidate_traces())))["cells"][:1],
    ):
        assert [name for name in part if f"`{name}`" not in page] == []


values = st.none() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            difference,
            severity=st.sampled_from(Severity),
            confirmation=st.sampled_from(Confirmation),
            baseline=values,
            candidate=values,
            waiver=st.text(),
            key=st.sampled_from((difference().key, None)),
        )
    )
)
def test_any_differences_are_told_whole(entries: list[Difference]) -> None:
    answer = replace(compare_traces([], []), differences=tuple(entries), refuted=tuple(entries))
    document = document_of(answer)
    for told, entry in zip(document["differences"], entries, strict=True):
        assert (told["id"], told["waiver"]) == (entry.id, entry.waiver)
        assert (told["baseline"], told["candidate"]) == (entry.finding.baseline, entry.finding.candidate)
        assert (told["severity"], told["confirmation"]) == (entry.finding.severity, entry.confirmation)
    assert document["refuted"] == document["differences"]


def test_the_document_tells_the_answer_and_its_sentences() -> None:
    document = document_of(verdict())
    assert (document["format"], document["verdict"]) == ("bootrig-verdict/2", "not-compatible")
    assert document["difference_counts"] == {
        "regression": 7,
        "change": 0,
        "improvement": 181,
        "info": 259,
        "waived": 84,
    }
    assert document["cell_counts"] == {
        "all": 96,
        "passed_on_both_sides": 76,
        "works_with_neither": 1,
        "only_one_side": 12,
        "broken": 0,
        "wrong_input": 0,
        "cached": 0,
    }
    assert document["cause_counts"] == {"regression": 1, "change": 0, "improvement": 5, "info": 3}
    worst = document["causes"][0]
    assert (worst["rule"], worst["subject"], worst["severity"]) == ("outcome", "efi-script", "regression")
    assert worst["where"] == "scenario efi-script; all 7 NICs; q35 ovmf"
    assert (len(worst["differences"]), worst["explained_by"], worst["consequences"]) == (7, [], [])
    told = [name for cause in document["causes"] for name in (*cause["differences"], *cause["consequences"])]
    assert sorted(told) == sorted(entry["id"] for entry in document["differences"] if not entry["waiver"])
    assert {cause["subject"] for cause in document["causes"] if cause["whole_set"]} >= {"feature VLAN", "vmxnet3"}
    assert len({entry["id"] for entry in document["differences"]}) == len(document["differences"])
    failed = [entry for entry in document["differences"] if entry["rule"] == "outcome"]
    assert failed[0]["id"] == "outcome@efi-script/e1000/q35/ovmf/host:efi-script"
    assert failed[0]["cell"] == "efi-script/e1000/q35/ovmf/host"
    assert failed[0]["sentence"].startswith("the boot passed with the baseline, with the candidate")
    (lost,) = [entry for entry in document["differences"] if entry["rule"] == "coverage"]
    assert (lost["id"], lost["cell"]) == ("coverage@*:vmxnet3", None)
    (cell,) = [entry for entry in document["cells"] if entry["cell"] == "efi-script/e1000/q35/ovmf/host"]
    assert (cell["state"], cell["candidate"]["milestone"], cell["candidate"]["attempt"]) == (
        "regressed",
        "tftp-complete",
        "real",
    )
    assert document["not_compared"][0]["cell"] == "efi-script/vmxnet3/q35/ovmf/host"


@pytest.mark.parametrize(
    ("answer", "word", "identical"),
    [
        (compare_traces([trace(Boot())], [trace(Boot())]), "compatible", True),
        (compare_traces([trace(Boot())], [trace(Boot(version="2"))]), "compatible", False),
        (compare_traces([trace(Boot())], [trace(Boot(features="DNS"))]), "compatible-with-changes", False),
        (compare_traces([], []), "nothing-proven", False),
    ],
)
def test_the_document_has_the_answer_in_one_word(answer: Verdict, word: str, identical: bool) -> None:
    document = document_of(answer)
    assert (document["verdict"], document["identical"]) == (word, identical)


def test_junit_counts_cells() -> None:
    root = ElementTree.fromstring(encode_verdict_junit(verdict()))
    suites = {suite.get("name"): suite for suite in root}
    places = [f"ipxe-debian-12 -> ipxe-debian-13: {place}" for place in ("pc seabios", "q35 ovmf")]
    assert set(suites) == {*places, "ROM sets"}
    legacy, uefi = (suites[place] for place in places)
    assert (legacy.get("tests"), legacy.get("failures"), legacy.get("skipped")) == ("80", "0", "11")
    assert (uefi.get("tests"), uefi.get("failures"), uefi.get("skipped")) == ("16", "7", "2")
    failed = next(case for case in uefi if case.find("failure") is not None)
    assert (failed.get("name"), failed.get("classname")) == ("efi-script/e1000/q35/ovmf/host", "q35.ovmf.host")
    assert "with the candidate it failed after tftp-complete" in failed.find("failure").get("message")
    assert "improvement: the feature VLAN is new [features]" in failed.find("system-out").text


def test_junit_tells_differences_of_whole_sets_and_lost_nics() -> None:
    answer = replace(verdict(), differences=(difference(key=None, severity=Severity.REGRESSION),))
    root = ElementTree.fromstring(encode_verdict_junit(answer))
    assert [suite.get("failures") for suite in root if suite.get("name") == "ROM sets"] == ["1"]
    lost = compare_traces([trace(Boot()), trace(Boot(nic="pcnet"))], [trace(Boot())])
    cells, sets = ElementTree.fromstring(encode_verdict_junit(lost))
    assert (cells.get("failures"), cells.get("skipped")) == ("0", "1")
    assert (sets.get("name"), sets.get("failures")) == ("ROM sets", "1")


@pytest.mark.parametrize(
    ("how", "told"),
    [("no room", "the rig broke: no room"), ("the input is wrong: mine: no", "the input is wrong: mine: no")],
)
def test_junit_tells_a_broken_cell_as_an_error(how: str, told: str) -> None:
    boot = trace(Boot())
    answer = compare_traces([boot], [boot], broken={CellKey("grub", "e1000", "pc", "seabios"): how})
    (suite,) = ElementTree.fromstring(encode_verdict_junit(answer))
    assert (suite.get("errors"), suite.get("failures"), suite.get("skipped")) == ("1", "0", "0")
    assert suite[0].find("error").get("message") == told


def test_junit_tells_what_follows_from_a_failure_behind_it_and_not_as_a_failure() -> None:
    entries = (
        difference(rule="boot-time", severity=Severity.REGRESSION, subject="t"),
        difference(rule="outcome", severity=Severity.REGRESSION, subject="o", statement="the boot was lost"),
        difference(rule="dhcp-uuid", subject="u", waiver="known"),
    )
    answer = replace(compare_traces([trace(Boot())], [trace(Boot())]), differences=entries)
    (suite,) = ElementTree.fromstring(encode_verdict_junit(answer))
    assert [failure.get("type") for failure in suite[0].findall("failure")] == ["outcome"]
    lines = suite[0].find("system-out").text.splitlines()
    assert lines[0] == "regression: the boot was lost [outcome]"
    assert lines[1].endswith("[dhcp-uuid, waived: known]")
    assert lines[2].startswith("with it, regression: the user class")


def test_junit_of_outcomes() -> None:
    root = ElementTree.fromstring(encode_outcomes_junit(make_outcomes(candidate_traces())))
    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("ipxe-debian-13", "96", "9")
    case = next(case for case in suite if case.get("name") == "nbp-sizes[100k]/rtl8139/pc/seabios/host")
    assert case.find("failure").get("message") == "Connection timed out"
    assert case.get("time") == "0.5"
    assert "cells/ipxe-debian-13/nbp-sizes_100k_+rtl8139+pc+seabios+host/shift7" in case.find("system-out").text


def test_what_xml_cannot_hold_is_escaped() -> None:
    odd = trace(Boot(passed=False, reason="bell \x07 <&>", console="\x00\x1b[0m \x08"))
    (suite,) = ElementTree.fromstring(encode_outcomes_junit(make_outcomes([odd])))
    assert suite[0].find("failure").get("message") == "bell \\x07 <&>"
    assert "\\x00\\x1b[0m \\x08" in suite[0].find("system-out").text
