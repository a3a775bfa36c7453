"""Whole comparisons: baseline, candidate and what the verdict says."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.compare import CellState, Severity, compare_traces
from bootrig.compare.registry import RULES, rule
from bootrig.compare.rules.outcome import check_outcome
from bootrig.trace.trace import CellKey, OutcomeStatus, TimeMode, Trace
from tests.compare.factory import NICS, SCENARIOS, Boot, http_request, trace

NICS_3 = NICS[:3]


def boots(rom_set: str, nics: tuple[str, ...] = NICS_3, **changes: object) -> list[Trace]:
    return [
        trace(replace(Boot(scenario=scenario, nic=nic, rom_set=rom_set), **changes))  # type: ignore[arg-type]
        for scenario, nic in product(SCENARIOS, nics)
    ]


def test_equal_boots_are_identical() -> None:
    verdict = compare_traces(boots("one"), boots("two", first_packet_s=71.0, request_s=4.0))
    assert verdict.identical
    assert verdict.compatible
    assert (verdict.baseline, verdict.candidate) == ("one", "two")
    assert {cell.state for cell in verdict.cells} == {CellState.SAME}


def test_a_failed_cell_is_a_regression_and_its_cell_says_so() -> None:
    candidate = boots("two")
    candidate[4] = trace(
        Boot(scenario="no-boot-file", nic="e1000e", rom_set="two", passed=False, time_mode=TimeMode.REAL)
    )
    verdict = compare_traces(boots("one"), candidate)
    assert not verdict.compatible
    assert not verdict.identical
    assert [entry.rule for entry in verdict.regressions] == ["outcome"]
    states = {cell.key: cell.state for cell in verdict.cells}
    assert states.pop(CellKey("no-boot-file", "e1000e", "pc", "seabios")) is CellState.REGRESSED
    assert set(states.values()) == {CellState.SAME}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"features": "DNS"}, CellState.CHANGED),
        ({"features": "DNS HTTP HTTPS iSCSI TFTP PXE bzImage Menu"}, CellState.IMPROVED),
        ({"version": "2.0"}, CellState.NOTED),
        ({"bar_length": 1 << 19}, CellState.REGRESSED),
        ({}, CellState.SAME),
    ],
)
def test_a_cell_is_as_bad_as_its_worst_difference(changes: dict[str, object], state: CellState) -> None:
    verdict = compare_traces(boots("one"), boots("two", **changes))
    assert {cell.state for cell in verdict.cells} == {state}


def test_cells_that_fail_with_both_are_marked_and_are_no_difference() -> None:
    verdict = compare_traces(boots("one", passed=False), boots("one", passed=False))
    assert {cell.state for cell in verdict.cells} == {CellState.BOTH_FAILED}
    assert verdict.identical


def test_a_nic_that_is_not_covered_any_more_is_a_regression() -> None:
    verdict = compare_traces(boots("one"), boots("two", nics=NICS_3[:2]))
    assert {entry.subject for entry in verdict.regressions} == {"NIC i82559er"}
    assert (
        "the candidate has no ROM for the NIC i82559er, the baseline boots with it" in verdict.regressions[0].sentence
    )
    assert len(verdict.not_compared) == len(SCENARIOS)
    assert verdict.not_compared[0].explanation == "the candidate has no boot with the NIC i82559er"


def test_a_nic_that_is_new_is_an_improvement() -> None:
    verdict = compare_traces(boots("one", nics=NICS_3[:2]), boots("two"))
    assert verdict.compatible
    assert {entry.subject for entry in verdict.of_severity(Severity.IMPROVEMENT)} == {"NIC i82559er"}
    assert CellState.ONLY_CANDIDATE in {cell.state for cell in verdict.cells}


def test_a_nic_that_never_worked_is_no_loss() -> None:
    lost = [trace(Boot(nic="i82559er", passed=False)), *boots("one", nics=NICS_3[:2])]
    verdict = compare_traces(lost, boots("two", nics=NICS_3[:2]))
    assert verdict.compatible
    assert len(verdict.not_compared) == 1


def test_a_single_missing_cell_is_explained() -> None:
    verdict = compare_traces(boots("one"), boots("two")[1:])
    assert verdict.compatible
    assert not verdict.identical
    (entry,) = verdict.not_compared
    assert (entry.present, entry.explanation) == ("baseline", "the candidate has no boot of this cell")


def test_nothing_compared_is_not_compatible() -> None:
    assert not compare_traces([], []).compatible
    assert not compare_traces(boots("one"), []).compatible
    assert not compare_traces([], boots("two")).compatible


def test_what_follows_from_a_failure_is_not_told_again() -> None:
    http = [http_request()]
    failed = {"passed": False, "time_mode": TimeMode.REAL, "tftp": (), "nbp_s": None}
    verdict = compare_traces(boots("one", http=http), boots("two", **failed))
    assert {entry.rule for entry in verdict.differences} == {"outcome"}


def test_rules_have_names_and_descriptions() -> None:
    assert len(RULES) >= 30
    for name, entry in RULES.items():
        assert entry.name == name
        assert entry.description.strip().splitlines()[0].rstrip(".").strip()


def test_the_registry_refuses_a_taken_name_and_a_missing_docstring() -> None:
    with pytest.raises(ValueError, match="there is a rule outcome already"):
        rule("outcome")(check_outcome)
    with pytest.raises(ValueError, match="the rule silent has no docstring"):
        rule("silent")(lambda pair: iter(()))


times = st.floats(0.1, 90.0, allow_nan=False)
made_boots = st.builds(
    Boot,
    scenario=st.sampled_from(SCENARIOS),
    nic=st.sampled_from(NICS),
    time_mode=st.sampled_from(TimeMode),
    passed=st.booleans(),
    milestone=st.sampled_from(("", "dhcp-ack", "nbp-entered")),
    bar_length=st.sampled_from((0, 1 << 16, 1 << 18)),
    product=st.sampled_from(("gPXE", "iPXE")),
    features=st.lists(st.sampled_from(("DNS", "HTTP", "ELLF", "NBI")), max_size=4).map(" ".join),
    options=st.dictionaries(st.integers(1, 254), st.binary(max_size=8).map(bytes.hex), max_size=9),
    secs=st.lists(st.integers(0, 99), max_size=3),
    first_packet_s=times,
    ack_s=times,
    request_s=times,
    last_byte_s=times,
    nbp_s=st.none() | times,
    disk_s=st.none() | times,
    console=st.none() | st.text(max_size=60),
    http=st.lists(st.builds(http_request, version=st.sampled_from(("HTTP/1.0", "HTTP/1.1"))), max_size=2),
)
made_traces = st.lists(made_boots.map(trace), min_size=1, max_size=6)


@settings(deadline=None, max_examples=60)
@given(made_traces)
def test_whatever_is_compared_with_itself_is_identical(traces: list[Trace]) -> None:
    verdict = compare_traces(traces, traces)
    assert verdict.differences == ()
    assert verdict.identical


@settings(deadline=None, max_examples=60)
@given(made_traces, made_traces)
def test_swapping_sides_turns_improvements_into_regressions(first: list[Trace], second: list[Trace]) -> None:
    there, back = compare_traces(first, second), compare_traces(second, first)
    for rules in ({"outcome"}, {"coverage"}):
        gained, lost = (
            [entry.key for entry in verdict.of_severity(severity) if entry.rule in rules]
            for verdict, severity in ((there, Severity.IMPROVEMENT), (back, Severity.REGRESSION))
        )
        assert gained == lost
    slower, faster = (
        {
            (entry.key, entry.subject)
            for entry in verdict.differences
            if entry.unit == "s" and entry.rule == "stage-times"
        }
        for verdict in (there, back)
    )
    assert slower == faster


@settings(deadline=None, max_examples=60)
@given(made_boots, made_boots)
def test_any_two_boots_compare_and_every_difference_reads(first: Boot, second: Boot) -> None:
    verdict = compare_traces([trace(first)], [trace(replace(second, scenario=first.scenario, nic=first.nic))])
    for entry in verdict.differences:
        assert entry.sentence
        assert "{baseline}" not in entry.sentence
        assert "{candidate}" not in entry.sentence
        assert entry.baseline != entry.candidate


def test_passing_needs_both_sides() -> None:
    verdict = compare_traces(boots("one"), boots("two"))
    assert all(cell.baseline == cell.candidate == OutcomeStatus.PASSED.value for cell in verdict.cells)
