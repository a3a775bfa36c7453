"""Boots of which a limit cut something: their outcomes and ROMs count, and the verdict says that nothing else does."""

import pytest
from msgspec.structs import replace

from bootrig.compare import Severity
from bootrig.compare.comparison import compare_traces
from tests.compare.factory import Boot, trace

CUT = ("capture: events of the kind arp that are not kept: 7",)


@pytest.mark.parametrize(("baseline", "candidate"), [((), CUT), (CUT, ()), (CUT, CUT), ((), ())])
def test_what_was_cut_is_not_compared(baseline, candidate):
    first = replace(trace(Boot()), truncated=baseline)
    second = replace(trace(Boot(features="DNS HTTP TFTP PXE")), truncated=candidate)
    verdict = compare_traces([first], [second])
    found = {entry.rule for entry in verdict.differences}
    notes = [note for note in verdict.notes if note.startswith("limits cut what was seen in ")]
    assert bool(notes) is bool(baseline or candidate)
    assert ("features" in found) is not bool(notes)
    assert ("truncated" in found) is (baseline == () and candidate == CUT)


def test_the_outcome_of_a_boot_that_was_cut_counts():
    verdict = compare_traces([trace(Boot())], [replace(trace(Boot(passed=False)), truncated=CUT)])
    found = {entry.rule: entry.finding.severity for entry in verdict.differences}
    assert found == {"outcome": Severity.REGRESSION, "truncated": Severity.CHANGE}
