"""Waits and work of guests: what counts as the same, what needs a second clock, and findings as wholes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bootrig.compare import Finding, Severity, comes_back, compare_traces
from bootrig.compare.pairing import CellPair
from bootrig.compare.rules import RULES
from bootrig.compare.rules.stages import REAL_TOLERANCES, RealTolerance
from bootrig.compare.tolerance import TOLERANCE, Tolerance
from bootrig.report.sentences import format_finding
from bootrig.trace.events import TftpTransfer
from bootrig.trace.reading.stages import Stage
from bootrig.trace.trace import Clock, ClockKind, Trace
from tests.compare.factory import REAL, VIRTUAL, Boot, trace

Part = tuple[float, float]  # seconds of waiting, millions of instructions
FIVE = Clock(ClockKind.VIRTUAL, 5)
RULE_NAMES = ("start-time", "dhcp-time", "file-time", "boot-time")


@dataclass(frozen=True)
class Guest:
    """A guest by what it waits and works in each stage."""

    start: Part = (2.0, 36.0)
    address: Part = (3.0, 0.0)
    request: Part = (0.0, 1.0)
    files: Part = (0.0, 0.0)
    nbp: Part | None = (0.0, 37.0)
    disk: Part | None = None
    has_file: bool = True
    discovers: bool = True
    blocks: int = 1
    disturbed: int = 0

    def boot(self, clock: Clock) -> Trace:
        """Return its boot with a clock."""
        instruction_s = 2.0 ** (clock.shift or 0) * 1e-3 if clock.is_virtual else 2e-3  # for a million

        def last(part: Part | None) -> float:
            return 0.0 if part is None else part[0] + part[1] * instruction_s

        request_s = last(self.address)
        asked_s = request_s + 0.125 + last(self.request)
        done_s = asked_s + 0.5 + last(self.files)
        end_s = done_s if self.has_file else request_s + 0.125
        boot = Boot(
            clock=clock,
            disturbed=self.disturbed,
            first_packet_s=last(self.start),
            messages=((0.0, "discover"), (request_s, "request")) if self.discovers else ((0.0, "request"),),
            ack_s=request_s + 0.125,
            request_s=asked_s,
            last_byte_s=done_s,
            nbp_s=None if self.nbp is None else end_s + last(self.nbp),
            disk_s=None if self.disk is None else end_s + last(self.disk),
            tftp=(("nbp.0", (), 512 * self.blocks - 1),) if self.has_file else (),
        )
        made = trace(boot)
        share_s = last(self.files)
        wire = (
            structs.replace(event, share_guest_s=share_s) if isinstance(event, TftpTransfer) else event
            for event in made.wire
        )
        return structs.replace(made, wire=tuple(wire))


def pair(
    first: Guest,
    second: Guest,
    clocks: tuple[Clock, ...] = (VIRTUAL, FIVE),
    *,
    tolerance: Tolerance = TOLERANCE,
    again: Guest | None = None,
) -> CellPair:
    """Return the boots of two guests at one clock or two; at the second one the candidate may be `again` instead."""
    traces = [(first.boot(clock), (second if number == 0 else again or second).boot(clock))
              for number, clock in enumerate(clocks)]  # fmt: skip
    return CellPair(traces[0][0].key, *traces[0], traces[1] if len(clocks) > 1 else None, tolerance)


def find(cells: CellPair, *names: str) -> list[Finding]:
    found: list[Finding] = []
    for name in names or RULE_NAMES:
        check: Callable[..., object] = RULES[name].check
        found += [finding for _, finding in check([cells])]  # type: ignore[attr-defined]
    return found


def sentences(cells: CellPair, *names: str) -> list[tuple[Severity, str]]:
    return [(finding.severity, format_finding(finding)) for finding in find(cells, *names)]


WAIT, LONGER = "users wait, and a supervisor with a time limit for the start may give up", "boots take longer"
PLAIN = Guest()
NO_FILE = Guest(has_file=False, nbp=None, disk=(2.0, 0.5))


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (PLAIN, PLAIN, []),
        # a prompt of eight seconds: the same instructions
        (PLAIN, Guest(start=(10.0, 36.0)), [
            (Severity.CHANGE, f"from power-on to the first DISCOVER the guest waits 8.0 s longer: 10.0 s, it was 2.0 s:"
             f" {LONGER}"),
        ]),
        (Guest(start=(10.0, 36.0)), PLAIN, [
            (Severity.IMPROVEMENT,
             "from power-on to the first DISCOVER the guest waits 8.0 s less: 2.0 s, it was 10.0 s"),
        ]),
        (PLAIN, Guest(start=(12.0, 36.0)), [
            (Severity.REGRESSION, f"from power-on to the first DISCOVER the guest waits 10.0 s longer: 12.0 s, it was "
             f"2.0 s: {WAIT}"),
        ]),
        # a loop: at shift 7 a start that is 4.5 s later
        (PLAIN, Guest(start=(2.0, 71.0)), [
            (Severity.INFO, "from power-on to the first DISCOVER the guest runs 71.0 million instructions, it was 36.0 "
             "million instructions"),
        ]),
        (PLAIN, Guest(address=(4.0, 0.0)), [
            (Severity.CHANGE, f"from the first DISCOVER to the first REQUEST the guest waits 1.0 s longer: 4.0 s, it "
             f"was 3.0 s: {LONGER}"),
        ]),
        (Guest(request=(0.0, 1.0)), Guest(request=(12.0, 1.0)), [
            (Severity.REGRESSION, f"from the DHCP answer to the first file request the guest waits 12.0 s longer: 12.0 "
             f"s, it was 0.0 s: {WAIT}"),
        ]),
        (PLAIN, Guest(files=(2.0, 0.0)), [
            (Severity.CHANGE, f"while files are loaded the guest waits 2.0 s longer: 2.0 s, it was 0.0 s: {LONGER}"),
        ]),
        (PLAIN, Guest(nbp=(1.0, 20.0)), [
            (Severity.CHANGE, f"from the last file to the network boot program the guest waits 1.0 s longer: 1.0 s, it "
             f"was 0.0 s: {LONGER}"),
            (Severity.INFO, "from the last file to the network boot program the guest runs 20.0 million instructions, "
             "it was 37.0 million instructions"),
        ]),
        (NO_FILE, replace(NO_FILE, disk=(3.0, 0.5)), [
            (Severity.CHANGE, f"from the DHCP answer to the boot from disk the guest waits 1.0 s longer: 3.0 s, it was "
             f"2.0 s: {LONGER}"),
        ]),
        # work of the other stages vanishes in their waits
        (PLAIN, Guest(address=(3.0, 9.0), request=(0.0, 9.0), files=(0.0, 9.0)), []),
        (NO_FILE, replace(NO_FILE, disk=(2.0, 9.0)), []),
        # without a DISCOVER
        (Guest(discovers=False), Guest(discovers=False, start=(3.0, 36.0)), [
            (Severity.CHANGE, f"from power-on to the first packet the guest waits 1.0 s longer: 3.0 s, it was 2.0 s: "
             f"{LONGER}"),
        ]),
    ],
)  # fmt: skip
def test_waits_and_work_are_told_apart(first: Guest, second: Guest, found: list[tuple[Severity, str]]) -> None:
    assert sentences(pair(first, second)) == found
    assert sentences(pair(first, second, (FIVE, VIRTUAL))) == found


@pytest.mark.parametrize(
    ("first", "second", "tolerance", "subjects"),
    [
        (PLAIN, Guest(start=(2.4, 36.0)), TOLERANCE, []),
        (PLAIN, Guest(start=(2.6, 36.0)), TOLERANCE, [Stage.START]),
        (PLAIN, Guest(start=(1.4, 36.0)), TOLERANCE, [Stage.START]),
        (PLAIN, Guest(start=(2.6, 36.0)), Tolerance(wait_s=1.0), []),
        (PLAIN, Guest(start=(3.1, 36.0)), Tolerance(wait_s=1.0), [Stage.START]),
        (PLAIN, Guest(start=(2.4, 36.0)), Tolerance(wait_s=0.3), [Stage.START]),
        (PLAIN, Guest(start=(2.0, 44.5)), TOLERANCE, []),
        (PLAIN, Guest(start=(2.0, 45.5)), TOLERANCE, [f"work {Stage.START}"]),
        (Guest(start=(2.0, 45.5)), PLAIN, TOLERANCE, [f"work {Stage.START}"]),
        (PLAIN, Guest(start=(2.0, 45.5)), Tolerance(work_share=0.5), []),
        (PLAIN, Guest(start=(2.0, 54.5)), Tolerance(work_share=0.5), [f"work {Stage.START}"]),
        # two million instructions are nothing, whatever they are of
        (Guest(nbp=(0.0, 1.0)), Guest(nbp=(0.0, 2.9)), TOLERANCE, []),
        (Guest(nbp=(0.0, 1.0)), Guest(nbp=(0.0, 3.1)), TOLERANCE, [f"work {Stage.NBP}"]),
        # a file of many blocks is noisy, and nothing else
        (Guest(blocks=100), Guest(blocks=100, files=(2.4, 0.0)), TOLERANCE, []),
        (Guest(blocks=1), Guest(blocks=100, files=(2.4, 0.0)), TOLERANCE, []),
        (Guest(blocks=100), Guest(blocks=100, files=(2.6, 0.0)), TOLERANCE, [Stage.FILES]),
        (Guest(blocks=100), Guest(blocks=100, request=(0.6, 0.0)), TOLERANCE, [Stage.REQUEST]),
    ],
)
def test_what_counts_as_the_same(first: Guest, second: Guest, tolerance: Tolerance, subjects: list[str]) -> None:
    assert [finding.subject for finding in find(pair(first, second, tolerance=tolerance))] == subjects


@pytest.mark.parametrize(
    ("name", "subjects"),
    [
        ("start-time", [Stage.START]),
        ("dhcp-time", [Stage.ADDRESS]),
        ("file-time", [Stage.REQUEST, Stage.FILES]),
        ("boot-time", [Stage.NBP]),
    ],
)
def test_each_rule_has_its_stages(name: str, subjects: list[str]) -> None:
    later = Guest(start=(5.0, 36.0), address=(6.0, 0.0), request=(3.0, 1.0), files=(3.0, 0.0), nbp=(3.0, 37.0))
    assert [finding.subject for finding in find(pair(PLAIN, later), name)] == subjects


LATER = Guest(start=(32.0, 36.0), address=(33.0, 0.0), request=(30.0, 0.0), nbp=(30.0, 37.0))


@pytest.mark.parametrize(
    "cells",
    [
        pair(PLAIN, LATER, (VIRTUAL,)),
        replace(pair(PLAIN, LATER), baseline=PLAIN.boot(REAL)),
        replace(pair(PLAIN, LATER), candidate=LATER.boot(REAL)),
        pair(replace(PLAIN, disturbed=1), LATER),
        pair(PLAIN, replace(LATER, disturbed=1)),
        pair(PLAIN, LATER, (VIRTUAL, VIRTUAL)),
        pair(PLAIN, LATER, (VIRTUAL, REAL)),
    ],
)
def test_without_two_clocks_nothing_is_said_of_virtual_time(cells: CellPair) -> None:
    assert find(cells) == []


@pytest.mark.parametrize(
    ("first", "second", "again", "said"),
    [
        (PLAIN, LATER, replace(LATER, has_file=False),
         ["from the DHCP answer to the first file request"]),
        (PLAIN, PLAIN, replace(PLAIN, has_file=False), []),
    ],
)  # fmt: skip
def test_stages_with_other_packets_at_the_second_clock_are_not_split(
    first: Guest, second: Guest, again: Guest, said: list[str]
) -> None:
    cells = pair(first, second, again=again)
    lost = [finding for finding in find(cells) if finding.subject.startswith("packets")]
    assert lost == []  # a stage that one clock does not have is none that could be split
    named = structs.replace(cells.second[1], wire=_rename(second.boot(FIVE))) if cells.second else None
    assert named is not None
    cells = replace(cells, second=(first.boot(FIVE), named))
    statements = [finding for finding in find(cells) if finding.subject.startswith("packets")]
    words = "waits cannot be told from work: at two clocks the candidate sends other packets"
    assert statements == [Finding(Severity.INFO, f"packets {stage}", None, None, f"{stage} {words}") for stage in said]
    swapped = CellPair(cells.key, cells.candidate, cells.baseline, (named, first.boot(FIVE)))
    assert [finding.statement for finding in find(swapped) if finding.subject.startswith("packets")] == [
        f"{stage} {words}".replace("candidate", "baseline") for stage in said
    ]


def _rename(boot: Trace) -> tuple[object, ...]:
    return tuple(structs.replace(event, file="other.0") if hasattr(event, "file") else event for event in boot.wire)


@pytest.mark.parametrize(
    ("first_s", "second_s", "exceeded"),
    [(1.0, 5.0, False), (1.0, 5.25, True), (10.0, 15.0, False), (10.0, 15.25, True)],
)
def test_real_time_is_judged_by_seconds_and_by_share(first_s: float, second_s: float, exceeded: bool) -> None:
    tolerance = RealTolerance(4.0, 0.5)
    assert tolerance.exceeded(first_s, second_s) is tolerance.exceeded(second_s, first_s) is exceeded


def test_every_stage_is_judged_in_real_time() -> None:
    assert set(REAL_TOLERANCES) == set(Stage)


@pytest.mark.parametrize("disturbed", [0, 2])
def test_real_time_tells_much_longer_stages(disturbed: int) -> None:
    later = replace(LATER, disturbed=disturbed)
    words = "in real time it takes"
    assert sentences(pair(PLAIN, later, (REAL,))) == [
        (Severity.REGRESSION, f"{Stage.START} {words} 32.1 s, it was 2.1 s: {WAIT}"),
        (Severity.REGRESSION, f"{Stage.ADDRESS} {words} 33.0 s, it was 3.0 s: {WAIT}"),
        (Severity.REGRESSION, f"{Stage.REQUEST} {words} 30.0 s, it was 0.0 s: {WAIT}"),
        (Severity.REGRESSION, f"{Stage.NBP} {words} 30.1 s, it was 0.1 s: {WAIT}"),
    ]
    assert {finding.severity for finding in find(pair(later, PLAIN, (REAL,)))} == {Severity.IMPROVEMENT}
    assert find(pair(PLAIN, Guest(start=(9.5, 36.0), address=(6.5, 0.0), nbp=(4.5, 37.0)), (REAL,))) == []
    (found,) = find(pair(PLAIN, Guest(request=(5.0, 1.0)), (REAL,)))
    assert found.severity is Severity.CHANGE


@given(st.floats(0.0, 60.0), st.floats(0.0, 1000.0), st.floats(0.0, 0.25), st.floats(0.0, 1.0))
def test_boots_that_are_alike_are_never_told(wait_s: float, millions: float, more_s: float, more: float) -> None:
    first = Guest(start=(wait_s, millions), request=(wait_s, millions), nbp=(wait_s, millions))
    second = Guest(
        start=(wait_s + more_s, millions + more),
        request=(wait_s + more_s, millions + more),
        nbp=(wait_s + more_s, millions + more),
    )
    assert find(pair(first, second)) == find(pair(second, first)) == []


@pytest.mark.parametrize(
    ("baseline", "candidate", "needed"),
    [
        ((PLAIN, VIRTUAL), (PLAIN, VIRTUAL), False),
        ((PLAIN, VIRTUAL), (Guest(start=(2.2, 36.0)), VIRTUAL), False),
        ((PLAIN, VIRTUAL), (Guest(start=(2.3, 36.0)), VIRTUAL), True),
        ((PLAIN, VIRTUAL), (Guest(start=(1.7, 36.0)), VIRTUAL), True),
        ((PLAIN, VIRTUAL), (Guest(start=(2.0, 39.0)), VIRTUAL), True),
        ((PLAIN, VIRTUAL), (Guest(nbp=(0.3, 37.0)), VIRTUAL), True),
        ((PLAIN, VIRTUAL, FIVE), (Guest(start=(2.3, 36.0)), VIRTUAL, FIVE), False),
        ((PLAIN, VIRTUAL), (Guest(start=(2.3, 36.0), disturbed=1), VIRTUAL), False),
        ((PLAIN, REAL), (Guest(start=(2.3, 36.0)), REAL), False),
        ((PLAIN, VIRTUAL), (PLAIN, FIVE), False),
        ((PLAIN, VIRTUAL), (Guest(start=(2.3, 36.0), discovers=False), VIRTUAL), False),
        ((PLAIN, VIRTUAL), (Guest(blocks=100, files=(2.2, 0.0)), VIRTUAL), False),
        ((PLAIN, VIRTUAL), (Guest(blocks=100, files=(2.3, 0.0)), VIRTUAL), True),
    ],
)
def test_a_second_clock_is_needed_where_a_stage_takes_another_time(
    baseline: tuple[Guest, *tuple[Clock, ...]], candidate: tuple[Guest, *tuple[Clock, ...]], needed: bool
) -> None:
    first, second = ([guest.boot(clock) for clock in clocks] for guest, *clocks in (baseline, candidate))
    assert bool(compare_traces(first, second).untimed) is needed


def test_times_that_differ_and_are_not_told_apart_are_told() -> None:
    other = Guest(start=(10.0, 36.0))
    verdict = compare_traces([PLAIN.boot(VIRTUAL)], [other.boot(VIRTUAL)])
    (note,) = verdict.notes
    assert note.startswith(f"times differ in {verdict.untimed[0]}; without boots at a second clock")
    assert not verdict.identical
    assert not verdict.differences
    same = compare_traces([PLAIN.boot(VIRTUAL)], [PLAIN.boot(VIRTUAL)])
    assert (same.identical, same.notes, same.untimed) == (True, (), ())


def found(baseline: float | str | None, candidate: float | None, subject: str = "start", unit: str = "s") -> Finding:
    return Finding(Severity.CHANGE, subject, baseline, candidate, "it waits {candidate}, it was {baseline}", unit=unit)


@pytest.mark.parametrize(
    ("first", "again", "same"),
    [
        (found(2.0, 10.0), found(2.5, 10.5), True),
        (found(2.0, 4.0), found(2.0, 4.25), True),
        (found(2.0, 4.0), found(2.0, 3.75), True),
        (found(2.0, 4.0), found(2.0, 4.375), False),
        # measured: an answer that came 0.2 s late, while a timer ran; and a share of large waits
        (found(2.0, 4.0, Stage.REQUEST), found(2.0, 4.5, Stage.REQUEST), True),
        (found(2.0, 4.0, Stage.REQUEST), found(2.0, 4.625, Stage.REQUEST), False),
        (found(13.25, 1.0), found(12.75, 1.0), True),
        (found(13.25, 1.0), found(12.5, 1.0), False),
        (found(2.0, 10.0), found(10.0, 2.0), False),
        (found(2.0, 10.0), found(2.0, 10.0, "hand-over"), False),
        (found(2.0, 10.0), found(2.0, 10.0, unit="instructions"), False),
        (found(0.0, 40.0, unit="instructions"), found(0.0, 42.0, unit="instructions"), True),
        (found(0.0, 40.0, unit="instructions"), found(0.0, 37.5, unit="instructions"), False),
        (found("a", None), found("a", None), True),
        (found("a", None), found("b", None), False),
        (found("a", None), found(1.0, 2.0), False),
    ],
)
def test_a_second_look_has_to_find_the_same(first: Finding, again: Finding, same: bool) -> None:
    assert comes_back(first, again) is same


@pytest.mark.parametrize(
    ("name", "able", "unable"),
    [
        ("start-time", Guest(discovers=False, has_file=False, nbp=None), None),
        ("dhcp-time", Guest(nbp=None), Guest(discovers=False)),
        ("file-time", Guest(nbp=None), NO_FILE),
        ("boot-time", PLAIN, Guest(nbp=None)),
        ("boot-time", NO_FILE, Guest(nbp=None)),
    ],
)
def test_boots_that_reached_a_stage_are_its_witnesses(name: str, able: Guest, unable: Guest | None) -> None:
    witnesses = RULES[name].witnesses
    assert witnesses(able.boot(VIRTUAL))
    other = structs.replace(PLAIN.boot(VIRTUAL), wire=()) if unable is None else unable.boot(VIRTUAL)
    assert not witnesses(other)
