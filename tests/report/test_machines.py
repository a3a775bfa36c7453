"""What other programs read: JSON."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.compare import Confirmation, Difference, Severity, Verdict, compare_traces
from bootrig.report.json import encode_outcomes, encode_verdict
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
        "unstable": 0,
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
