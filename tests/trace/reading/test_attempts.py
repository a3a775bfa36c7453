"""Which trace of a cell counts."""

import pytest

from bootrig.trace.reading.attempts import choose_attempt, find_attempt, settle_traces
from bootrig.trace.trace import Clock, ClockKind, Outcome, OutcomeStatus, RomEvidence, Trace

SHIFT, SLOWER = Clock(ClockKind.VIRTUAL, 7), Clock(ClockKind.VIRTUAL, 5)
REAL, KVM = Clock(ClockKind.REAL), Clock(ClockKind.KVM)


def tried(clock: Clock, attempt: str = "", *, side: str = "baseline", nic: str = "e1000") -> Trace:
    return Trace(
        cell=f"pxe-tftp/{nic}/pc/seabios/host",
        side=side,
        rom_set="set",
        attempt=attempt or clock.attempt,
        clock=clock,
        outcome=Outcome(OutcomeStatus.PASSED, "", ""),
        rom=RomEvidence("", 1, 0, 0, ""),
    )


@pytest.mark.parametrize(
    ("attempts", "counts"),
    [
        ([tried(SHIFT)], "shift7"),
        ([tried(REAL)], "real"),
        ([tried(SHIFT), tried(REAL)], "real"),
        ([tried(REAL), tried(SHIFT)], "real"),
        ([tried(KVM), tried(SHIFT)], "kvm"),
        ([tried(SHIFT), tried(SHIFT, "shift7.2"), tried(SLOWER)], "shift5"),
        ([tried(REAL), tried(SHIFT), tried(KVM), tried(SHIFT, "shift7.2")], "kvm"),
    ],
)
def test_real_time_counts_where_there_is_any_and_of_equals_the_later(attempts: list[Trace], counts: str) -> None:
    assert choose_attempt(attempts).attempt == counts


def test_an_attempt_is_found_by_its_kind_of_clock() -> None:
    attempts = [tried(SHIFT), tried(KVM), tried(SHIFT, "shift7.2")]
    assert find_attempt(attempts, virtual=True) is attempts[2]
    assert find_attempt(attempts, virtual=False) is attempts[1]
    assert find_attempt(attempts[:1], virtual=False) is None


def test_traces_settle_to_one_for_each_side_and_cell() -> None:
    traces = [
        tried(SHIFT),
        tried(SHIFT, nic="pcnet"),
        tried(SHIFT, side="candidate"),
        tried(REAL, side="candidate"),
        tried(SHIFT, "shift7.2"),
    ]
    assert settle_traces(traces) == (traces[4], traces[1], traces[3])
