"""How a boot divides into stages."""

import pytest
from msgspec.structs import replace

from bootrig.trace.events import Arp, HttpResponse, TftpRequest, TftpTransfer, WireEvent
from bootrig.trace.reading.stages import Stage, StageTime, measure_stages
from bootrig.trace.trace import Milestone, Trace
from tests.compare.factory import Boot, answer, dhcp, http_request, trace


def test_a_boot_from_a_file_has_five_stages() -> None:
    stages = measure_stages(trace(Boot()))
    assert list(stages) == [Stage.FIRST_PACKET, Stage.ADDRESS, Stage.REQUEST, Stage.TRANSFER, Stage.NBP]
    assert stages[Stage.FIRST_PACKET] == StageTime(70.0, 70.0, 0)
    assert [round(time.total_guest_s, 3) for time in stages.values()] == [70.0, 3.1, 0.5, 0.8, 0.1]


def test_what_the_server_made_is_not_the_guests_share() -> None:
    address = measure_stages(trace(Boot()))[Stage.ADDRESS]
    # the offer after 0.01 s and the answer after 0.1 s were the server's
    assert address.guest_made_guest_s == pytest.approx(2.99)
    assert address.round_trips == 2


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"messages": (), "answered": False, "tftp": ()}, set(Stage)),
        ({"answered": False}, {Stage.ADDRESS, Stage.REQUEST}),
        ({"nbp_s": None}, {Stage.NBP}),
        ({"tftp": ()}, {Stage.REQUEST, Stage.TRANSFER, Stage.NBP}),
        ({"tftp": (), "disk_s": 9.0}, {Stage.REQUEST, Stage.TRANSFER, Stage.NBP}),
        ({"disk_s": 9.0}, {Stage.TRANSFER, Stage.NBP}),
    ],
)
def test_a_boot_that_ends_early_has_fewer_stages(changes: dict[str, object], missing: set[Stage]) -> None:
    disk = {Stage.DISK, Stage.DISK_AFTER_FILE}
    assert (set(Stage) - disk) - set(measure_stages(trace(Boot(**changes)))) == missing - disk  # type: ignore[arg-type]


def test_only_an_acknowledgement_before_the_first_request_ends_the_address() -> None:
    later = [answer(75.0, "ack"), answer(73.05, "nak")]
    assert measure_stages(trace(Boot(other=later)))[Stage.ADDRESS].total_guest_s == pytest.approx(3.1)
    assert Stage.ADDRESS not in measure_stages(trace(Boot(answered=False, other=[dhcp(73.0, "ack")])))


def test_a_transfer_that_was_not_completed_is_none() -> None:
    broken = TftpTransfer(guest_s=73.5, from_guest=False, file="x", end_guest_s=73.9, blocks=7)
    assert measure_stages(trace(Boot(other=[broken])))[Stage.TRANSFER].round_trips == 30


def test_later_files_belong_to_the_way_to_the_program() -> None:
    second = TftpTransfer(guest_s=74.41, from_guest=False, file="x", end_guest_s=74.45, blocks=5, completed=True)
    assert measure_stages(trace(Boot(other=[second])))[Stage.NBP].round_trips == 1 + 5


def test_http_has_no_blocks_to_wait_for() -> None:
    response = HttpResponse(guest_s=74.5, from_guest=False, status=200, end_guest_s=75.0)
    stages = measure_stages(trace(Boot(tftp=(), http=[http_request()], other=[response], nbp_s=6.0)))
    assert stages[Stage.TRANSFER].round_trips == 0
    assert stages[Stage.TRANSFER].total_guest_s == pytest.approx(0.59)


def _arp(guest_s: float, *, from_guest: bool) -> Arp:
    return Arp(
        guest_s=guest_s, from_guest=from_guest, operation="request", sender_mac="", sender="", target_mac="", target=""
    )


def _transfer(guest_s: float, end_guest_s: float, blocks: int) -> TftpTransfer:
    return TftpTransfer(
        guest_s=guest_s, from_guest=False, file="x", end_guest_s=end_guest_s, blocks=blocks, completed=True
    )


EXCHANGE = (dhcp(8.0, "discover"), answer(9.0, "offer"), dhcp(9.5, "request"), answer(10.0, "ack"))
LOOKUP = (_arp(11.0, from_guest=True), _arp(11.5, from_guest=False))
FILE = (
    TftpRequest(guest_s=13.0, from_guest=True, operation="read", file="x", mode="octet"),
    _transfer(14.0, 17.0, 30),
    answer(18.0, "ack"),
    _arp(20.0, from_guest=True),
    _transfer(20.5, 21.0, 5),
)
FIRST, ADDRESS = StageTime(8.0, 8.0, 0), StageTime(2.0, 0.5, 2)
REQUEST, TRANSFER = StageTime(3.0, 2.5, 1), StageTime(4.0, 4.0, 30)


def _boot(wire: tuple[WireEvent, ...], **reached_s: float) -> Trace:
    milestones = tuple(Milestone(name.replace("_", "-"), at_s, None) for name, at_s in reached_s.items())
    return replace(trace(Boot()), wire=wire[::-1], milestones=milestones)


@pytest.mark.parametrize(
    ("boot", "stages"),
    [
        (
            _boot(EXCHANGE + LOOKUP + FILE, nbp_entered=22.0),
            [FIRST, ADDRESS, REQUEST, TRANSFER, StageTime(5.0, 3.5, 2 + 5)],
        ),
        (_boot(EXCHANGE + LOOKUP + FILE), [FIRST, ADDRESS, REQUEST, TRANSFER]),
        (_boot(EXCHANGE + LOOKUP + FILE, disk_booted=16.0), [FIRST, ADDRESS, REQUEST, StageTime(3.0, 2.0, 1)]),
        (_boot(EXCHANGE + LOOKUP, disk_booted=12.0), [FIRST, ADDRESS, StageTime(2.0, 1.5, 1)]),
        (_boot(EXCHANGE[:3] + LOOKUP, disk_booted=12.0), [FIRST]),
        (_boot(EXCHANGE[:3] + FILE, disk_booted=16.0), [FIRST, StageTime(3.0, 2.0, 1)]),
        (
            _boot(EXCHANGE + LOOKUP + (answer(13.0, "ack"), *FILE[:1])),
            [FIRST, StageTime(5.0, 3.0, 4), StageTime(0, 0, 0)],
        ),
        (_boot((*EXCHANGE, answer(12.0, "a"), answer(12.5, "nak"))), [FIRST, ADDRESS]),
        (_boot((*EXCHANGE, dhcp(12.0, "ack"))), [FIRST, ADDRESS]),
        (_boot(EXCHANGE[1:2], nbp_entered=22.0), []),
    ],
)
def test_the_exact_time_of_each_stage(boot: Trace, stages: list[StageTime]) -> None:
    assert list(measure_stages(boot).values()) == stages
