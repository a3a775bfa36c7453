"""For which cells the boots of another cell at the second clock speak."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from msgspec import structs

from bootrig.compare import compare_traces
from bootrig.compare.pairing import pair_traces
from bootrig.compare.second_clocks import find_second_clocks, find_untimed, share_works
from bootrig.trace.events import Dns, DnsQuestion
from bootrig.trace.reading.attempts import Reason, WantedBoot
from bootrig.trace.reading.stages import Stage
from bootrig.trace.trace import Clock, Trace
from tests.compare.deciding import GOOD, C, Changes, R, decide, find_name, states
from tests.compare.deciding import make as make_boot
from tests.compare.factory import VIRTUAL, Boot
from tests.compare.loop import compare_and_boot
from tests.compare.test_findings_stages import FIVE, PLAIN, Guest


def boot(scenario: str, guest: Guest, side: str, *clocks: Clock) -> list[Trace]:
    made = [guest.boot(clock) for clock in clocks or (VIRTUAL,)]
    return [structs.replace(one, side=side, cell=f"{scenario}/{one.cell.partition('/')[2]}") for one in made]


Cells = Sequence[tuple[Guest, Guest]]
SLOW = Guest(nbp=(0.0, 41.0))
SLOWER = Guest(nbp=(0.0, 45.0))
LATE = Guest(start=(4.0, 36.0), nbp=(0.0, 41.0))


def make(cells: Cells, timed: frozenset[int] = frozenset()) -> tuple[list[Trace], list[Trace]]:
    """Return the traces of both sides, scenarios called by numbers; those in `timed` are booted at both clocks."""
    sides: tuple[list[Trace], list[Trace]] = [], []
    for number, guests in enumerate(cells):
        clocks = (VIRTUAL, FIVE) if number in timed else (VIRTUAL,)
        for traces, guest, side in zip(sides, guests, ("baseline", "candidate"), strict=True):
            traces.extend(boot(str(number), guest, side, *clocks))
    return sides


@pytest.mark.parametrize(
    ("cells", "timed", "wanted", "untimed"),
    [
        # one cell is asked in any case; it tells of the others where they differ as much
        ([(PLAIN, PLAIN)] * 3, frozenset(), "0", ""),
        ([(PLAIN, SLOW)] * 3, frozenset(), "0", "012"),
        ([(PLAIN, SLOW)] * 3, frozenset({1}), "", ""),
        ([(PLAIN, PLAIN), (PLAIN, SLOW), (PLAIN, SLOW)], frozenset(), "01", "12"),
        ([(PLAIN, PLAIN), (PLAIN, SLOW), (PLAIN, SLOW)], frozenset({0}), "1", "12"),
        ([(PLAIN, SLOW), (PLAIN, SLOWER), (PLAIN, SLOWER)], frozenset({0}), "1", "12"),
        ([(PLAIN, SLOW), (PLAIN, LATE), (PLAIN, SLOW)], frozenset({0}), "1", "1"),
        # as much longer with both sides slower is the same code
        ([(PLAIN, SLOW), (SLOW, SLOWER)], frozenset({0}), "", ""),
        ([(PLAIN, SLOW), (SLOW, PLAIN)], frozenset({0}), "1", "1"),
        # where times are the same nothing has to be told
        ([(PLAIN, SLOW), (PLAIN, PLAIN)], frozenset({0}), "", ""),
    ],
)
def test_which_cells_are_asked(cells: Cells, timed: frozenset[int], wanted: str, untimed: str) -> None:
    pairing = share_works(pair_traces(*make(cells, timed)))
    assert "".join(dict.fromkeys(boot.key.scenario for boot in find_second_clocks(pairing))) == wanted
    assert "".join(cell.judged.key.scenario for cell in find_untimed(pairing)) == untimed


def with_nic(trace: Trace) -> Trace:
    """Return a boot with another NIC."""
    return structs.replace(trace, cell=trace.cell.replace("/e1000/", "/pcnet/"))


@pytest.mark.parametrize(
    ("others", "wanted"),
    [
        # the first cell of each NIC is asked; what is left is told by a NIC with which both sides take as long
        ((PLAIN, SLOW), "2"),
        ((SLOW, SLOWER), "23"),
        ((PLAIN, SLOWER), "23"),
    ],
)
def test_a_cell_with_another_nic(others: tuple[Guest, Guest], wanted: str) -> None:
    first, second = make([(PLAIN, PLAIN), (PLAIN, SLOW), (PLAIN, PLAIN), others], frozenset({1}))
    first, second = ([with_nic(one) if one.key.scenario in "23" else one for one in some] for some in (first, second))
    pairing = share_works(pair_traces(first, second))
    assert "".join(dict.fromkeys(boot.key.scenario for boot in find_second_clocks(pairing))) == wanted
    assert "".join(cell.judged.key.scenario for cell in find_untimed(pairing)) == wanted.removeprefix("2")


def test_a_cell_with_a_longer_file_does_not_tell_of_those_with_a_shorter_one() -> None:
    """Its noise is more than they take; of what they have in common it tells."""
    cells = [(PLAIN, SLOW), (replace(PLAIN, blocks=400), replace(SLOW, blocks=400))]
    lent, _ = (cell.judged.lent for cell in share_works(pair_traces(*make(cells, frozenset({1})))).paired)
    assert Stage.NBP in lent
    assert Stage.FILES not in lent


def ask(trace: Trace) -> Trace:
    """Return a boot whose guest asks for a name after its last file."""
    entered = trace.find_milestone("nbp-entered")
    assert entered is not None
    guest_s = (entered.guest_s or 0.0) - 0.01
    asked = Dns(guest_s=guest_s, from_guest=True, id=1, reply=False, questions=(DnsQuestion("x", 1),))
    return structs.replace(trace, wire=(*trace.wire, asked))


def test_other_packets_are_another_stage() -> None:
    first, second = make([(PLAIN, SLOW), (PLAIN, SLOW)], frozenset({0}))
    pairing = share_works(pair_traces([*first[:2], ask(first[2])], [*second[:2], ask(second[2])]))
    assert [boot.key.scenario for boot in find_second_clocks(pairing)] == ["1", "1"]


def test_the_work_of_one_is_that_of_all() -> None:
    """The others wait as long as is left of their time; what they are said to wait and to work is true."""
    slow, late = Guest(nbp=(0.0, 60.0)), Guest(start=(4.0, 36.0))
    verdict = compare_traces(*make([(PLAIN, slow), (PLAIN, slow), (PLAIN, late), (PLAIN, late)], frozenset({0, 2})))
    told = [
        (
            entry.require_key().scenario,
            entry.finding.subject.split()[0],
            entry.finding.baseline,
            entry.finding.candidate,
        )
        for entry in verdict.differences
        if entry.rule in ("start-time", "boot-time")
    ]
    assert sorted(told) == [
        ("0", "work", 37.0, 60.0),
        ("1", "work", 37.0, 60.0),
        ("2", "from", 2.0, 4.0),
        ("3", "from", 2.0, 4.0),
    ]


def test_what_cannot_be_split_in_one_cell_is_so_in_all() -> None:
    slow = Guest(nbp=(3.0, 37.0))
    first, second = make([(PLAIN, slow), (PLAIN, slow)], frozenset({0}))
    verdict = compare_traces(first, [second[0], ask(second[1]), second[2]])
    told = [entry for entry in verdict.differences if entry.finding.subject.startswith("packets")]
    assert [entry.require_key().scenario for entry in told] == ["0", "1"]
    assert verdict.untimed == ()


def late(start_s: float) -> Mapping[str, Changes]:
    """Return the boots of a guest that sends its first packet then: it waits as long at either clock."""
    return {clock: {"first_packet_s": start_s} for clock in ("shift7", "shift5")}


def test_one_cell_tells_of_the_start_of_all_scenarios() -> None:
    """The second clock and the second look are booted once; every cell has the difference, and is confirmed."""
    names = ("a/e1000/pc", "b/e1000/pc", "c/e1000/pc")
    verdict, batches = decide(dict.fromkeys(names, late(6.0)))
    assert batches == [{"a/e1000/pc shift5"}, {"a/e1000/pc shift7", "a/e1000/pc shift5"}]
    told = states(verdict, "start-time")
    assert {name: state for name, (state, _) in told.items()} == dict.fromkeys(names, C)
    assert (verdict.untimed, len(verdict.causes)) == ((), 1)


def test_a_cell_that_starts_otherwise_is_booted_at_the_second_clock_itself() -> None:
    verdict, batches = decide({"a/e1000/pc": late(6.0), "b/e1000/pc": late(8.0), "c/pcnet/pc": late(6.0)})
    assert batches[0] == {"a/e1000/pc shift5", "b/e1000/pc shift5", "c/pcnet/pc shift5"}
    assert {state for state, _ in states(verdict, "start-time").values()} == {C}
    assert verdict.untimed == ()


def test_a_start_that_a_second_look_refutes_is_asked_of_each_cell() -> None:
    """The look finds the candidate as fast as the baseline, so that no other cell can rely on it."""
    names, changes = ("a/e1000/pc", "b/e1000/pc"), {"first_packet_s": 6.0}

    def answer(wanted: WantedBoot) -> Boot:
        name = find_name(wanted.key)
        refutes = name == names[0] and wanted.reason is Reason.SECOND_LOOK
        return make_boot(name, GOOD if refutes or wanted.side == "baseline" else changes, wanted.side)

    boots = [
        make_boot(name, changes if side == "candidate" else GOOD, side)
        for name in names
        for side in ("baseline", "candidate")
    ]
    verdict, _ = compare_and_boot(boots, answer)
    assert {name: state for name, (state, _) in states(verdict, "start-time").items()} == {names[0]: R, names[1]: C}


def test_instructions_that_a_second_look_refutes_are_asked_of_the_next_cell() -> None:
    """Nothing is lost by them, so one cell that shows them again speaks for all others."""
    names = ("a/e1000/pc", "b/e1000/pc", "c/e1000/pc")
    starts_s = {VIRTUAL: 6.56, FIVE: 4.64}  # 20 million instructions later than at 4 s

    def make_slow(name: str, side: str, clock: Clock) -> Boot:
        return make_boot(name, {"first_packet_s": starts_s[clock]} if side == "candidate" else GOOD, side, clock)

    def answer(wanted: WantedBoot) -> Boot:
        name = find_name(wanted.key)
        if name == names[0] and wanted.reason is Reason.SECOND_LOOK:
            return make_boot(name, GOOD, wanted.side, wanted.clock)
        return make_slow(name, wanted.side, wanted.clock)

    boots = [make_slow(name, side, VIRTUAL) for name in names for side in ("baseline", "candidate")]
    verdict, batches = compare_and_boot(boots, answer)
    told = {name: state for name, (state, _) in states(verdict, "start-time").items()}
    assert told == {names[0]: R, names[1]: C, names[2]: C}
    assert {find_name(boot.key) for batch in batches for boot in batch} == {*names[:2]}
