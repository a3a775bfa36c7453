"""How a boot divides into stages, and what two clocks say of each."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bootrig.trace.events import (
    Arp,
    Dns,
    DnsQuestion,
    Event,
    HttpResponse,
    RouterAdvertisement,
    RouterSolicitation,
    Tcp,
    TftpError,
    TftpOptions,
    TftpRequest,
    TftpTransfer,
)
from bootrig.trace.reading.stages import Stage, StageTime, measure_stages, split, split_stages
from bootrig.trace.trace import Clock, ClockKind, Milestone, Trace
from tests.compare.factory import REAL, VIRTUAL, Boot, answer, dhcp, http_request, trace


def boot(*wire: Event, clock: Clock = VIRTUAL, **reached_s: float) -> Trace:
    milestones = tuple(Milestone(name.replace("_", "-"), at_s, None) for name, at_s in reached_s.items())
    return replace(trace(Boot(clock=clock)), wire=wire, milestones=milestones)


def arp(guest_s: float, *, from_guest: bool, operation: str = "request") -> Arp:
    return Arp(
        guest_s=guest_s,
        from_guest=from_guest,
        operation=operation,
        sender_mac="",
        sender="10.0.2.1",
        target_mac="",
        target="10.0.2.1",
    )


def dns(guest_s: float, *, reply: bool = False) -> Dns:
    question = DnsQuestion("server.bootrig.test", 1)
    return Dns(guest_s=guest_s, from_guest=not reply, id=1, reply=reply, questions=(question,))


def ask(guest_s: float, file: str = "x", port: int = 1) -> TftpRequest:
    return TftpRequest(guest_s=guest_s, from_guest=True, operation="read", file=file, mode="octet", client_port=port)


def fetch(guest_s: float, end_guest_s: float, *, share_s: float = 0.0, port: int = 1) -> TftpTransfer:
    return TftpTransfer(
        guest_s=guest_s,
        from_guest=False,
        file="x",
        client_port=port,
        end_guest_s=end_guest_s,
        share_guest_s=share_s,
        blocks=3,
        completed=True,
    )


def refuse(guest_s: float, port: int = 1) -> TftpError:
    return TftpError(guest_s=guest_s, from_guest=False, code=1, text="no", client_port=port)


EXCHANGE = (
    dhcp(8.0, "discover"),
    answer(8.5, "offer"),
    dhcp(9.0, "discover"),
    answer(9.5, "offer"),
    dhcp(10.0, "request"),
    answer(10.5, "ack"),
)
LOOKUP = (arp(11.0, from_guest=True), arp(11.5, from_guest=False, operation="reply"))
START, ADDRESS = StageTime(8.0, ("DHCP discover",)), StageTime(2.0, ("DHCP discover", "DHCP request"))
ASKED, LOADED = ("TFTP x",), (ask(13.0), fetch(14.0, 17.0, share_s=0.25))


def times(*parts: Any) -> dict[Stage, StageTime]:
    return {Stage.START: START, Stage.ADDRESS: ADDRESS} | {
        stage: StageTime(guest_s, packets, blocks[0] if blocks else 0) for stage, guest_s, packets, *blocks in parts
    }


@pytest.mark.parametrize(
    ("measured", "stages"),
    [
        (boot(answer(1.0, "offer")), {}),
        (boot(arp(2.0, from_guest=True), disk_booted=9.0), {
            Stage.FIRST_PACKET: StageTime(2.0, ()),
            Stage.DISK_UNANSWERED: StageTime(7.0, ()),
        }),
        # packets of IPv6 come before or after the DISCOVER
        (boot(RouterSolicitation(guest_s=2.0, from_guest=True), *EXCHANGE), times()),
        # nobody answers: what a REQUEST would end is not there
        (boot(dhcp(8.0, "discover"), dhcp(9.0, "discover"), disk_booted=20.0), {
            Stage.START: START,
            Stage.DISK_UNANSWERED: StageTime(12.0, ("DHCP discover",)),
        }),
        (boot(dhcp(7.0, "request"), *EXCHANGE[:1]), {Stage.START: START}),
        (boot(*EXCHANGE[:4]), {Stage.START: START}),
        (boot(*EXCHANGE[:5], disk_booted=14.0),
         times((Stage.DISK_UNANSWERED, 5.0, ("DHCP discover", "DHCP request")))),
        # the time in which servers were asked is theirs
        (boot(*EXCHANGE, *LOOKUP, disk_booted=14.0), times((Stage.DISK, 3.0, ()))),
        (boot(*EXCHANGE, *LOOKUP, *LOADED, nbp_entered=22.0), times(
            (Stage.REQUEST, 2.0, ASKED), (Stage.FILES, 0.25, (), 3), (Stage.NBP, 5.0, ())
        )),
        (boot(*EXCHANGE, *LOOKUP, *LOADED), times((Stage.REQUEST, 2.0, ASKED), (Stage.FILES, 0.25, (), 3))),
        # what nobody answers is waited for by the guest
        (boot(*EXCHANGE, LOOKUP[0], *LOADED), times((Stage.REQUEST, 2.5, ASKED), (Stage.FILES, 0.25, (), 3))),
        (boot(*EXCHANGE, arp(11.0, from_guest=True), *LOOKUP[1:], dns(11.25), dns(12.0, reply=True), *LOADED), times(
            (Stage.REQUEST, 1.5, ("DNS server.bootrig.test", *ASKED)), (Stage.FILES, 0.25, (), 3)
        )),
        # asked again, the server had from then on
        (boot(*EXCHANGE, arp(11.0, from_guest=True), arp(12.0, from_guest=True), arp(12.5, from_guest=False,
              operation="reply"), *LOADED), times((Stage.REQUEST, 2.0, ASKED), (Stage.FILES, 0.25, (), 3))),
        # a router that speaks by itself changes nothing, one that was asked does
        (boot(*EXCHANGE, RouterAdvertisement(guest_s=12.0, from_guest=False), *LOADED),
         times((Stage.REQUEST, 2.5, ASKED), (Stage.FILES, 0.25, (), 3))),
        (boot(*EXCHANGE, RouterSolicitation(guest_s=11.0, from_guest=True),
              RouterAdvertisement(guest_s=12.0, from_guest=False), *LOADED),
         times((Stage.REQUEST, 1.5, ASKED), (Stage.FILES, 0.25, (), 3))),
        # several files: the time between them is the guest's
        (boot(*EXCHANGE, *LOADED, ask(18.0, "y-0123456789abcdef.0", 2), refuse(18.5, 2), ask(19.5, "z", 3),
              fetch(20.0, 21.0, share_s=0.5, port=3), nbp_entered=22.0),
         times((Stage.REQUEST, 2.5, ASKED), (Stage.FILES, 3.25 - 0.5, ("TFTP y-<nonce>.0", "TFTP z"), 6),
               (Stage.NBP, 1.0, ()))),
        # what a program loads later, after it was entered, is its own
        (boot(*EXCHANGE, *LOADED, ask(23.0, port=2), fetch(23.5, 24.0, port=2), nbp_entered=22.0),
         times((Stage.REQUEST, 2.5, ASKED), (Stage.FILES, 0.25, (), 3), (Stage.NBP, 5.0, ()))),
        # no file
        (boot(*EXCHANGE, ask(13.0), refuse(14.0), disk_booted=20.0),
         times((Stage.REQUEST, 2.5, ASKED), (Stage.FILES, 0.0, ()), (Stage.DISK_AFTER_FILE, 6.0, ()))),
        (boot(*EXCHANGE, ask(13.0), ask(15.0), disk_booted=20.0),
         times((Stage.REQUEST, 2.5, ASKED), (Stage.FILES, 2.0, ASKED), (Stage.DISK_AFTER_FILE, 5.0, ()))),
        (boot(*EXCHANGE, ask(13.0), TftpOptions(guest_s=13.5, from_guest=False, file="x", client_port=1),
              fetch(14.0, 15.0), disk_booted=20.0),
         times((Stage.REQUEST, 2.5, ASKED), (Stage.FILES, 0.0, (), 3), (Stage.DISK_AFTER_FILE, 5.0, ()))),
        # an address of another kind
        (boot(*EXCHANGE[:1], *LOADED, nbp_entered=22.0),
         {Stage.START: START, Stage.FILES: StageTime(0.25, (), 3), Stage.NBP: StageTime(5.0, ())}),
        (boot(*EXCHANGE[:5], *LOADED, answer(18.0, "ack")), times((Stage.FILES, 0.25, (), 3))),
        # program and disk: the way from the file is that to the program
        (boot(*EXCHANGE, *LOADED, nbp_entered=22.0, disk_booted=30.0),
         times((Stage.REQUEST, 2.5, ASKED), (Stage.FILES, 0.25, (), 3), (Stage.NBP, 5.0, ()))),
    ],
)  # fmt: skip
def test_the_time_of_each_stage(measured: Trace, stages: dict[Stage, StageTime]) -> None:
    assert measure_stages(measured) == stages
    assert list(measure_stages(measured)) == sorted(stages, key=list(Stage).index)


def test_the_order_of_events_is_that_of_the_guests_clock() -> None:
    wire = (*EXCHANGE, *LOADED)
    assert measure_stages(boot(*wire[::-1])) == measure_stages(boot(*wire))


def test_http_begins_with_its_connection_and_ends_with_the_answer() -> None:
    connect = Tcp(guest_s=12.0, from_guest=True, connection=1)
    other = Tcp(guest_s=11.5, from_guest=True, connection=2)
    request = replace(http_request(connection=1), guest_s=13.0)
    response = HttpResponse(guest_s=13.5, from_guest=False, status=200, connection=1, end_guest_s=15.0)
    wire = (*EXCHANGE, other, connect, request, response)
    stages = measure_stages(boot(*wire, nbp_entered=16.0))
    assert stages == times((Stage.REQUEST, 1.5, ()), (Stage.FILES, 1.0, ("HTTP /nbp.0",)), (Stage.NBP, 1.0, ()))
    unseen = measure_stages(boot(*EXCHANGE, other, request, response))
    assert unseen == times((Stage.REQUEST, 2.5, ("HTTP /nbp.0",)), (Stage.FILES, 0.0, ()))


waits, works = st.floats(0.0, 100.0), st.floats(0.0, 1e9)
shifts = st.lists(st.integers(0, 10), min_size=2, max_size=2, unique=True)


@given(waits, works, shifts)
def test_two_clocks_tell_waits_from_work(wait_s: float, instructions: float, clocks: list[int]) -> None:
    first_s, second_s = (wait_s + instructions * 2**shift * 1e-9 for shift in clocks)
    found = split(first_s, second_s, *clocks)
    assert found.wait_s == pytest.approx(wait_s, abs=1e-6)
    assert found.work_instructions == pytest.approx(instructions, abs=10.0)
    swapped = split(second_s, first_s, *clocks[::-1])
    assert swapped.wait_s == pytest.approx(found.wait_s, abs=1e-6)


@given(waits, works, waits, works, shifts)
def test_stages_that_follow_each_other_add_up(
    wait_s: float, work: float, other_s: float, other: float, clocks: list[int]
) -> None:
    def last(wait: float, instructions: float, shift: int) -> float:
        return wait + instructions * (1 << shift) * 1e-9

    first, second = ([last(wait_s, work, shift), last(other_s, other, shift)] for shift in clocks)
    whole = split(sum(first), sum(second), *clocks)
    parts = [split(one, two, *clocks) for one, two in zip(first, second, strict=True)]
    assert whole.wait_s == pytest.approx(sum(part.wait_s for part in parts), abs=1e-6)
    assert whole.work_instructions == pytest.approx(sum(part.work_instructions for part in parts), abs=10.0)


@pytest.mark.parametrize(
    ("first_s", "second_s", "wait_s", "millions"),
    [
        # measured: power-on to DISCOVER, DISCOVER to REQUEST, last block to program
        (6.66833, 3.218725, 2.069, 35.93),
        (3.050287, 3.069439, 3.076, -0.2),
        (4.7640, 1.1910, 0.0, 37.22),
    ],
)
def test_measured_boots_are_split(first_s: float, second_s: float, wait_s: float, millions: float) -> None:
    found = split(first_s, second_s, 7, 5)
    assert (round(found.wait_s, 3), round(found.work_instructions / 1e6, 2)) == (wait_s, millions)


FIVE = Clock(ClockKind.VIRTUAL, 5)


def test_stages_are_split_where_the_clocks_agree_about_packets() -> None:
    slow = boot(*EXCHANGE, *LOADED)
    soon = replace(boot(dhcp(2.0, "discover"), dhcp(4.0, "request")), clock=FIVE)
    found = split_stages(slow, soon)
    assert list(found) == [Stage.START, Stage.ADDRESS]
    assert found[Stage.START] == split(8.0, 2.0, 7, 5)
    assert found[Stage.ADDRESS] is None  # one DISCOVER less


@pytest.mark.parametrize("clock", [VIRTUAL, REAL])
def test_boots_at_one_clock_are_not_split(clock: Clock) -> None:
    first, second = boot(*EXCHANGE), boot(*EXCHANGE, clock=clock)
    assert split_stages(first, second) == split_stages(second, first) == {}
