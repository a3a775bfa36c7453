"""What virtual time shows counts only after real time showed it too."""

from dataclasses import replace

import pytest

from bootrig.compare import Answer, Confirmation, Severity, Verdict, compare_traces, find_doubtful, needs_confirmation
from bootrig.compare import confirmation as policy
from bootrig.compare.finding import Value
from bootrig.compare.rules import RULES
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Clock, Trace
from tests.compare.factory import KVM, NICS, REAL, Boot, difference, trace

REQUEST = "from the DHCP answer to the first file request"
PATIENT = {"passed": False, "milestone": "dhcp-ack"}


def late(more_s: float) -> dict[str, float]:
    """Return times of a boot that asks for its file so many seconds later than others."""
    return {"request_s": 3.6 + more_s, "last_byte_s": 4.4 + more_s, "nbp_s": 4.5 + more_s}


def key_of(name: str) -> CellKey:
    scenario, nic, machine = name.split("/")
    return CellKey(scenario, nic, machine, "seabios")


def boot(name: str, **changes: object) -> Trace:
    """Return the boot of a cell `SCENARIO/NIC/MACHINE`."""
    scenario, nic, machine = name.split("/")
    return trace(replace(Boot(scenario=scenario, nic=nic, machine=machine), **changes))  # type: ignore[arg-type]


Boots = dict[str, dict[str, object]]


def compared(virtual: Boots, real: Boots, *, baseline: Boots | None = None, clock: Clock = REAL) -> Verdict:
    """Compare good boots with what the candidate did, in virtual and in real time, by the names of cells.

    Args:
        virtual: what is special of the candidate's boots in virtual time.
        real: what is special of its boots in real time; both sides have those.
        baseline: what is special of the baseline's boots, in virtual and in real time.
        clock: of the boots in real time.
    """
    usual = baseline or {}
    first = [boot(name, **usual.get(name, {})) for name in virtual]
    first += [boot(name, clock=clock, **usual.get(name, {})) for name in real]
    second = [boot(name, **changes) for name, changes in virtual.items()]
    second += [boot(name, clock=clock, **changes) for name, changes in real.items()]
    return compare_traces(first, second)


def names(keys: set[CellKey]) -> set[str]:
    return {f"{key.scenario}/{key.nic_model}/{key.machine}" for key in keys}


def states(verdict: Verdict, rule: str = "stage-times") -> dict[str, Confirmation]:
    """Return what became of the differences of one rule, by cell."""
    found = [entry for entry in (*verdict.differences, *verdict.refuted) if entry.rule == rule]
    return {f"{e.key.scenario}/{e.key.nic_model}/{e.key.machine}": e.confirmation for e in found if e.key}


C, P, R = Confirmation.CONFIRMED, Confirmation.PENDING, Confirmation.REFUTED


@pytest.mark.parametrize(
    ("virtual", "asked"),
    [
        ({"a/e1000/pc": {}, "a/pcnet/pc": {}}, set()),
        # one cell for all NICs, the one with the largest difference
        ({"a/e1000/pc": late(13), "a/pcnet/pc": late(15), "a/rtl8139/pc": late(14)}, {"a/pcnet/pc"}),
        ({"a/e1000/pc": late(15), "a/pcnet/pc": late(13), "a/rtl8139/pc": late(14)}, {"a/e1000/pc"}),
        # one for each scenario and machine
        ({"a/e1000/pc": late(13), "b/e1000/pc": late(13)}, {"a/e1000/pc", "b/e1000/pc"}),
        ({"a/e1000/pc": late(13), "a/e1000/q35": late(13)}, {"a/e1000/pc", "a/e1000/q35"}),
        ({"a/e1000/pc": late(13), "a/pcnet/q35": late(14)}, {"a/e1000/pc", "a/pcnet/q35"}),
        # one for much more than the others
        ({"a/e1000/pc": late(13), "a/pcnet/pc": late(90)}, {"a/e1000/pc", "a/pcnet/pc"}),
        ({"a/e1000/pc": late(13), "a/pcnet/pc": late(20)}, {"a/pcnet/pc"}),
        # what does not depend on the scenario is confirmed in any
        ({"a/e1000/pc": {"first_packet_s": 200.0}, "b/pcnet/pc": {"first_packet_s": 200.0}}, {"b/pcnet/pc"}),
        (
            {"a/e1000/pc": {"first_packet_s": 200.0}, "b/e1000/q35": {"first_packet_s": 200.0}},
            {"a/e1000/pc", "b/e1000/q35"},
        ),
        # two rules: one cell that shows both serves both
        ({"a/e1000/pc": late(13), "a/pcnet/pc": {**late(14), "first_packet_s": 200.0}}, {"a/pcnet/pc"}),
        # every failed cell itself, and it serves the others too
        ({"a/e1000/pc": PATIENT, "a/pcnet/pc": PATIENT}, {"a/e1000/pc", "a/pcnet/pc"}),
        ({"a/e1000/pc": PATIENT, "b/e1000/pc": PATIENT}, {"a/e1000/pc", "b/e1000/pc"}),
        (
            {"a/e1000/pc": {"passed": False, "first_packet_s": 200.0}, "a/pcnet/pc": {"first_packet_s": 201.0}},
            {"a/e1000/pc"},
        ),
        # what virtual time cannot make up
        ({"a/e1000/pc": {"features": "DNS", "bar_length": 1 << 16}}, set()),
    ],
)
def test_cells_are_asked_for(virtual: Boots, asked: set[str]) -> None:
    assert names(needs_confirmation(compared(virtual, {}))) == asked


@pytest.mark.parametrize(
    ("deltas", "sizes"),
    [
        ([6.0, 14.0, 10.0], [3]),
        ([10.0, 17.0], [2]),
        ([10.0, 17.25], [1, 1]),
        ([0.5, 1.25], [2]),
        ([-0.5, 0.75], [1, 1]),
        ([0.5, -0.75], [1, 1]),
        ([-0.5, -1.25, -0.75], [3]),
        ([-90.0, -10.0, 10.0, 90.0], [1, 1, 1, 1]),
    ],
)
def test_one_witness_confirms_about_the_same_size_in_one_direction(deltas: list[float], sizes: list[int]) -> None:
    entries = [difference(rule="stage-times", baseline=100.0, candidate=100.0 + delta) for delta in deltas]
    clusters = policy.iter_clusters(entries)
    assert [len(cluster) for cluster in clusters] == sizes


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ([("DISCOVER", "INFORM"), ("DISCOVER", "INFORM")], 1),
        ([("DISCOVER", "INFORM"), ("DISCOVER", "REQUEST")], 2),
        ([("DISCOVER", "REQUEST"), ("INFORM", "REQUEST")], 2),
        ([(1.0, 2.0), (None, 2.0)], 2),
        ([(None, 2.0), (None, 2.0)], 1),
    ],
)
def test_one_witness_confirms_the_same_words(values: list[tuple[Value, Value]], count: int) -> None:
    entries = [difference(rule="stage-times", baseline=old, candidate=new) for old, new in values]
    assert len(policy.iter_clusters(entries)) == count


def test_slower_and_faster_have_witnesses_of_their_own() -> None:
    baseline: Boots = {"a/e1000/pc": late(13)}
    virtual: Boots = {"a/e1000/pc": {}, "a/pcnet/pc": late(13)}
    assert names(needs_confirmation(compared(virtual, {}, baseline=baseline))) == {"a/e1000/pc", "a/pcnet/pc"}
    verdict = compared(virtual, {"a/pcnet/pc": late(13)}, baseline=baseline)
    assert states(verdict) == {"a/e1000/pc": P, "a/pcnet/pc": C}
    assert names(needs_confirmation(verdict)) == {"a/e1000/pc"}


SLOW_PAIR: Boots = {"a/e1000/pc": late(13), "a/pcnet/pc": late(14)}


@pytest.mark.parametrize(
    ("virtual", "real", "rule", "expected", "asked"),
    [
        # the witness shows it: so does every cell like it
        (SLOW_PAIR, {"a/pcnet/pc": late(13.5)}, "stage-times", {"a/e1000/pc": C, "a/pcnet/pc": C}, set()),
        # by another severity, in the same direction
        (SLOW_PAIR, {"a/pcnet/pc": late(6)}, "stage-times", {"a/e1000/pc": C, "a/pcnet/pc": C}, set()),
        # it does not, or shows the opposite
        (SLOW_PAIR, {"a/pcnet/pc": {}}, "stage-times", {"a/e1000/pc": R}, set()),
        # a cell of another machine or scenario is no witness
        (SLOW_PAIR, {"a/pcnet/q35": {}}, "stage-times", {"a/e1000/pc": P, "a/pcnet/pc": P}, {"a/pcnet/pc"}),
        (
            {"b/e1000/q35": late(13)},
            {"a/pcnet/q35": {}, "b/pcnet/pc": {}},
            "stage-times",
            {"b/e1000/q35": P},
            {"b/e1000/q35"},
        ),
        # a time of real time that virtual time does not know, though it knows others
        (
            {"a/e1000/pc": late(13), "a/pcnet/pc": {}},
            {"a/e1000/pc": {}, "a/pcnet/pc": late(13)},
            "stage-times",
            {"a/pcnet/pc": R},
            set(),
        ),
        (
            {"a/pcnet/pc": late(13), "a/e1000/pc": {}},
            {"a/pcnet/pc": {}, "a/e1000/pc": late(13)},
            "stage-times",
            {"a/e1000/pc": R},
            set(),
        ),
        ({"a/e1000/pc": late(13)}, {"a/e1000/pc": {"first_packet_s": 200.0}}, "start-time", {"a/e1000/pc": R}, set()),
        ({"a/e1000/pc": {"first_packet_s": 200.0}}, {"a/e1000/pc": late(13)}, "stage-times", {"a/e1000/pc": R}, set()),
        # a rule that needs none
        ({}, {"a/e1000/pc": {"bar_length": 1 << 19}}, "rom-bar", {"a/e1000/pc": Confirmation.NOT_NEEDED}, set()),
        (SLOW_PAIR, {"b/pcnet/pc": {}}, "stage-times", {"a/e1000/pc": P, "a/pcnet/pc": P}, {"a/pcnet/pc"}),
        # a cell that ran in real time only is one
        (SLOW_PAIR, {"a/rtl8139/pc": {}}, "stage-times", {"a/e1000/pc": R, "a/pcnet/pc": R}, set()),
        (
            SLOW_PAIR,
            {"a/rtl8139/pc": late(13)},
            "stage-times",
            {"a/e1000/pc": C, "a/pcnet/pc": C, "a/rtl8139/pc": C},
            set(),
        ),
        # a cell that was good in virtual time is none
        (
            {**SLOW_PAIR, "a/rtl8139/pc": {}},
            {"a/rtl8139/pc": {}},
            "stage-times",
            {"a/e1000/pc": P, "a/pcnet/pc": P},
            {"a/pcnet/pc"},
        ),
        # unless it was disturbed there
        (
            {**SLOW_PAIR, "a/rtl8139/pc": {"disturbed": 2}},
            {"a/rtl8139/pc": {}},
            "stage-times",
            {"a/e1000/pc": R, "a/pcnet/pc": R},
            set(),
        ),
        # outcomes: its own cell, always
        ({"a/e1000/pc": PATIENT}, {"a/e1000/pc": PATIENT}, "outcome", {"a/e1000/pc": C}, set()),
        ({"a/e1000/pc": PATIENT}, {"a/e1000/pc": {}}, "outcome", {}, set()),
        ({"a/e1000/pc": PATIENT}, {"a/pcnet/pc": {}}, "outcome", {"a/e1000/pc": P}, {"a/e1000/pc"}),
        (
            {"a/e1000/pc": PATIENT},
            {"a/pcnet/pc": PATIENT},
            "outcome",
            {"a/e1000/pc": P, "a/pcnet/pc": C},
            {"a/e1000/pc"},
        ),
        (
            {"a/e1000/pc": PATIENT, "a/pcnet/pc": PATIENT},
            {"a/pcnet/pc": {}},
            "outcome",
            {"a/e1000/pc": P},
            {"a/e1000/pc"},
        ),
        (
            {"a/e1000/pc": PATIENT, "a/pcnet/pc": PATIENT},
            {"a/pcnet/pc": PATIENT},
            "outcome",
            {"a/e1000/pc": P, "a/pcnet/pc": C},
            {"a/e1000/pc"},
        ),
        (
            {"a/e1000/pc": PATIENT},
            {"a/e1000/q35": {}, "b/e1000/pc": {}},
            "outcome",
            {"a/e1000/pc": P},
            {"a/e1000/pc"},
        ),
    ],
)
@pytest.mark.parametrize("clock", [REAL, KVM], ids=["real", "kvm"])
def test_real_time_confirms_and_refutes(
    virtual: Boots, real: Boots, rule: str, expected: dict[str, Confirmation], asked: set[str], clock: Clock
) -> None:
    verdict = compared(virtual, real, clock=clock)
    assert states(verdict, rule) == expected
    assert names(needs_confirmation(verdict)) == asked


def test_faster_in_real_time_does_not_confirm_slower() -> None:
    baseline: Boots = {"a/pcnet/pc": late(13)}
    first = [boot("a/e1000/pc"), boot("a/pcnet/pc"), boot("a/pcnet/pc", clock=REAL, **baseline["a/pcnet/pc"])]
    second = [boot("a/e1000/pc", **late(13)), boot("a/pcnet/pc", **late(13)), boot("a/pcnet/pc", clock=REAL)]
    verdict = compare_traces(first, second)
    assert states(verdict) == {"a/e1000/pc": R, "a/pcnet/pc": R}


def test_a_failure_that_is_not_confirmed_counts_as_a_change_at_most() -> None:
    verdict = compared({"a/e1000/pc": PATIENT, "b/e1000/pc": {}}, {"a/pcnet/pc": {}})
    assert verdict.answer is Answer.COMPATIBLE_WITH_CHANGES
    assert [entry.rule for entry in verdict.of_severity(Severity.CHANGE)] == ["outcome"]
    assert verdict.regressions == ()


def test_a_failure_of_virtual_time_that_passes_in_real_time_is_nothing() -> None:
    verdict = compared({"a/e1000/pc": PATIENT, "a/pcnet/pc": {}}, {"a/e1000/pc": {}})
    assert verdict.differences == ()
    assert verdict.identical


def test_the_rounds_of_a_comparison_come_to_an_end() -> None:
    virtual: Boots = {f"{scenario}/{nic}/pc": late(13) for scenario in ("a", "b") for nic in NICS}
    asked = names(needs_confirmation(compared(virtual, {})))
    assert len(asked) == 2
    confirmed = compared(virtual, {name: late(13) for name in asked})
    assert needs_confirmation(confirmed) == set()
    assert len(confirmed.regressions) == 16
    refuted = compared(virtual, {name: {} for name in asked})
    assert needs_confirmation(refuted) == set()
    assert refuted.identical
    assert len(refuted.refuted) == 14


def test_what_is_waived_needs_no_confirmation() -> None:
    verdict = compared({"a/e1000/pc": PATIENT}, {})
    waived = replace(verdict, differences=tuple(replace(one, waiver="known") for one in verdict.differences))
    assert needs_confirmation(waived) == set()


def test_a_loaded_host_does_not_make_boots_slow_that_were_not_in_virtual_time() -> None:
    verdict = compared({"a/e1000/pc": {}}, {"a/e1000/pc": late(13)})
    assert verdict.differences == ()
    assert [entry.finding.subject for entry in verdict.refuted] == [REQUEST]


@pytest.mark.parametrize("virtual", [{}, {"a/e1000/pc": {"disturbed": 1}}, {"a/e1000/pc": late(14)}])
def test_a_time_of_real_time_counts_where_virtual_time_does_not_contradict(virtual: Boots) -> None:
    verdict = compared(virtual, {"a/e1000/pc": late(13)})
    assert states(verdict) == {"a/e1000/pc": C}


def test_where_one_side_was_booted_in_real_time_only_its_boot_there_counts() -> None:
    first = [boot("a/e1000/pc")]
    second = [boot("a/e1000/pc", **PATIENT), boot("a/e1000/pc", clock=REAL)]
    assert compare_traces(first, second).differences == ()
    (lost,) = compare_traces(first, [boot("a/e1000/pc"), boot("a/e1000/pc", clock=REAL, **PATIENT)]).differences
    assert (lost.rule, lost.confirmation) == ("outcome", C)
    (won,) = compare_traces([boot("a/e1000/pc"), boot("a/e1000/pc", clock=REAL, **PATIENT)], first).differences
    assert won.confirmation is C


def test_in_real_time_only_nothing_has_to_be_confirmed() -> None:
    verdict = compared({}, {"a/e1000/pc": late(13), "b/e1000/pc": PATIENT})
    assert len(verdict.regressions) == 2
    assert {entry.confirmation for entry in verdict.regressions} == {C}
    assert needs_confirmation(verdict) == set()


def test_a_witness_has_to_have_seen_what_the_rule_looks_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def reached_file(seen: Trace) -> bool:
        return seen.outcome.milestone == "nbp-entered"

    real: Boots = {"a/pcnet/pc": {"milestone": "dhcp-ack"}}
    assert states(compared(SLOW_PAIR, real)) == {"a/e1000/pc": R}
    demanding = dict(RULES) | {"stage-times": replace(RULES["stage-times"], witnesses=reached_file)}
    monkeypatch.setattr(policy, "RULES", demanding)
    verdict = compared(SLOW_PAIR, real)
    assert states(verdict) == {"a/e1000/pc": P}
    assert names(needs_confirmation(verdict)) == {"a/e1000/pc"}


@pytest.mark.parametrize(
    ("changes", "doubtful"),
    [
        ({}, False),
        ({"passed": False}, True),
        ({"disturbed": 1}, True),
        ({"passed": False, "clock": REAL}, False),
        ({"disturbed": 3, "clock": KVM}, False),
    ],
)
def test_boots_in_virtual_time_that_failed_or_were_disturbed_are_doubtful(
    changes: dict[str, object], doubtful: bool
) -> None:
    good = boot("a/e1000/pc")
    assert find_doubtful([good, boot("a/pcnet/q35", **changes)]) == ({key_of("a/pcnet/q35")} if doubtful else set())
