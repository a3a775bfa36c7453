"""From two sets of traces to a verdict."""

from bootrig.compare.causes import Cause
from bootrig.compare.comparison import Proof, compare_traces
from bootrig.compare.difference import Confirmation, Difference
from bootrig.compare.failures import Failures, Outcomes, OutcomeState, judge_failures
from bootrig.compare.finding import Finding, Severity
from bootrig.compare.policy import STRICT, FailOn, Policy, load_policy
from bootrig.compare.rules.stages import comes_back
from bootrig.compare.tolerance import TOLERANCE, Tolerance
from bootrig.compare.verdict import Answer, CellState, ComparedBoot, ComparedCell, NotCompared, Verdict
from bootrig.compare.waivers import Waiver, load_waivers

__all__ = [
    "STRICT",
    "TOLERANCE",
    "Answer",
    "Cause",
    "CellState",
    "ComparedBoot",
    "ComparedCell",
    "Confirmation",
    "Difference",
    "FailOn",
    "Failures",
    "Finding",
    "NotCompared",
    "OutcomeState",
    "Outcomes",
    "Policy",
    "Proof",
    "Severity",
    "Tolerance",
    "Verdict",
    "Waiver",
    "comes_back",
    "compare_traces",
    "judge_failures",
    "load_policy",
    "load_waivers",
]
