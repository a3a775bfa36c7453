"""Cells whose repeated boots end differently are green in no report."""

from dataclasses import replace
from io import StringIO
from xml.etree import ElementTree

from bootrig.compare import Outcomes, Proof, Verdict, compare_traces, judge_failures
from bootrig.report.cases import CaseState, list_outcome_cases, list_verdict_cases
from bootrig.report.html import encode_outcomes
from bootrig.report.json import encode_verdict
from bootrig.report.junit import encode_outcomes_junit
from bootrig.report.terminal.console import ReportConsole
from bootrig.report.terminal.outcomes import print_outcomes
from bootrig.report.terminal.verdict import print_verdict
from bootrig.trace.trace import Trace
from tests.compare.factory import Boot, trace

GOOD = Boot(attempt="shift7")
LOST = replace(GOOD, passed=False, milestone="dhcp-ack", nbp_s=None, attempt="shift7.2")
ENDS = "1 passed, 1 failed after dhcp-ack"


def boots(side: str, *of_side: Boot) -> list[Trace]:
    return [trace(replace(boot, side=side)) for boot in of_side]


def outcomes() -> Outcomes:
    traces = tuple(boots("set", GOOD, LOST))
    return Outcomes(traces, judge_failures(traces, repeat=2))


def verdict() -> Verdict:
    again = replace(GOOD, attempt="shift7.2")
    return compare_traces(boots("baseline", GOOD, again), boots("candidate", GOOD, LOST), proof=Proof(repeats=(2, 2)))


def test_a_run() -> None:
    stream = StringIO()
    print_outcomes(outcomes(), ReportConsole(stream, 100))
    told = stream.getvalue()
    assert f"Unstable: repeated boots ended differently (1)\n  - set: pxe-tftp with e1000: {ENDS}" in told
    assert "% unstable" in told
    assert told.splitlines()[-1] == "Outcome: 1 of 1 boots FAILED, 1 unstable"
    (case,) = list_outcome_cases(outcomes())
    assert (case.state, case.reason) == (CaseState.FAILED, f"repeated boots ended differently: {ENDS}")
    (failure,) = ElementTree.fromstring(encode_outcomes_junit(outcomes())).iter("failure")
    assert failure.get("message") == f"repeated boots ended differently: {ENDS}"
    assert ENDS in encode_outcomes(outcomes()).decode()


def test_a_comparison() -> None:
    stream = StringIO()
    print_verdict(verdict(), ReportConsole(stream, 100))
    told = " ".join(stream.getvalue().split())
    assert f"Repeated boots end differently with the candidate: {ENDS}" in told
    assert "Verdict: NOT COMPATIBLE: 1 regression in 1 cell; 0 of 1 cell passed on both sides, 1 unstable" in told
    assert "% unstable" in told
    assert list_verdict_cases(verdict())[0].state is CaseState.FAILED
    assert b'"state": "unstable"' in encode_verdict(verdict())


def test_a_baseline_that_is_unstable_itself_makes_no_case_pass() -> None:
    again = replace(GOOD, attempt="shift7.2")
    answer = compare_traces(boots("baseline", GOOD, LOST), boots("candidate", GOOD, again), proof=Proof(repeats=(2, 2)))
    (case,) = list_verdict_cases(answer)
    assert (case.state, case.reason) == (
        CaseState.SKIPPED,
        f"unstable: repeated boots end differently with the baseline: {ENDS}",
    )
