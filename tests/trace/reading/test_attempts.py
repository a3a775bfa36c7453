"""Which boots of a cell say what, and which ones are asked for next."""

import pytest
from msgspec.structs import replace

from bootrig.trace.attempt import parse_attempt
from bootrig.trace.events import Arp
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import (
    REAL_TIME,
    CellBoots,
    Reason,
    WantedBoot,
    choose_second_clock,
    find_rungs,
    group_boots,
    is_same_clock,
    settle_traces,
)
from bootrig.trace.trace import (
    Clock,
    ClockKind,
    ConsoleLine,
    Disturbance,
    Outcome,
    OutcomeStatus,
    RomEvidence,
    Trace,
)

SEVEN, SIX, FIVE, FOUR = (Clock(ClockKind.VIRTUAL, shift) for shift in (7, 6, 5, 4))
KVM = Clock(ClockKind.KVM)
KEY = CellKey("pxe-tftp", "e1000", "pc", "seabios")


def tried(name: str, first: Clock = SEVEN, *, side: str = "baseline", nic: str = "e1000") -> Trace:
    """Return a boot by the name of its attempt; `~` before it is one that was disturbed, `!` one that took too long."""
    disturbed = (Disturbance(3, "tftp-data"),) if name.startswith("~") else ()
    attempt = name.lstrip("~!")
    return Trace(
        cell=f"pxe-tftp/{nic}/pc/seabios/host",
        side=side,
        rom_set="set",
        attempt=attempt,
        clock=parse_attempt(attempt).clock,
        first_clock=first,
        outcome=Outcome(OutcomeStatus.PASSED, "", "", disturbed),
        rom=RomEvidence("", 1, 0, 0, ""),
        ended_by="the deadline of 40 s of wall time passed" if name.startswith("!") else "",
    )


def boots(*names: str, first: Clock = SEVEN) -> CellBoots:
    (found,) = group_boots([tried(name, first) for name in names]).values()
    return found


@pytest.mark.parametrize(
    ("names", "first", "counted", "next_rung"),
    [
        (["shift7"], SEVEN, "shift7", None),
        (["~shift7"], SEVEN, "shift7", SEVEN),
        (["~shift7", "shift7.2"], SEVEN, "shift7.2", None),
        (["~shift7", "~shift7.2"], SEVEN, "shift7.2", SEVEN),
        (["~shift7", "~shift7.2", "shift7.3"], SEVEN, "shift7.3", None),
        (["~shift7", "~shift7.2", "~shift7.3"], SEVEN, "shift7.3", FIVE),
        (["~shift7", "~shift7.2", "~shift7.3", "shift5"], SEVEN, "shift5", None),
        (["~shift7", "~shift7.2", "~shift7.3", "~shift5"], SEVEN, "shift7.3", REAL_TIME),
        (["~shift7", "~shift7.2", "~shift7.3", "~shift5", "real"], SEVEN, "real", None),
        (["~shift7", "~shift7.2", "~shift7.3", "shift5", "real"], SEVEN, "shift5", None),
        # a second clock before the ladder came so far serves
        (["shift5", "~shift7", "~shift7.2", "~shift7.3"], SEVEN, "shift5", None),
        # no faster than in real time
        (["~shift5", "~shift5.2", "~shift5.3"], FIVE, "shift5.3", REAL_TIME),
        (["~shift6", "~shift6.2", "~shift6.3"], SIX, "shift6.3", REAL_TIME),
        (["~shift4", "~shift4.2", "~shift4.3"], FOUR, "shift4.3", REAL_TIME),
        # what is disturbed in real time is evidence
        (["~shift7", "~shift7.2", "~shift7.3", "~real"], SEVEN, "real", None),
        (["~shift7", "~shift7.2", "~shift7.3", "kvm"], SEVEN, "kvm", None),
        # a boot in virtual time that took too long says that the host is slow, in real time that it failed
        (["!shift7"], SEVEN, "shift7", SEVEN),
        (["!shift7", "~shift7.2", "!shift7.3"], SEVEN, "shift7.3", REAL_TIME),
        (["!shift7", "~shift7.2", "!shift7.3", "!real"], SEVEN, "real", None),
        (["!real"], REAL_TIME, "real", None),
        # other clocks, second looks and confirmations never take its place
        (["shift5", "shift7"], SEVEN, "shift7", None),
        (["real", "shift5", "shift5.2", "shift7", "shift7.2"], SEVEN, "shift7", None),
        (["shift7.2", "~shift7", "shift7.3"], SEVEN, "shift7.2", None),
        (["shift5", "~shift7"], SEVEN, "shift7", SEVEN),
        (["shift7", "shift5"], FIVE, "shift5", None),
        (["shift7", "~shift5"], FIVE, "shift5", FIVE),
        # where the clock is only real one boot is enough
        (["real"], REAL_TIME, "real", None),
        (["~real", "real.2"], REAL_TIME, "real", None),
        (["kvm", "kvm.2"], KVM, "kvm", None),
    ],
)
def test_the_first_undisturbed_attempt_counts_and_else_the_one_in_real_time(
    names: list[str], first: Clock, counted: str, next_rung: Clock | None
) -> None:
    found = boots(*names, first=first)
    assert found.counted.attempt == counted
    assert found.next_rung == next_rung
    assert found.is_real is (counted[:4] in ("real", "kvm"))


def test_boots_beyond_nine_keep_their_order() -> None:
    found = boots(*(f"~shift5.{number}" for number in range(11, 1, -1)), "~shift5", "shift7")
    assert [trace.attempt for trace in found.traces][-2:] == ["shift5.10", "shift5.11"]


@pytest.mark.parametrize(
    ("names", "clock", "number", "found", "lacks"),
    [
        (["shift7"], FIVE, 1, None, True),
        (["shift7", "shift5"], FIVE, 1, "shift5", False),
        (["shift7", "~shift5"], FIVE, 1, None, True),
        (["shift7", "~shift5", "shift5.2"], FIVE, 1, "shift5.2", False),
        (["shift7", "~shift5", "~shift5.2", "~shift5.3"], FIVE, 1, None, False),
        (["shift7"], SEVEN, 2, None, True),
        (["~shift7", "shift7.2", "shift7.3"], SEVEN, 2, "shift7.3", False),
        (["shift7", "~shift7.2", "~shift7.3"], SEVEN, 2, None, True),
        (["shift7", "~shift7.2", "~shift7.3", "~shift7.4"], SEVEN, 2, None, False),
        (["~shift7", "~shift7.2", "shift7.3", "~shift7.4"], SEVEN, 2, None, True),
        (["shift7", "kvm"], REAL_TIME, 1, "kvm", False),
        (["~real"], REAL_TIME, 1, "real", False),
        (["real"], REAL_TIME, 2, None, True),
    ],
)
def test_a_further_boot_is_repeated_three_times(
    names: list[str], clock: Clock, number: int, found: str | None, lacks: bool
) -> None:
    cell = boots(*names)
    trace = cell.find(clock, number)
    assert (trace and trace.attempt) == found
    assert cell.lacks(clock, number) is lacks


@pytest.mark.parametrize(
    ("names", "first", "clock", "number"),
    [
        (["shift7"], SEVEN, FIVE, 1),
        (["shift7"], SEVEN, SEVEN, 2),
        (["shift4"], FOUR, REAL_TIME, 1),
        (["real"], REAL_TIME, REAL_TIME, 2),
        (["kvm"], KVM, REAL_TIME, 2),
        (["~shift7", "~shift7.2", "~shift7.3", "real"], SEVEN, REAL_TIME, 2),
        (["~shift7", "~shift7.2", "~shift7.3", "real"], SEVEN, FIVE, 1),
    ],
)
def test_the_first_boot_beside_the_one_that_counts(names: list[str], first: Clock, clock: Clock, number: int) -> None:
    assert boots(*names, first=first).number_beside(clock) == number


def late(first_packet_s: float, *console: str, names: tuple[str, ...] = ("shift7",), first: Clock = SEVEN) -> CellBoots:
    """Return boots of a SeaBIOS guest that sends its first packet then; a server's comes before."""
    words = ("SeaBIOS (version 1.16.2)", *console)
    wire = (arp(0.5, from_guest=False), arp(first_packet_s, from_guest=True), arp(first_packet_s + 90, from_guest=True))
    made = [replace(tried(name, first), wire=wire, console=tuple(map(ConsoleLine, words))) for name in names]
    (found,) = group_boots(made).values()
    return found


def arp(guest_s: float, *, from_guest: bool) -> Arp:
    return Arp(
        guest_s=guest_s,
        from_guest=from_guest,
        operation="request",
        sender_mac="",
        sender="10.0.2.15",
        target_mac="",
        target="10.0.2.1",
    )


GPXE = "gPXE 0.9.7+ -- Open Source Boot Firmware -- http://etherboot.org"


@pytest.mark.parametrize(
    ("sides", "clock"),
    [
        ([late(6.7), late(6.7)], FIVE),
        ([late(6.7), late(9.6)], SIX),
        ([late(9.6), late(6.7)], SIX),
        ([late(9.6, GPXE), late(9.6)], FIVE),
        ([late(6.7), late(9.6, GPXE)], FIVE),
        # only SeaBIOS guests spin
        ([boots("shift7")], FIVE),
        ([late(6.7, first=FIVE, names=("shift5",))], SEVEN),
        ([boots("shift6", first=SIX)], SEVEN),
        ([boots("shift4", first=FOUR)], REAL_TIME),
        ([boots("real", first=REAL_TIME)], REAL_TIME),
        ([boots("shift7"), boots("shift5", first=FIVE)], REAL_TIME),
        # where a side counts in real time, a second boot there decides, unless both have others already
        ([boots("~shift7", "~shift7.2", "~shift7.3", "real"), boots("shift7")], REAL_TIME),
        ([boots("~shift7", "~shift7.2", "~shift7.3", "real", "~shift5"), boots("shift7", "shift5")], REAL_TIME),
        # so does a slower one
        ([boots("~shift7", "~shift7.2", "~shift7.3", "shift5"), boots("shift7")], REAL_TIME),
        ([boots("~shift7", "~shift7.2", "~shift7.3", "shift5")], REAL_TIME),
        # one that was used stays
        ([late(9.6, names=("shift7", "shift5")), late(9.6)], FIVE),
        ([late(6.7), late(6.7, names=("shift7", "shift6"))], SIX),
    ],
)
def test_the_second_clock_is_one_for_all_sides(sides: list[CellBoots], clock: Clock) -> None:
    assert choose_second_clock(sides) == clock


def test_traces_settle_to_one_for_each_side_and_cell() -> None:
    traces = [
        tried("~shift7"),
        tried("shift7", nic="pcnet"),
        tried("shift7", side="candidate"),
        tried("real", side="candidate"),
        tried("shift7.2"),
    ]
    assert settle_traces(traces) == (traces[4], traces[1], traces[2])


def test_gpxe_is_no_faster_at_a_slower_clock_than_in_real_time() -> None:
    assert late(1.9, GPXE, names=("~shift7", "~shift7.2", "~shift7.3")).next_rung == REAL_TIME


def test_the_ladder_asks_for_disturbed_cells_only() -> None:
    traces = [tried("~shift7"), tried("shift7", nic="pcnet"), tried("shift7", side="candidate")]
    assert find_rungs(traces) == (WantedBoot("baseline", KEY, SEVEN, Reason.DISTURBED),)
    assert find_rungs([*traces, tried("shift7.2")]) == ()


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (SEVEN, SEVEN, True),
        (SEVEN, FIVE, False),
        (REAL_TIME, KVM, True),
        (KVM, SEVEN, False),
        (FIVE, REAL_TIME, False),
    ],
)
def test_clocks_in_real_time_are_alike(first: Clock, second: Clock, same: bool) -> None:
    assert is_same_clock(first, second) is same
