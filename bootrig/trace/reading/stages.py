"""How a boot divides into stages, and how many seconds of the guest's clock each took."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bootrig.trace.events import Dhcp, HttpResponse, TftpTransfer, WireEvent
from bootrig.trace.reading.wire import FileRequest
from bootrig.trace.trace import Trace


class Stage(StrEnum):
    """Part of a boot, from one event to the next, in order."""

    FIRST_PACKET = "from power-on to the first packet"
    ADDRESS = "from the first packet to the DHCP answer"
    REQUEST = "from the DHCP answer to the first file request"
    TRANSFER = "from the first file request to the last byte of the file"
    NBP = "from the last byte of the file to the network boot program"
    DISK = "from the DHCP answer to the boot from disk"
    DISK_AFTER_FILE = "from the first file request to the boot from disk"


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long one stage took.

    Attributes:
        total_guest_s: from its first event to its last.
        guest_made_guest_s: the share that the guest alone made: time that passed before packets of its own.
        round_trips: how many answers of servers are in it, each of which makes noise.
    """

    total_guest_s: float
    guest_made_guest_s: float
    round_trips: int


def measure_stages(trace: Trace) -> dict[Stage, StageTime]:
    """Return the time of each stage that the boot completed."""
    events = sorted(trace.wire, key=lambda event: event.guest_s)
    sent = [event for event in events if event.from_guest]
    if not sent:
        return {}
    start_s = sent[0].guest_s
    times = {Stage.FIRST_PACKET: StageTime(start_s, start_s, 0)}
    request_s = next((event.guest_s for event in sent if isinstance(event, FileRequest)), None)
    answer_s = _last_answer_s(events, request_s)
    if answer_s is not None:
        times[Stage.ADDRESS] = _between(events, start_s, answer_s)
    disk_s = _milestone_s(trace, "disk-booted")
    if request_s is not None:
        if answer_s is not None:
            times[Stage.REQUEST] = _between(events, answer_s, request_s)
        times |= _transfer_stages(trace, events, request_s, disk_s)
    elif answer_s is not None and disk_s is not None:
        times[Stage.DISK] = _between(events, answer_s, disk_s)
    return times


def _transfer_stages(
    trace: Trace, events: Sequence[WireEvent], request_s: float, disk_s: float | None
) -> dict[Stage, StageTime]:
    if disk_s is not None:
        return {Stage.DISK_AFTER_FILE: _between(events, request_s, disk_s)}
    done = [event for event in events if isinstance(event, TftpTransfer | HttpResponse) and event.completed]
    if not done:
        return {}
    last_s, blocks = done[0].end_guest_s, _count_blocks(done[0])
    times = {Stage.TRANSFER: StageTime(last_s - request_s, last_s - request_s, blocks)}
    nbp_s = _milestone_s(trace, "nbp-entered")
    if nbp_s is not None:
        between = _between(events, last_s, nbp_s)
        later = sum(map(_count_blocks, done[1:]))
        times[Stage.NBP] = replace(between, round_trips=between.round_trips + later)
    return times


def _count_blocks(event: TftpTransfer | HttpResponse) -> int:
    """Return how often a transfer waited for the server: HTTP does not wait."""
    return event.blocks if isinstance(event, TftpTransfer) else 0


def _milestone_s(trace: Trace, name: str) -> float | None:
    milestone = trace.find_milestone(name)
    return None if milestone is None else milestone.guest_s


def _last_answer_s(events: Iterable[WireEvent], request_s: float | None) -> float | None:
    """Return when the last acknowledgement came that was before the first request for a file."""
    times = [
        event.guest_s
        for event in events
        if isinstance(event, Dhcp)
        and not event.from_guest
        and event.message == "ack"
        and (request_s is None or event.guest_s <= request_s)
    ]
    return times[-1] if times else None


def _between(events: Iterable[WireEvent], start_s: float, end_s: float) -> StageTime:
    """Return the time from `start_s` to `end_s`, the share before the guest's own packets set apart."""
    guest_made_s, round_trips, previous_s = 0.0, 0, start_s
    for event in events:
        if start_s < event.guest_s <= end_s:
            if event.from_guest:
                guest_made_s += event.guest_s - previous_s
            else:
                round_trips += 1
            previous_s = event.guest_s
    guest_made_s += end_s - previous_s
    return StageTime(end_s - start_s, guest_made_s, round_trips)
