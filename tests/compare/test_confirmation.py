"""What has to be seen again before it counts: by which clock, in which cell, and what becomes of it."""

from collections.abc import Mapping

import pytest

from bootrig.compare import STRICT, Answer, Confirmation, Policy, Proof, Waiver, compare_traces
from bootrig.compare.waivers import FieldPatterns
from bootrig.trace.reading.attempts import Reason, WantedBoot
from bootrig.trace.trace import Clock, ClockKind
from tests.compare.deciding import (
    C3,
    GOOD,
    LOST,
    LOST_EARLIER,
    SILENT,
    TALKS,
    A,
    B,
    C,
    Changes,
    N,
    P,
    R,
    decide,
    find_key,
    make,
    states,
)
from tests.compare.factory import KVM, REAL, Boot, trace
from tests.compare.loop import compare_and_boot

# --- outcomes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("candidate", "baseline", "became", "answer"),
    [
        ({"shift7": LOST, "shift5": LOST, "real": LOST}, {}, (C, "at shift 5; in real time"), Answer.NOT_COMPATIBLE),
        ({"shift7": LOST, "shift5": LOST_EARLIER, "real": LOST}, {}, (C, "at shift 5; in real time"), "not-compatible"),
        # a passed boot refutes an outcome of its own cell; where the clocks disagree real time decides
        ({"shift7": LOST, "shift5": LOST}, {}, (R, ""), Answer.COMPATIBLE),
        ({"shift7": LOST}, {}, (R, ""), Answer.COMPATIBLE),
        ({"shift7": LOST, "real": LOST}, {}, (C, "in real time"), Answer.NOT_COMPATIBLE),
        # what works with neither is no regression
        ({"shift7": LOST, "shift5": LOST, "real": LOST}, {"shift5": LOST, "real": LOST}, (R, ""), Answer.COMPATIBLE),
        # where all boots at the second clock are disturbed, real time decides
        (
            {"shift7": LOST, "shift5": {"disturbed": 1}, "real": LOST},
            {},
            (C, "in real time"),
            Answer.NOT_COMPATIBLE,
        ),
    ],
)
def test_an_outcome_is_seen_again_in_its_own_cell(
    candidate: Mapping[str, Changes], baseline: Mapping[str, Changes], became: tuple[Confirmation, str], answer: str
) -> None:
    verdict, batches = decide({"a/e1000/pc": candidate, "b/e1000/pc": {}}, {"a/e1000/pc": baseline})
    assert states(verdict, "outcome") == {"a/e1000/pc": became}
    assert verdict.answer == answer
    assert {"a/e1000/pc real"} in batches


def test_a_side_that_passed_is_not_booted_at_the_second_clock() -> None:
    key = "a/e1000/pc"
    boots = [make(key, changes, side) for side, changes in (("baseline", GOOD), ("candidate", LOST))]

    def answer(wanted: WantedBoot) -> Boot:
        return make(key, GOOD if wanted.side == "baseline" else LOST, wanted.side)

    _, batches = compare_and_boot(boots, answer)
    assert [[(boot.side, boot.clock.attempt) for boot in batch] for batch in batches] == [
        [("candidate", "shift5")],
        [("baseline", "real"), ("candidate", "real")],
    ]


def test_an_outcome_that_is_better_needs_the_second_clock_only() -> None:
    verdict, batches = decide({"a/e1000/pc": {}, "b/e1000/pc": {}}, {"a/e1000/pc": {"shift7": LOST, "shift5": LOST}})
    assert states(verdict, "outcome") == {"a/e1000/pc": (C, "at shift 5")}
    assert not any("real" in word for batch in batches for word in batch)


def test_one_cell_of_a_cause_is_booted_in_real_time() -> None:
    lost = {"shift7": LOST, "shift5": LOST, "real": LOST}
    verdict, batches = decide({A: lost, B: lost, "b/pcnet/pc": lost, "a/pcnet/q35": lost})
    assert batches[-1] == {f"{A} real", "b/pcnet/pc real", "a/pcnet/q35 real"}
    assert states(verdict, "outcome")[B] == (C, "at shift 5; e1000 in real time")
    assert len(verdict.regressions) == 4


def test_a_witness_that_does_not_see_it_refutes_only_itself() -> None:
    lost = {"shift7": LOST, "shift5": LOST, "real": LOST}
    verdict, batches = decide({A: {**lost, "real": GOOD}, B: lost, C3: lost})
    assert batches[-2:] == [{f"{A} real"}, {f"{B} real", f"{C3} real"}]
    assert states(verdict, "outcome") == {
        A: (R, ""),
        B: (C, "at shift 5; in real time"),
        C3: (C, "at shift 5; in real time"),
    }
    assert [entry.key for entry in verdict.refuted] == [find_key(A)]


def test_everywhere_each_cell_is_booted_in_real_time() -> None:
    lost = {"shift7": LOST, "shift5": LOST, "real": LOST}
    verdict, batches = decide({A: lost, B: lost}, proof=Proof(everywhere=True))
    assert batches[-1] == {f"{A} real", f"{B} real"}
    assert {by for _, by in states(verdict, "outcome").values()} == {"at shift 5; in real time"}


@pytest.mark.parametrize("clock", [REAL, KVM])
def test_where_time_is_real_a_second_boot_confirms_outcomes(clock: Clock) -> None:
    words = "in real time" if clock is REAL else "under KVM"
    boots = [make(A, changes, side, clock, clock) for side, changes in (("baseline", GOOD), ("candidate", LOST))]
    answers = {"baseline": GOOD, "candidate": LOST}

    def answer(wanted: WantedBoot) -> Boot:
        return make(A, answers[wanted.side], wanted.side, first_clock=clock)

    verdict, batches = compare_and_boot(boots, answer)
    assert [[(boot.side, boot.clock, boot.reason) for boot in batch] for batch in batches] == [
        [("baseline", REAL, Reason.SECOND_CLOCK), ("candidate", REAL, Reason.SECOND_CLOCK)]
    ]
    assert states(verdict, "outcome") == {A: (C, f"again {words}; {words}")}
    answers["candidate"] = GOOD
    assert states(compare_and_boot(boots, answer)[0], "outcome") == {A: (R, "")}


def test_without_further_boots_a_regression_is_unconfirmed_and_counts_as_a_change() -> None:
    boots = [make(A, LOST if side == "candidate" else GOOD, side) for side in ("baseline", "candidate")]
    boots += [make(B, GOOD, side) for side in ("baseline", "candidate")]
    first, second = ([trace(boot) for boot in boots if boot.side == side] for side in ("baseline", "candidate"))
    verdict = compare_traces(first, second)
    assert states(verdict, "outcome") == {A: (P, "")}
    assert (verdict.answer, verdict.regressions) == (Answer.COMPATIBLE_WITH_CHANGES, ())
    assert {boot.clock for boot in verdict.wanted} == {Clock(ClockKind.VIRTUAL, 5)}


def test_where_the_rig_broke_nothing_is_wanted() -> None:
    boots = [trace(make(A, LOST if side == "candidate" else GOOD, side)) for side in ("baseline", "candidate")]
    verdict = compare_traces(boots[:1], boots[1:], broken={find_key(A): "no space"})
    assert (verdict.wanted, states(verdict, "outcome")) == ((), {A: (P, "")})


# --- what a clock can make ---------------------------------------------------------------------------------------


def test_one_cell_vouches_for_all_that_show_the_like() -> None:
    talks = {"shift7": TALKS, "shift5": TALKS}
    verdict, batches = decide({A: talks, "b/e1000/pc": talks, "b/pcnet/pc": {}, "a/pcnet/q35": talks})
    assert states(verdict, "traffic") == {
        A: (C, "at shift 5"),
        "b/e1000/pc": (C, "a at shift 5"),
        "a/pcnet/q35": (C, "at shift 5"),
    }
    assert batches == [{f"{A} shift5", "b/pcnet/pc shift5", "a/pcnet/q35 shift5"}]


def test_where_the_witness_does_not_see_it_each_cell_is_booted_in_real_time() -> None:
    second, third = "b/e1000/pc", "c/e1000/pc"
    talks = {"shift7": TALKS}
    verdict, batches = decide({A: talks, second: {**talks, "real": TALKS}, third: talks})
    assert batches == [{f"{A} shift5"}, {f"{second} real", f"{third} real"}]
    assert states(verdict, "traffic") == {A: (R, ""), second: (C, "in real time"), third: (R, "")}


def test_a_cell_that_cannot_see_it_refutes_nothing() -> None:
    """A boot that ends before its link is up says nothing of what the guest sends."""
    verdict, _ = decide({A: {"shift7": TALKS, "shift5": SILENT, "real": TALKS}})
    assert states(verdict, "traffic") == {A: (C, "in real time")}
    verdict, _ = decide({A: {"shift7": TALKS, "shift5": SILENT, "real": SILENT}})
    assert states(verdict, "traffic") == {A: (P, "")}


def test_what_was_never_seen_in_virtual_time_needs_no_clock() -> None:
    verdict, batches = decide({A: {"real": TALKS}}, first_clock=REAL)
    assert (states(verdict, "traffic"), batches) == ({A: (C, "in real time")}, [])


# --- regressions of other rules ----------------------------------------------------------------------------------

OTHER_CLASS = {"options": {**Boot().options, 77: b"gPXE".hex()}}


def test_what_no_clock_can_change_needs_nothing() -> None:
    verdict, batches = decide({A: {"shift7": OTHER_CLASS}})
    assert states(verdict, "dhcp-user-class") == {A: (N, "")}
    assert batches == [{f"{A} shift5"}]  # which tells waits from work


def test_a_regression_that_a_policy_makes_of_it_needs_nothing_either() -> None:
    verdict, batches = decide({A: {"shift7": OTHER_CLASS}}, policy=Policy(relies_on=frozenset({"user-class"})))
    assert states(verdict, "dhcp-user-class") == {A: (N, "")}
    assert (verdict.answer, batches) == (Answer.NOT_COMPATIBLE, [{f"{A} shift5"}])


WIDE = {"bar_length": 1 << 19}


def test_a_regression_is_seen_in_real_time_in_one_cell() -> None:
    everywhere = {"shift7": WIDE, "shift5": WIDE, "real": WIDE}
    verdict, batches = decide({A: everywhere, "b/e1000/pc": everywhere})
    assert batches == [{f"{A} shift5", f"{A} real"}]
    assert states(verdict, "rom-bar") == {A: (C, "in real time"), "b/e1000/pc": (C, "a in real time")}
    assert verdict.answer is Answer.NOT_COMPATIBLE


def test_a_regression_by_policy_of_what_a_clock_can_make_is_seen_in_real_time() -> None:
    talks = {"shift7": TALKS, "shift5": TALKS, "real": TALKS}
    verdict, batches = decide({A: talks}, policy=STRICT)
    assert states(verdict, "traffic") == {A: (C, "at shift 5")}
    assert batches == [{f"{A} shift5"}]  # an info stays one
    names = {"tftp": (("/nbp.0", (("blksize", "1432"), ("tsize", "0")), 42430),)}
    verdict, batches = decide({A: {"shift7": names, "shift5": names, "real": names}}, policy=STRICT)
    assert states(verdict, "tftp-files") == {A: (C, "at shift 5; in real time")}


def test_what_is_waived_is_not_booted_again() -> None:
    waiver = Waiver("rom-bar", "nobody migrates", FieldPatterns("rom-bar"))
    _, batches = decide({A: {"shift7": WIDE}}, policy=Policy(waivers=(waiver,)))
    assert batches == [{f"{A} shift5"}]


def test_a_regression_of_the_sets_as_wholes_needs_no_boot() -> None:
    first = [trace(make(name, GOOD, "baseline")) for name in (A, B)]
    verdict = compare_traces(first, [trace(make(A, GOOD, "candidate"))], STRICT)
    assert [(entry.rule, entry.confirmation) for entry in verdict.regressions] == [("coverage", N)]


# --- second clocks -----------------------------------------------------------------------------------------------


def test_one_cell_with_each_rom_is_booted_at_the_second_clock() -> None:
    """The shortest one that passed, a boot by a network program first."""
    _, batches = decide(
        {
            "a/e1000/pc": {"shift7": {"request_s": 3.7, "last_byte_s": 4.5, "nbp_s": 4.6}},
            "b/e1000/pc": {},
            "c/e1000/pc": {"shift7": {"last_byte_s": 4.3, "milestone": "disk-booted", "nbp_s": None}},
            "c/pcnet/pc": {"shift7": {"last_byte_s": 4.3, "milestone": "disk-booted", "nbp_s": None}},
            "a/e1000/q35": {},
            "a/rtl8139/q35": {"shift7": {"disturbed": 1}},
        }
    )
    assert batches == [{"b/e1000/pc shift5", "c/pcnet/pc shift5", "a/e1000/q35 shift5"}]


def test_times_are_not_split_where_a_second_virtual_clock_makes_no_sense() -> None:
    for clock in (Clock(ClockKind.VIRTUAL, 4), REAL):
        _, batches = decide({A: {}}, first_clock=clock)
        assert batches == []
