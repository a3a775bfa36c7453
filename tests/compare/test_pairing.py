"""Which boot meets which."""

from dataclasses import replace

import pytest

from bootrig.compare.finding import Finding, Severity, Value
from bootrig.compare.pairing import CellPair, pair_traces
from bootrig.compare.tolerance import TOLERANCE, Tolerance
from bootrig.trace.attempt import parse_attempt
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Clock, ClockKind, Trace
from tests.compare.factory import KVM, REAL, VIRTUAL, Boot, trace

FIVE = Clock(ClockKind.VIRTUAL, 5)


def boot(nic: str, clock: Clock = VIRTUAL, *, passed: bool = True, disturbed: int = 0) -> Trace:
    return trace(Boot(nic=nic, clock=clock, passed=passed, disturbed=disturbed))


def key(nic: str) -> CellKey:
    return CellKey("pxe-tftp", nic, "pc", "seabios")


def test_cells_meet_by_their_key_in_its_order() -> None:
    first, second = ([boot(nic) for nic in nics] for nics in ("dcbfa", "ehgbd"))
    pairing = pair_traces(first, second, {key("x"): "no space"})
    assert [cell.judged.key for cell in pairing.paired] == [key("b"), key("d")]
    assert [(pair.baseline, pair.candidate) for pair in pairing] == [(first[2], second[3]), (first[0], second[4])]
    assert [one.key for one in pairing.only_baseline] == [key("a"), key("c"), key("f")]
    assert [one.key for one in pairing.only_candidate] == [key("e"), key("g"), key("h")]
    assert pairing.broken == {key("x"): "no space"}


def test_every_pair_has_the_tolerance() -> None:
    traces, tolerance = [boot("a", clock) for clock in (VIRTUAL, FIVE, REAL)], Tolerance(wait_s=2.0)
    (cell,) = pair_traces(traces, traces, tolerance=tolerance).paired
    assert [pair and pair.tolerance for pair in (cell.judged, cell.second, cell.real)] == [tolerance] * 3
    assert next(iter(pair_traces(traces, traces))).tolerance == TOLERANCE


def attempts(*names: str, side: str = "baseline") -> list[Trace]:
    """Return boots by the names of their attempts; `~` before one that was disturbed."""
    plain = Boot(nic="a", side=side)
    return [
        trace(
            replace(
                plain, clock=parse_attempt(name.strip("~")).clock, attempt=name.strip("~"), disturbed=name[0] == "~"
            )
        )
        for name in names
    ]


@pytest.mark.parametrize(
    ("first", "second", "judged", "split", "look", "real"),
    [
        (["shift7"], ["shift7"], ("shift7", "shift7"), None, None, None),
        (["shift7", "shift5"], ["shift7", "shift5"], ("shift7", "shift7"), ("shift5", "shift5"), None, None),
        (["shift7", "shift5"], ["shift7"], ("shift7", "shift7"), None, None, None),
        (["shift7", "shift5"], ["shift7", "~shift5"], ("shift7", "shift7"), None, None, None),
        (
            ["shift7", "~shift5", "shift5.2", "shift7.2", "shift5.3"],
            ["~shift7", "shift7.2", "shift5", "~shift7.3", "shift7.4", "shift5.2"],
            ("shift7", "shift7.2"),
            ("shift5.2", "shift5"),
            ("shift7.2", "shift7.4", "shift5.3", "shift5.2"),
            None,
        ),
        (["shift7", "real"], ["shift7", "real"], ("shift7", "shift7"), None, None, ("real", "real")),
        (
            ["shift7", "shift5", "real"],
            ["~shift7", "~shift7.2", "~shift7.3", "shift5", "real"],
            ("shift5", "shift5"),
            None,
            None,
            ("real", "real"),
        ),
        (
            ["shift7", "shift5", "real"],
            ["~shift7", "~shift7.2", "~shift7.3", "~shift5", "real"],
            ("real", "real"),
            None,
            None,
            ("real", "real"),
        ),
    ],
)
def test_boots_of_both_sides_meet_by_what_they_are_for(
    first: list[str],
    second: list[str],
    judged: tuple[str, ...],
    split: tuple[str, ...] | None,
    look: tuple[str, ...] | None,
    real: tuple[str, ...] | None,
) -> None:
    (cell,) = pair_traces(attempts(*first), attempts(*second, side="candidate")).paired
    assert tuple(one.attempt for one in cell.judged.sides) == judged
    assert (cell.judged.second and tuple(one.attempt for one in cell.judged.second)) == split
    seen = cell.look and (*cell.look.sides, *(cell.look.second or ()))
    assert (seen and tuple(one.attempt for one in seen)) == look
    assert (cell.real and tuple(one.attempt for one in cell.real.sides)) == real


@pytest.mark.parametrize(
    ("names", "second", "look", "real"),
    [
        (["shift7"], ["shift5"] * 2, [], ["real"] * 2),
        (["shift7", "shift5"], [], ["shift7"] * 2 + ["shift5"] * 2, ["real"] * 2),
        (["shift7", "~shift5", "~shift5.2"], ["shift5"] * 2, [], ["real"] * 2),
        (["shift7", "~shift5", "~shift5.2", "~shift5.3"], [], [], ["real"] * 2),
        (["shift7", "shift5", "shift7.2", "real"], [], ["shift5"] * 2, []),
        (["shift7", "shift5", "~shift7.2", "~shift7.3", "~shift7.4"], [], [], ["real"] * 2),
        (["~shift7", "~shift7.2", "~shift7.3", "real"], ["real"] * 2, [], []),
    ],
)
def test_the_boots_that_are_lacking(names: list[str], second: list[str], look: list[str], real: list[str]) -> None:
    (cell,) = pair_traces(attempts(*names), attempts(*names, side="candidate")).paired
    wanted = cell.want_second(), cell.want_look(), cell.want_real()
    assert [[boot.clock.attempt for boot in boots] for boots in wanted] == [second, look, real]
    assert all({boot.side for boot in boots} == {"baseline", "candidate"} for boots in wanted if boots)


@pytest.mark.parametrize(
    ("first", "clock"),
    [
        (["~shift7", "~shift7.2", "~shift7.3", "shift5"], ["shift5"]),
        (["~shift7", "~shift7.2", "~shift7.3", "~shift5", "real"], ["real"]),
        (["shift7"], []),
    ],
)
def test_sides_that_count_with_two_clocks_meet_at_the_slower_one(first: list[str], clock: list[str]) -> None:
    (cell,) = pair_traces(attempts(*first), attempts("shift7", side="candidate")).paired
    assert [(boot.side, boot.clock.attempt) for boot in cell.want_alike()] == [("candidate", name) for name in clock]
    assert not cell.can_be_split or not clock


def test_only_the_side_that_lacks_a_boot_is_booted() -> None:
    (cell,) = pair_traces(attempts("shift7", "shift5"), attempts("shift7", side="candidate")).paired
    assert [(boot.side, boot.clock.attempt) for boot in cell.want_second()] == [("candidate", "shift5")]


@pytest.mark.parametrize(
    ("names", "is_paired"),
    [(["shift7", "~shift5"], True), (["~shift7"], False), (["~shift7", "~shift7.2", "~shift7.3", "real"], True)],
)
def test_a_cell_whose_rig_broke_meets_another_where_an_attempt_counts(names: list[str], is_paired: bool) -> None:
    traces = attempts(*names)
    pairing = pair_traces(traces, attempts("shift7", side="candidate"), {traces[0].key: "no space"})
    assert len(pairing.paired) == is_paired
    assert (pairing.only_baseline, pairing.only_candidate == ()) == ((), is_paired)


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
