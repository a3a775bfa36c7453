"""How the DHCP exchange goes: findings as wholes, both directions, and the bounds of what is noise."""

from collections.abc import Sequence
from typing import Any

import pytest

from bootrig.compare import Finding, Severity, Tolerance
from bootrig.compare.pairing import pair_traces
from bootrig.compare.rules import RULES
from bootrig.trace.events import Dhcp
from bootrig.trace.trace import Clock
from tests.compare.conftest import Find
from tests.compare.factory import KVM, REAL, VIRTUAL, Boot, answer, dhcp, trace

Messages = tuple[tuple[float, str], ...]


def discovers(*times: float) -> Messages:
    return tuple((time, "discover") for time in times)


def silent(*times: float) -> dict[str, Any]:
    """Return what makes a boot to which nobody answers, with DISCOVERs at these times."""
    return {"answered": False, "messages": discovers(*times), "tftp": (), "first_packet_s": 0.5}


SHORT, LONG = "DISCOVER REQUEST", "DISCOVER REQUEST INFORM"
WITH_INFORM: Messages = ((0.0, "discover"), (1.0, "discover"), (3.0, "request"), (3.2, "inform"))


def sequence(baseline: str, candidate: str) -> Finding:
    statement = "the guest sends {candidate}, it was {baseline}"
    why = "servers and relays see another conversation"
    return Finding(Severity.CHANGE, "DHCP messages", baseline, candidate, statement, why)


def test_another_sequence_is_told_in_both_directions(find: Find) -> None:
    assert find("dhcp-sequence", {"messages": WITH_INFORM}) == [sequence(SHORT, LONG)]
    assert find("dhcp-sequence", {"messages": WITH_INFORM[:3]}, messages=WITH_INFORM) == [sequence(LONG, SHORT)]


@pytest.mark.parametrize("passed", [(True, False), (False, True), (False, False)])
def test_sequences_are_compared_only_where_both_passed(find: Find, passed: tuple[bool, bool]) -> None:
    assert find("dhcp-sequence", {"messages": WITH_INFORM, "passed": passed[1]}, passed=passed[0]) == []


def test_a_side_without_any_message_has_no_sequence(find: Find) -> None:
    assert find("dhcp-sequence", {"messages": ()}) == []
    assert find("dhcp-sequence", {"messages": WITH_INFORM}, messages=()) == []


def gap(number: int, baseline: float, candidate: float) -> Finding:
    statement = f"the guest sends DISCOVER number {number + 1} after {{candidate}}, it was {{baseline}}"
    why = "slow servers and ports may miss it"
    return Finding(Severity.CHANGE, f"retry {number} of DISCOVER", baseline, candidate, statement, why, "s")


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        # half a second, both directions
        ((0.0, 1.0), (0.0, 1.5), []),
        ((0.0, 1.0), (0.0, 1.75), [gap(1, 1.0, 1.75)]),
        ((0.0, 1.5), (0.0, 1.0), []),
        ((0.0, 1.75), (0.0, 1.0), [gap(1, 1.75, 1.0)]),
        # however long they are: measured, a back-off of 1, 2, 4 seconds that becomes 1, 3, 7
        ((0.0, 1.0, 3.0, 7.0), (0.0, 1.0, 4.0, 11.0), [gap(2, 2.0, 3.0)]),
        # the first that differs is told, and how often it was sent is not
        ((0.0, 1.0, 2.0, 3.0, 4.0), (0.0, 1.0, 2.0, 9.0, 19.0, 20.0), [gap(3, 1.0, 7.0)]),
        ((0.0, 1.0004), (0.0, 5.5678), [gap(1, 1.0, 5.568)]),
        ((0.0, 1.0), (0.0, 5.4321), [gap(1, 1.0, 5.432)]),
    ],
)
def test_gaps_differ_by_more_than_noise(
    find: Find, first: Sequence[float], second: Sequence[float], found: list[Finding]
) -> None:
    assert find("dhcp-retries", silent(*second), **silent(*first)) == found


@pytest.mark.parametrize("clock", [REAL, KVM])
@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (1.0, 2.0, False),
        (1.0, 2.25, True),
        (2.25, 1.0, True),
        (8.0, 12.0, False),
        (8.0, 12.25, True),
        (8.0, 4.0, False),
    ],
)
def test_gaps_in_real_time_are_noisier(find: Find, first: float, second: float, told: bool, clock: Clock) -> None:
    found = find("dhcp-retries", silent(0.0, second), **silent(0.0, first), clock=clock)
    assert found == ([gap(1, first, second)] if told else [])


def test_the_tolerance_of_waits_is_that_of_gaps() -> None:
    traces = [trace(Boot(**silent(0.0, seconds))) for seconds in (1.0, 2.75)]
    for wait_s, count in ((1.5, 1), (2.0, 0)):
        pairing = pair_traces(traces[:1], traces[1:], tolerance=Tolerance(wait_s=wait_s))
        assert len(list(RULES["dhcp-retries"].find_differences(pairing))) == count


def number_of(baseline: int, candidate: int, *, answered: bool) -> Finding:
    statement = "number of DISCOVERs that the guest sends before anything else: {candidate}, it was {baseline}"
    severity, why = Severity.CHANGE, "it gives up sooner or later than before"
    if answered:
        severity, why = Severity.INFO, ""
    return Finding(severity, "number of DISCOVERs", str(baseline), str(candidate), statement, why)


SIX, FOUR = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0), (0.0, 1.0, 2.0, 3.0)


@pytest.mark.parametrize("clock", [VIRTUAL, REAL])
def test_where_nobody_answers_another_number_is_a_change(find: Find, clock: Clock) -> None:
    assert find("dhcp-retries", silent(*SIX), **silent(*FOUR), clock=clock) == [number_of(4, 6, answered=False)]
    assert find("dhcp-retries", silent(*FOUR), **silent(*SIX), clock=clock) == [number_of(6, 4, answered=False)]
    assert find("dhcp-retries", silent(*FOUR), **silent(*FOUR), clock=clock) == []


@pytest.mark.parametrize(("clock", "told"), [(VIRTUAL, False), (REAL, True)])
def test_where_a_server_answers_another_number_is_an_info_of_real_time(find: Find, clock: Clock, told: bool) -> None:
    first, second = discovers(*FOUR), discovers(*SIX)
    expected = [number_of(4, 6, answered=True)] if told else []
    assert find("dhcp-retries", {"messages": second}, messages=first, clock=clock) == expected


@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_where_only_one_side_has_an_answer_the_number_is_a_change(find: Find, side: str) -> None:
    first, second = silent(*FOUR), silent(*SIX)
    (first if side == "baseline" else second)["answered"] = True
    second.setdefault("answered", False)
    assert find("dhcp-retries", second, **first) == [number_of(4, 6, answered=False)]


@pytest.mark.parametrize(
    "event",
    [answer(0.75, "ack"), answer(0.75, "release"), dhcp(9.0, "offer")],
    ids=["before an offer", "after it", "the guest's own"],
)
def test_only_a_servers_offer_answers(find: Find, event: Dhcp) -> None:
    first, second = ({**silent(*times), "other": [event]} for times in (FOUR, SIX))
    assert find("dhcp-retries", second, **first) == [number_of(4, 6, answered=False)]


@pytest.mark.parametrize("message", ["decline", "request"])
def test_only_discovers_before_any_other_message_are_retries(find: Find, message: str) -> None:
    first, second = ((0.0, message), (1.0, "discover"), (2.0, "discover")), ((0.0, message), (9.0, "discover"))
    assert find("dhcp-retries", {**silent(), "messages": second}, **{**silent(), "messages": first}) == []


def test_a_side_that_sent_nothing_has_no_number(find: Find) -> None:
    assert find("dhcp-retries", silent(*FOUR), **silent()) == []
    assert find("dhcp-retries", silent(), **silent(*FOUR)) == []


@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_retries_of_mixed_or_disturbed_boots_are_not_compared(find: Find, side: str) -> None:
    first, second = silent(0.0, 1.0), silent(0.0, 30.0)
    changed, usual = (first, second) if side == "baseline" else (second, first)
    assert find("dhcp-retries", second, **first) != []
    for field, value, other in (("disturbed", 1, 0), ("clock", REAL, VIRTUAL)):
        changed[field], usual[field] = value, other
        assert find("dhcp-retries", second, **first) == []
        changed[field] = other


def secs(baseline: str, candidate: str) -> Finding:
    statement = "the field secs of DHCP requests {candidate}, before it {baseline}"
    why = "relays and servers that answer only after some seconds decide by it"
    return Finding(Severity.CHANGE, "field secs", baseline, candidate, statement, why)


COUNTS, STAYS = "counts up", "stays 0"
TWO = discovers(0.0, 1.0)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ((0, 4), (0, 0), [secs(COUNTS, STAYS)]),
        ((0, 0), (0, 4), [secs(STAYS, COUNTS)]),
        ((0, 0), (0, 0), []),
        ((0, 4), (0, 9), []),
    ],
)
def test_how_seconds_are_counted(find: Find, first: Sequence[int], second: Sequence[int], found: list[Finding]) -> None:
    assert find("dhcp-secs", {"secs": second}, secs=first, messages=TWO) == found


@pytest.mark.parametrize("count", [0, 1])
def test_of_one_message_nobody_can_tell_how_seconds_are_counted(find: Find, count: int) -> None:
    few = {"messages": TWO[:count], "secs": (0,)}
    many = {"messages": TWO, "secs": (0, 4)}
    assert find("dhcp-secs", few, **many) == []
    assert find("dhcp-secs", many, **few) == []


def flags(baseline: str, candidate: str) -> Finding:
    statement = "the guest asks for {candidate} answers, it was {baseline}"
    why = "some switches and relays pass only one of the two"
    return Finding(Severity.CHANGE, "field flags", baseline, candidate, statement, why)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (0, 0x8000, [flags("unicast", "broadcast")]),
        (0x8000, 0, [flags("broadcast", "unicast")]),
        (0x7FFF, 0xFFFF, [flags("unicast", "broadcast")]),
        (0, 0x7FFF, []),
        (0x8000, 0xFFFF, []),
    ],
)
def test_the_broadcast_flag_is_one_bit(find: Find, first: int, second: int, found: list[Finding]) -> None:
    assert find("dhcp-flags", {"dhcp": {"flags": second}}, dhcp={"flags": first}) == found


def test_the_broadcast_flag_later_in_the_exchange(find: Find) -> None:
    discover = {"messages": ((0.0, "discover"),)}
    boots = [{**discover, "other": [dhcp(7.0, "request", flags=flags)]} for flags in (0, 0x8000)]
    statement = "the guest asks for {candidate} answers, it was {baseline} in REQUEST"
    why = "some switches and relays pass only one of the two"
    expected = Finding(Severity.CHANGE, "field flags in REQUEST", "unicast", "broadcast", statement, why)
    assert find("dhcp-flags", boots[1], **boots[0]) == [expected]


def xid(severity: Severity, baseline: str, candidate: str, why: str = "") -> Finding:
    statement = "the transaction id is {candidate}, it was {baseline}"
    return Finding(severity, "transaction id", baseline, candidate, statement, why)


OWN, RANDOM = "made from the MAC address", "random"
LIKE = "machines with like addresses take each other's answers"


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("99999999", "00123456", [xid(Severity.CHANGE, RANDOM, OWN, LIKE)]),
        ("00123456", "99999999", [xid(Severity.IMPROVEMENT, OWN, RANDOM)]),
        ("00123456", "00000001", [xid(Severity.IMPROVEMENT, OWN, RANDOM)]),
        ("00000001", "99999999", []),
        ("00123456", "00123456", []),
    ],
)
def test_where_the_transaction_id_is_from(find: Find, first: str, second: str, found: list[Finding]) -> None:
    assert find("dhcp-xid", {"dhcp": {"xid": second}}, dhcp={"xid": first}) == found


@pytest.mark.parametrize("rule", ["dhcp-flags", "dhcp-xid"])
def test_a_boot_without_a_message_has_no_fields(find: Find, rule: str) -> None:
    spoken = {"messages": TWO, "dhcp": {"flags": 0x8000, "xid": "00123456"}}
    assert find(rule, {"messages": ()}, **spoken) == []
    assert find(rule, spoken, messages=()) == []
