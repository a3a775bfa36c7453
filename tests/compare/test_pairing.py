"""Which boot meets which."""

import pytest

from bootrig.compare.finding import Finding, Severity, Value
from bootrig.compare.pairing import CellPair, pair_traces
from bootrig.compare.tolerance import TOLERANCE, Tolerance
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Clock, Trace
from tests.compare.factory import KVM, REAL, VIRTUAL, Boot, trace


def boot(nic: str, clock: Clock = VIRTUAL, *, passed: bool = True, disturbed: int = 0) -> Trace:
    return trace(Boot(nic=nic, clock=clock, passed=passed, disturbed=disturbed))


def key(nic: str) -> CellKey:
    return CellKey("pxe-tftp", nic, "pc", "seabios")


def test_cells_meet_by_their_key_in_its_order() -> None:
    first, second = ([boot(nic) for nic in nics] for nics in ("dcbfa", "ehgbd"))
    pairing = pair_traces(first, second, [key("x")])
    assert [cell.judged.key for cell in pairing.paired] == [key("b"), key("d")]
    assert [(pair.baseline, pair.candidate) for pair in pairing] == [(first[2], second[3]), (first[0], second[4])]
    assert [one.key for one in pairing.only_baseline] == [key("a"), key("c"), key("f")]
    assert [one.key for one in pairing.only_candidate] == [key("e"), key("g"), key("h")]
    assert pairing.broken == {key("x")}
    assert [cell.virtual for cell in pairing.paired] == [None, None]


@pytest.mark.parametrize("clocks", [(VIRTUAL,), (VIRTUAL, REAL)])
def test_every_pair_has_the_tolerance(clocks: tuple[Clock, ...]) -> None:
    traces, tolerance = [boot("a", clock) for clock in clocks], Tolerance(wait_s=2.0)
    pairing = pair_traces(traces, traces, tolerance=tolerance)
    assert [pair.tolerance for pair in (*pairing, *pairing.select_virtual())] == [tolerance] * len(clocks)
    assert next(iter(pair_traces(traces, traces))).tolerance == TOLERANCE


V, R = boot("a"), boot("a", REAL)


@pytest.mark.parametrize(
    ("first", "second", "judged", "virtual"),
    [
        ([V], [V], (V, V), None),
        ([R], [R], (R, R), None),
        ([V], [R], (V, R), None),
        ([V, R], [R, V], (R, R), (V, V)),
        ([V, R], [V], (R, V), None),
        ([V], [V, R], (V, R), None),
        ([V, R], [R], (R, R), None),
        ([R], [V, R], (R, R), None),
    ],
)
def test_boots_in_real_time_are_judged_and_those_in_virtual_time_kept_beside_them(
    first: list[Trace], second: list[Trace], judged: tuple[Trace, Trace], virtual: tuple[Trace, Trace] | None
) -> None:
    pairing = pair_traces(first, second)
    (cell,) = pairing.paired
    assert cell.judged.sides == judged
    assert (cell.virtual and cell.virtual.sides) == virtual
    assert [pair.sides for pair in pairing.select_virtual()] == ([] if virtual is None else [virtual])


@pytest.mark.parametrize(
    ("first", "second", "virtual", "real", "mixed"),
    [
        (VIRTUAL, VIRTUAL, True, False, False),
        (REAL, REAL, False, True, False),
        (REAL, KVM, False, True, False),
        (VIRTUAL, REAL, False, False, True),
        (REAL, VIRTUAL, False, False, True),
    ],
)
def test_a_pair_knows_its_clocks(first: Clock, second: Clock, virtual: bool, real: bool, mixed: bool) -> None:
    pair = CellPair(key("a"), boot("a", first), boot("a", second))
    assert (pair.is_virtual, pair.is_real, pair.is_mixed) == (virtual, real, mixed)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_a_pair_passed_where_both_did(first: bool, second: bool) -> None:
    pair = CellPair(key("a"), boot("a", passed=first), boot("a", passed=second))
    assert pair.both_passed is (first and second)


@pytest.mark.parametrize(
    ("first", "second", "disturbed"),
    [
        (boot("a"), boot("a"), False),
        (boot("a", disturbed=1), boot("a"), True),
        (boot("a"), boot("a", disturbed=1), True),
        (boot("a", REAL, disturbed=1), boot("a"), False),
        (boot("a", REAL, disturbed=1), boot("a", REAL, disturbed=1), False),
    ],
)
def test_only_virtual_time_is_disturbed(first: Trace, second: Trace, disturbed: bool) -> None:
    assert CellPair(key("a"), first, second).is_disturbed is disturbed


@pytest.mark.parametrize(
    ("baseline", "candidate", "delta"),
    [
        (3.5, 10, 6.5),
        (10, 3.5, -6.5),
        (3, 3, 0),
        (None, 3, None),
        (3, None, None),
        ("3", 3, None),
        (3, "3", None),
        ("a", "b", None),
    ],
)
def test_two_numbers_have_a_delta(baseline: Value, candidate: Value, delta: float | None) -> None:
    assert Finding(Severity.INFO, "s", baseline, candidate, "statement").delta == delta
