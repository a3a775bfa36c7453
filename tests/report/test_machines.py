"""What other programs read: JSON and JUnit XML."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.compare import Confirmation, Severity, compare_traces
from bootrig.report.junit import encode_outcomes_junit, encode_verdict_junit
from bootrig.report.verdict_json import VerdictError, encode_verdict, parse_verdict
from tests.compare.factory import Boot, difference, trace
from tests.report.sample import baseline_traces, candidate_traces, verdict


def test_a_verdict_reads_back() -> None:
    assert parse_verdict(encode_verdict(verdict())) == verdict()


values = st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


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
def test_any_differences_read_back(entries: list[object]) -> None:
    answer = replace(compare_traces([], []), differences=tuple(entries), notes=("n",))
    assert parse_verdict(encode_verdict(answer)) == answer


def test_the_document_tells_the_answer_and_its_sentences() -> None:
    document = json.loads(encode_verdict(verdict()))
    assert (document["format"], document["verdict"]) == ("bootrig-verdict/1", "regressions")
    assert document["counts"]["regression"] == 7
    assert document["counts"]["waived"] == 84
    (sentence,) = {entry["sentence"] for entry in document["differences"] if entry["rule"] == "outcome"}
    assert sentence.startswith("with the baseline the scenario efi-script passed")
    same = compare_traces(baseline_traces(), baseline_traces())
    assert json.loads(encode_verdict(same))["verdict"] == "identical"
    assert json.loads(encode_verdict(compare_traces([], [])))["verdict"] == "nothing-compared"
    other = compare_traces([trace(Boot())], [trace(Boot(version="2"))])
    assert json.loads(encode_verdict(other))["verdict"] == "compatible"


def test_fields_of_later_versions_are_ignored() -> None:
    document = json.loads(encode_verdict(verdict()))
    document["more"] = 1
    document["cells"][0]["more"] = 1
    document["differences"][0]["more"] = 1
    assert parse_verdict(json.dumps(document).encode()) == verdict()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[]", "v.json: not a verdict of the format bootrig-verdict/1"),
        (b'{"format": "bootrig-verdict/2"}', "v.json: not a verdict of the format bootrig-verdict/1"),
        (b"{", "v.json: not a verdict: Expecting property name"),
        (b'{"format": "bootrig-verdict/1"}', "v.json: not a verdict: 'baseline'"),
        (b"\xff", "v.json: not a verdict: 'utf-8' codec"),
    ],
)
def test_what_is_no_verdict_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(VerdictError) as caught:
        parse_verdict(content, "v.json")
    assert str(caught.value).startswith(message)


def test_junit_counts_cells() -> None:
    root = ElementTree.fromstring(encode_verdict_junit(verdict()))
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {f"ipxe-debian-12 -> ipxe-debian-13: {place}" for place in ("pc seabios", "q35 ovmf")}
    legacy, uefi = (suites[name] for name in sorted(suites))
    assert (legacy.get("tests"), legacy.get("failures"), legacy.get("skipped")) == ("80", "0", "11")
    assert (uefi.get("tests"), uefi.get("failures"), uefi.get("skipped")) == ("16", "7", "2")
    failed = next(case for case in uefi if case.find("failure") is not None)
    assert (failed.get("name"), failed.get("classname")) == ("efi-script e1000", "q35.ovmf.host")
    assert "with the candidate it failed after tftp-complete" in failed.find("failure").get("message")
    assert "improvement: the feature VLAN is new [features]" in failed.find("system-out").text


def test_junit_tells_differences_of_whole_sets_and_lost_nics() -> None:
    answer = replace(verdict(), differences=(difference(key=None, severity=Severity.REGRESSION),))
    root = ElementTree.fromstring(encode_verdict_junit(answer))
    assert [suite.get("failures") for suite in root if suite.get("name") == "ROM sets"] == ["1"]
    lost = compare_traces([trace(Boot()), trace(Boot(nic="pcnet"))], [trace(Boot())])
    (suite,) = ElementTree.fromstring(encode_verdict_junit(lost))
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "0")


def test_junit_of_outcomes() -> None:
    root = ElementTree.fromstring(encode_outcomes_junit(candidate_traces()))
    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("ipxe-debian-13", "96", "9")
    case = next(case for case in suite if case.get("name") == "nbp-sizes[100k] rtl8139")
    assert case.find("failure").get("message") == "Connection timed out"
    assert case.get("time") == "0.5"
    assert "cells/ipxe-debian-13/nbp-sizes[100k]+rtl8139+pc+seabios+host" in case.find("system-out").text


def test_what_xml_cannot_hold_is_escaped() -> None:
    odd = trace(Boot(passed=False, reason="bell \x07 <&>", console="\x00\x1b[0m \x08"))
    (suite,) = ElementTree.fromstring(encode_outcomes_junit([odd]))
    assert suite[0].find("failure").get("message") == "bell \\x07 <&>"
    assert "\\x00\\x1b[0m \\x08" in suite[0].find("system-out").text
