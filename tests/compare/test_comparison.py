"""Whole comparisons: baseline, candidate and what the verdict says."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from bootrig.compare import Answer, CellState, Confirmation, Difference, FailOn, Severity, Verdict, compare_traces
from bootrig.errors import BUG_WORDS, INPUT_WORDS, ExitStatus
from bootrig.report.sentences import format_finding
from bootrig.trace.names import CellKey
from bootrig.trace.trace import ClockKind, EmulatorEvidence, Trace
from tests.compare.factory import NICS, REAL, SCENARIOS, VIRTUAL, Boot, dhcp, difference, http_request, trace
from tests.compare.loop import compare_again

NICS_3 = NICS[:3]


def boots(rom_set: str, nics: tuple[str, ...] = NICS_3, **changes: object) -> list[Trace]:
    return [
        trace(replace(Boot(scenario=scenario, nic=nic, rom_set=rom_set), **changes))  # type: ignore[arg-type]
        for scenario, nic in product(SCENARIOS, nics)
    ]


def subjects(differences: tuple[Difference, ...]) -> list[str]:
    return [entry.finding.subject for entry in differences]


def test_equal_boots_are_identical() -> None:
    verdict = compare_again(boots("one"), boots("two", first_packet_s=4.4, request_s=4.0))
    assert verdict.identical
    assert not replace(verdict, broken={verdict.cells[0].key: "no space"}).identical
    assert verdict.answer is Answer.COMPATIBLE
    assert (verdict.baseline, verdict.candidate) == ("one", "two")
    assert {cell.state for cell in verdict.cells} == {CellState.SAME}


def test_a_failed_cell_is_a_regression_and_its_cell_says_so() -> None:
    candidate = boots("two")
    candidate[4] = trace(Boot(scenario="no-boot-file", nic="e1000e", rom_set="two", passed=False, clock=REAL))
    verdict = compare_again(boots("one"), candidate)
    assert verdict.answer is Answer.NOT_COMPATIBLE
    assert not verdict.identical
    assert [entry.rule for entry in verdict.regressions] == ["outcome"]
    states = {cell.key: cell.state for cell in verdict.cells}
    assert states.pop(CellKey("no-boot-file", "e1000e", "pc", "seabios")) is CellState.REGRESSED
    assert set(states.values()) == {CellState.SAME}


def test_a_cell_tells_which_boots_were_compared() -> None:
    first, second = trace(Boot(scenario="grub")), trace(Boot(scenario="grub", clock=REAL))
    (cell,) = compare_traces([first], [second]).cells
    assert cell.baseline is not None
    assert cell.candidate is not None
    assert (cell.baseline.attempt, cell.baseline.clock) == ("shift7", ClockKind.VIRTUAL)
    assert (cell.candidate.attempt, cell.candidate.clock) == ("real", ClockKind.REAL)
    assert cell.candidate.directory == second.directory


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
    verdict = compare_again(boots("one"), boots("two", **changes))
    assert {cell.state for cell in verdict.cells} == {state}


def test_cells_that_fail_with_both_are_marked_and_prove_nothing() -> None:
    verdict = compare_traces(boots("one", passed=False), boots("one", passed=False))
    assert {cell.state for cell in verdict.cells} == {CellState.BOTH_FAILED}
    assert verdict.differences == ()
    assert verdict.answer is Answer.NOTHING_PROVEN
    assert not verdict.identical


def test_a_nic_that_is_not_covered_any_more_is_a_regression() -> None:
    verdict = compare_traces(boots("one"), boots("two", nics=NICS_3[:2]))
    assert [entry.id for entry in verdict.regressions] == ["coverage@*:i82559er"]
    sentence = format_finding(verdict.regressions[0].finding)
    assert "the candidate has no ROM for the NIC i82559er, the baseline boots with it" in sentence
    assert len(verdict.not_compared) == len(SCENARIOS)
    assert verdict.not_compared[0].explanation == "the candidate has no boot with the NIC i82559er"


def test_a_nic_that_is_new_is_an_improvement() -> None:
    verdict = compare_traces(boots("one", nics=NICS_3[:2]), boots("two"))
    assert verdict.answer is Answer.COMPATIBLE
    assert subjects(verdict.of_severity(Severity.IMPROVEMENT)) == ["i82559er"]
    assert CellState.ONLY_CANDIDATE in {cell.state for cell in verdict.cells}


@pytest.mark.parametrize("nics", [NICS_3, NICS_3[:1]], ids=["three", "one"])
def test_nics_that_only_the_baseline_has_are_regressions_though_no_cell_is_compared(nics: tuple[str, ...]) -> None:
    verdict = compare_traces(boots("one", nics=nics), [])
    assert subjects(verdict.regressions) == list(nics)
    assert verdict.answer is Answer.NOT_COMPATIBLE


def test_a_nic_that_never_worked_is_no_loss() -> None:
    lost = [trace(Boot(nic="i82559er", passed=False)), *boots("one", nics=NICS_3[:2])]
    verdict = compare_traces(lost, boots("two", nics=NICS_3[:2]))
    assert verdict.differences == ()
    assert verdict.answer is Answer.COMPATIBLE
    assert not verdict.identical
    assert len(verdict.not_compared) == 1


def test_a_nic_whose_rig_broke_is_no_loss() -> None:
    candidate = [entry for entry in boots("two") if entry.key.nic_model != "i82559er"]
    key = CellKey("grub", "i82559er", "pc", "seabios")
    verdict = compare_traces(boots("one"), candidate, broken={key: "no space"})
    assert verdict.regressions == ()
    assert {cell.key: cell.state for cell in verdict.cells}[key] is CellState.BROKEN
    assert (verdict.counts.broken, verdict.counts.only_one_side) == (1, len(SCENARIOS) - 1)
    explanations = {entry.key: entry.explanation for entry in verdict.not_compared}
    assert explanations.pop(key) == "the rig broke: no space"
    assert set(explanations.values()) == {"the candidate has no boot of this cell"}


def test_a_cell_whose_rig_broke_on_both_sides_is_in_the_matrix() -> None:
    key = CellKey("more", "e1000", "pc", "seabios")
    verdict = compare_traces(boots("one"), boots("two"), broken={key: "no space"})
    (cell,) = (cell for cell in verdict.cells if cell.key == key)
    assert (cell.state, cell.baseline, cell.candidate) == (CellState.BROKEN, None, None)
    assert verdict.answer is Answer.COMPATIBLE
    assert not verdict.identical


@pytest.mark.parametrize(
    ("first", "second", "compared", "passed"),
    [
        (True, True, True, True),
        (True, False, True, False),
        (False, True, True, False),
        (True, None, False, False),
        (None, True, False, False),
    ],
)
def test_a_cell_knows_what_it_has(first: bool | None, second: bool | None, compared: bool, passed: bool) -> None:
    sides = [[] if one is None else [trace(Boot(passed=one))] for one in (first, second)]
    (cell,) = compare_traces(*sides).cells
    assert (cell.is_compared, cell.passed_on_both_sides) == (compared, passed)


def test_a_single_missing_cell_is_explained() -> None:
    verdict = compare_traces(boots("one"), boots("two")[1:])
    assert verdict.answer is Answer.COMPATIBLE
    assert not verdict.identical
    (entry,) = verdict.not_compared
    assert entry.explanation == "the candidate has no boot of this cell"
    (other,) = compare_traces(boots("one")[1:], boots("two")).not_compared
    assert other.explanation == "the baseline has no boot of this cell"


def bad(**changes: object) -> Difference:
    return difference(severity=Severity.REGRESSION, **changes)


@pytest.mark.parametrize(
    ("passed", "differences", "answer", "status"),
    [
        (True, (), Answer.COMPATIBLE, ExitStatus.GOOD),
        (True, (difference(severity=Severity.INFO),), Answer.COMPATIBLE, ExitStatus.GOOD),
        (True, (difference(),), Answer.COMPATIBLE_WITH_CHANGES, ExitStatus.GOOD),
        (True, (difference(waiver="known"),), Answer.COMPATIBLE, ExitStatus.GOOD),
        (True, (difference(), bad()), Answer.NOT_COMPATIBLE, ExitStatus.BAD),
        (True, (bad(waiver="known"),), Answer.COMPATIBLE, ExitStatus.GOOD),
        (False, (), Answer.NOTHING_PROVEN, ExitStatus.BROKEN),
        (False, (difference(),), Answer.NOTHING_PROVEN, ExitStatus.BROKEN),
        (False, (bad(),), Answer.NOT_COMPATIBLE, ExitStatus.BAD),
        (False, (bad(waiver="known"),), Answer.NOTHING_PROVEN, ExitStatus.BROKEN),
    ],
)
def test_the_answer_is_the_first_word_that_fits(
    passed: bool, differences: tuple[Difference, ...], answer: Answer, status: ExitStatus
) -> None:
    boot = trace(Boot(passed=passed))
    verdict = replace(compare_traces([boot], [boot]), differences=differences)
    assert (verdict.answer, verdict.status) == (answer, status)
    assert verdict.identical is (passed and not differences)


def broken_beside(*differences: Difference, how: str = "no space") -> Verdict:
    boot = trace(Boot())
    verdict = compare_traces([boot], [boot], broken={CellKey("grub", "e1000", "pc", "seabios"): how})
    return replace(verdict, differences=differences)


def test_a_broken_cell_makes_a_good_verdict_prove_nothing_and_takes_no_regression_back() -> None:
    assert broken_beside().answer is Answer.COMPATIBLE
    assert broken_beside().status is ExitStatus.BROKEN
    assert broken_beside(difference()).status is ExitStatus.BROKEN
    assert broken_beside(bad()).status is ExitStatus.BAD
    assert broken_beside(bad(waiver="known")).status is ExitStatus.BROKEN
    assert replace(broken_beside(difference()), fail_on=FailOn.CHANGE).status is ExitStatus.BAD
    assert replace(broken_beside(), fail_on=FailOn.CHANGE).status is ExitStatus.BROKEN
    assert broken_beside(bad(), how=f"{BUG_WORDS}: KeyError: 'x'").status is ExitStatus.BROKEN


def test_a_cell_with_wrong_input_is_told_beside_the_others() -> None:
    how = f"{INPUT_WORDS}: mine: console[0].pattern: does not end"
    verdict = broken_beside(how=how)
    assert [cell.state for cell in verdict.cells] == [CellState.WRONG_INPUT, CellState.SAME]
    assert [entry.explanation for entry in verdict.not_compared] == [how]
    assert (verdict.counts.broken, verdict.counts.wrong_input) == (0, 1)
    assert (verdict.answer, verdict.status) == (Answer.COMPATIBLE, ExitStatus.INPUT)
    assert broken_beside(bad(), how=how).status is ExitStatus.INPUT


@pytest.mark.parametrize(
    ("fail_on", "differences", "status"),
    [
        (FailOn.REGRESSION, (difference(),), ExitStatus.GOOD),
        (FailOn.CHANGE, (difference(),), ExitStatus.BAD),
        (FailOn.CHANGE, (difference(waiver="known"),), ExitStatus.GOOD),
        (FailOn.CHANGE, (difference(severity=Severity.INFO),), ExitStatus.GOOD),
        (FailOn.CHANGE, (bad(),), ExitStatus.BAD),
        (FailOn.CHANGE, (bad(confirmation=Confirmation.PENDING),), ExitStatus.BAD),
        (FailOn.REGRESSION, (bad(confirmation=Confirmation.PENDING),), ExitStatus.GOOD),
    ],
)
def test_a_change_ends_badly_where_it_is_asked_for(
    fail_on: FailOn, differences: tuple[Difference, ...], status: ExitStatus
) -> None:
    boot = trace(Boot())
    assert replace(compare_traces([boot], [boot]), differences=differences, fail_on=fail_on).status is status


def test_that_one_emulator_was_tried_is_told_where_nobody_chose_it() -> None:
    def on(name: str, version: str) -> Trace:
        key = CellKey("pxe-tftp", "e1000", "pc", "seabios", name)
        return structs.replace(trace(Boot()), cell=str(key), emulator=EmulatorEvidence(version=version))

    told = "tried with QEMU 7.2.22 only; --emulator names others"
    host, other = on("host", "7.2.22"), on("qemu-11", "11.1.0")
    assert compare_traces([host], [host]).notes == (told,)
    assert compare_traces([other], [other]).notes == ()
    assert compare_traces([host, other], [host, other]).notes == ()
    assert compare_traces([host], []).notes == ()


def test_what_the_rig_added_is_told_once() -> None:
    first, second = (structs.replace(trace(Boot()), added=added) for added in (("tap", "a"), ("tap", "b")))
    assert compare_traces([first], [second]).added == ("tap", "a", "b")
    assert compare_traces([first], []).added == ()


def test_where_no_cell_was_compared_nothing_is_proven() -> None:
    assert compare_traces([], []).answer is Answer.NOTHING_PROVEN
    assert compare_traces([], boots("two")).answer is Answer.NOTHING_PROVEN


def test_cells_are_counted() -> None:
    first = [*boots("one"), trace(Boot(scenario="more")), trace(Boot(scenario="bad", passed=False))]
    second = [*boots("two"), trace(Boot(scenario="bad", passed=False))]
    counts = compare_traces(first, second).counts
    assert (counts.all, counts.passed_on_both_sides, counts.works_with_neither) == (20, 18, 1)
    assert (counts.only_one_side, counts.broken) == (1, 0)


def test_what_follows_from_a_failure_is_not_told_again() -> None:
    http = [http_request()]
    failed = {"passed": False, "clock": REAL, "tftp": (), "nbp_s": None}
    verdict = compare_traces(boots("one", http=http), boots("two", **failed))
    assert {entry.rule for entry in verdict.differences} == {"outcome"}


times = st.floats(0.1, 90.0, allow_nan=False)
made_boots = st.builds(
    Boot,
    scenario=st.sampled_from(SCENARIOS),
    nic=st.sampled_from(NICS),
    clock=st.sampled_from((VIRTUAL, REAL)),
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
    assert verdict.identical is any(cell.passed_on_both_sides for cell in verdict.cells)


@settings(deadline=None, max_examples=60)
@given(made_traces, made_traces)
def test_swapping_sides_turns_improvements_into_regressions(first: list[Trace], second: list[Trace]) -> None:
    there, back = compare_traces(first, second), compare_traces(second, first)
    for rules in ({"outcome"}, {"coverage"}):
        gained, lost = (
            [entry.id for entry in verdict.differences if entry.finding.severity is severity and entry.rule in rules]
            for verdict, severity in ((there, Severity.IMPROVEMENT), (back, Severity.REGRESSION))
        )
        assert gained == lost
    slower, faster = (
        {entry.id for entry in verdict.differences if entry.rule == "file-time"} for verdict in (there, back)
    )
    assert slower == faster


@settings(deadline=None, max_examples=60)
@given(made_boots, made_boots)
def test_any_two_boots_compare_and_every_difference_reads(first: Boot, second: Boot) -> None:
    verdict = compare_traces([trace(first)], [trace(replace(second, scenario=first.scenario, nic=first.nic))])
    for entry in verdict.differences:
        sentence = format_finding(entry.finding)
        assert sentence
        assert "{baseline}" not in sentence
        assert "{candidate}" not in sentence
        assert entry.finding.baseline != entry.finding.candidate


def assert_unique(verdict: Verdict) -> None:
    names = [entry.id for entry in (*verdict.differences, *verdict.refuted)]
    assert sorted(names) == sorted(set(names))


@settings(deadline=None, max_examples=100)
@given(made_traces, made_traces)
def test_no_two_differences_have_one_name(first: list[Trace], second: list[Trace]) -> None:
    assert_unique(compare_traces(first, second))


def test_what_differs_in_one_message_or_file_in_another_way_has_another_name() -> None:
    files = ("a", "b", "c")
    sizes, other = ("512", "1024", "1428"), ("600", "700", "800")
    first, second = (
        Boot(
            tftp=[(name, (("blksize", size),), 40000 + extra) for name, size in zip(files, chosen, strict=True)],
            options={12: "00", 57: "0240", 61: "01aa", 175: "130101", 60: "41", 55: "0103"},
            request_options={
                12: request,
                57: f"05{request}",
                61: "02bb" + request,
                60: request * 2,
                55: "06" + request,
            },
            http=[http_request({"Host": host}, target=f"/{name}") for name in files],
            features=features,
        )
        for chosen, extra, request, host, features in (
            (sizes, 0, "41", "one", "DNS DNS NBI"),
            (other, 9, "42", "two", "HTTP HTTP"),
        )
    )
    second = replace(
        second,
        options={12: "01", 57: "0250", 61: "02aa", 175: "130102", 60: "42", 55: "0106"},
        http=[http_request({"Host": name, "User-Agent": name}, target=f"/{name}") for name in files],
        other=[dhcp(90.0, "inform", {60: "43"})],
    )
    verdict = compare_traces([trace(first)], [trace(second)])
    assert_unique(verdict)
    names = {entry.id.partition("/host:")[2] for entry in verdict.differences}
    assert {"vendor class in DISCOVER", "vendor class in REQUEST", "TFTP options of b", "bytes of c"} <= names
    assert {"host name (12) in DISCOVER", "HTTP header Host of GET /b", "option 175, HTTP (19) in DISCOVER"} <= names
