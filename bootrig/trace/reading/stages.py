"""How a boot divides into stages, and how long the guest waited and worked in each.

In virtual time an instruction takes 2**shift ns, and a stage T = wait + work * 2**shift ns: timers make the wait,
whether the guest halts or spins until they have run out, and the instructions that it has to carry out make the work.
Two boots at two shifts give both.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bootrig.trace.events import (
    Dhcp,
    Dns,
    HttpRequest,
    HttpResponse,
    Tcp,
    TftpError,
    TftpRequest,
    TftpTransfer,
    WireEvent,
)
from bootrig.trace.reading.exchanges import find_exchanges
from bootrig.trace.reading.recall import recall
from bootrig.trace.reading.wire import FileRequest, strip_varying
from bootrig.trace.trace import Trace

NS = 1e-9


class Stage(StrEnum):
    """Part of a boot, from one event to another, in order."""

    START = "from power-on to the first DISCOVER"
    FIRST_PACKET = "from power-on to the first packet"  # of guests that send no DISCOVER
    ADDRESS = "from the first DISCOVER to the first REQUEST"
    REQUEST = "from the DHCP answer to the first file request"
    FILES = "while files are loaded"
    NBP = "from the last file to the network boot program"
    DISK = "from the DHCP answer to the boot from disk"
    DISK_AFTER_FILE = "from the last file request to the boot from disk"
    DISK_UNANSWERED = "from the first DISCOVER to the boot from disk"


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long one stage took.

    Attributes:
        guest_s: all of it, without the time in which the guest had asked and a server had not answered yet. Up to the
            REQUEST that time is in it: guests collect offers for a time of their own.
        packets: what the guest sent after its beginning that it depends on, in order: DHCP, DNS, requests for files.
        blocks: how many blocks of files came in it, each of which adds a little noise.
    """

    guest_s: float
    packets: tuple[str, ...]
    blocks: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """What two virtual clocks say of a stage: seconds in which the guest waited, and instructions that it worked."""

    wait_s: float
    work_instructions: float


def split_by_work(time_s: float, instructions: float, shift: int) -> Split:
    """Return the wait of a stage that took so long, and in which a guest carried out so many instructions."""
    return Split(time_s - instructions * (1 << shift) * NS, instructions)


def split(first_s: float, second_s: float, first_shift: int, second_shift: int) -> Split:
    """Return the wait and the work of a stage that took `first_s` and `second_s` at two unequal shifts."""
    first_ns, second_ns = (float(1 << shift) for shift in (first_shift, second_shift))
    instructions = (first_s - second_s) / ((first_ns - second_ns) * NS)
    return split_by_work(first_s, instructions, first_shift)


def split_stages(first: Trace, second: Trace) -> dict[Stage, Split | None]:
    """Return wait and work of each stage that two boots of a guest have, at two virtual clocks.

    None where they disagree about packets: there the two times are not those of the same stage.
    """
    first_shift, second_shift = first.clock.shift, second.clock.shift
    if first_shift is None or second_shift is None or first_shift == second_shift:
        return {}
    times, others = measure_stages(first), measure_stages(second)
    return {
        stage: split(time.guest_s, others[stage].guest_s, first_shift, second_shift)
        if time.packets == others[stage].packets
        else None
        for stage, time in times.items()
        if stage in others
    }


@recall
def measure_stages(trace: Trace) -> Mapping[Stage, StageTime]:
    """Return the time of each stage that the boot completed."""
    return dict(_Boot(trace).iter_stages())


class _Boot:
    """The events of one boot in their order, and the moments that divide it."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._events: Sequence[WireEvent] = sorted(trace.wire, key=lambda event: event.guest_s)
        self._sent = [event for event in self._events if event.from_guest]
        self._server_s = list(_iter_server_times(self._events))

    def iter_stages(self) -> Iterator[tuple[Stage, StageTime]]:
        """Yield the stages that were completed."""
        if not self._sent:
            return
        discover = self._find_dhcp("discover", self._sent)
        start = discover or self._sent[0]
        yield (
            Stage.FIRST_PACKET if discover is None else Stage.START,
            StageTime(start.guest_s, tuple(filter(None, [_name(start)]))),
        )
        request = self._find_dhcp("request", self._sent)
        if discover is not None and request is not None and request.guest_s >= discover.guest_s:
            whole_s = request.guest_s - discover.guest_s
            yield Stage.ADDRESS, StageTime(whole_s, self._packets(discover.guest_s, request.guest_s))
        answer = None if request is None else self._find_answer(request.guest_s)
        yield from self._iter_files(start, answer)

    def _iter_files(self, start: WireEvent, answer: Dhcp | None) -> Iterator[tuple[Stage, StageTime]]:
        """Yield the stages after the address: files, and what was booted."""
        disk_s, nbp_s = (self._milestone_s(name) for name in ("disk-booted", "nbp-entered"))
        end_s = min(filter(None, (disk_s, nbp_s)), default=float("inf"))
        asked = [event for event in self._sent if isinstance(event, FileRequest) and event.guest_s <= end_s]
        if not asked:
            if disk_s is not None:
                stage = Stage.DISK_UNANSWERED if answer is None else Stage.DISK
                yield stage, self._between(start.guest_s if answer is None else answer.guest_s, disk_s)
            return
        asked_s = self._connected_s(asked[0])
        if answer is not None and answer.guest_s <= asked_s:
            yield Stage.REQUEST, self._between(answer.guest_s, asked_s)
        last_s = max(self._answered_s(asked[-1].guest_s, end_s), asked[-1].guest_s)
        yield Stage.FILES, self._between(asked_s, last_s)
        if nbp_s is not None:
            yield Stage.NBP, self._between(last_s, nbp_s)
        elif disk_s is not None:
            yield Stage.DISK_AFTER_FILE, self._between(last_s, disk_s)

    def _find_dhcp(self, message: str, events: Iterable[WireEvent]) -> Dhcp | None:
        return next((event for event in events if isinstance(event, Dhcp) and event.message == message), None)

    def _find_answer(self, request_s: float) -> Dhcp | None:
        """Return the first acknowledgement after the first REQUEST."""
        answers = (event for event in self._events if not event.from_guest and event.guest_s >= request_s)
        return self._find_dhcp("ack", answers)

    def _connected_s(self, request: WireEvent) -> float:
        """Return when a file was asked for: by HTTP, when its connection was begun."""
        if isinstance(request, HttpRequest):
            for event in self._sent:
                if isinstance(event, Tcp) and event.connection == request.connection:
                    return event.guest_s
        return request.guest_s

    def _answered_s(self, asked_s: float, end_s: float) -> float:
        """Return when the last answer about a file ended, of those that came after `asked_s`."""
        ends = (_end_s(event) for event in self._events if event.guest_s >= asked_s)
        return max((at_s for at_s in ends if at_s is not None and at_s <= end_s), default=0.0)

    def _milestone_s(self, name: str) -> float | None:
        milestone = self._trace.find_milestone(name)
        return None if milestone is None else milestone.guest_s

    def _between(self, start_s: float, end_s: float) -> StageTime:
        """Return the guest's share of the time from `start_s` to `end_s`."""
        server_s, reached_s = 0.0, start_s
        for begin_s, done_s in sorted(self._server_s):
            server_s += max(0.0, min(done_s, end_s) - max(begin_s, reached_s))
            reached_s = max(reached_s, min(done_s, end_s))
        transfers = [
            event for event in self._events if isinstance(event, TftpTransfer) and start_s <= event.guest_s <= end_s
        ]
        share_s = sum(transfer.share_guest_s for transfer in transfers)
        blocks = sum(transfer.blocks for transfer in transfers)
        return StageTime(max(0.0, end_s - start_s - server_s + share_s), self._packets(start_s, end_s), blocks)

    def _packets(self, start_s: float, end_s: float) -> tuple[str, ...]:
        named = (_name(event) for event in self._sent if start_s < event.guest_s <= end_s)
        return tuple(name for name in named if name)


def _name(event: WireEvent) -> str:
    """Return what a packet of the guest is, empty for what no stage depends on."""
    match event:
        case Dhcp():
            return f"DHCP {event.message}"
        case Dns():
            return " ".join(["DNS", *(question.name for question in event.questions)])
        case TftpRequest():
            return f"TFTP {strip_varying(event.file)}"
        case HttpRequest():
            return f"HTTP {strip_varying(event.target)}"
    return ""


def _end_s(event: WireEvent) -> float | None:
    """Return when an answer about a file ended; None for other events."""
    match event:
        case TftpTransfer() | HttpResponse():
            return event.end_guest_s
        case TftpError():
            return event.guest_s
    return None


def _iter_server_times(events: Sequence[WireEvent]) -> Iterator[tuple[float, float]]:
    """Yield from when to when the guest waited for servers: from its questions and requests to the answers' end."""
    for exchange in find_exchanges(events):
        if exchange.answer is not None:
            yield exchange.asked[-1].guest_s, exchange.answer.guest_s
    ends: dict[tuple[str, int] | None, float] = {}  # when the next answer ended
    begun: list[tuple[float, float]] = []
    for event in reversed(events):
        if end_s := _end_s(event):
            ends[_find_place(event)] = end_s
        if isinstance(event, FileRequest) and event.from_guest and (end_s := ends.get(_find_place(event))):
            begun.append((event.guest_s, end_s))
    yield from reversed(begun)


def _find_place(event: WireEvent) -> tuple[str, int] | None:
    """Return what a request for a file and its answer have in common; None for other events."""
    match event:
        case TftpRequest() | TftpTransfer() | TftpError():
            return "tftp", event.client_port
        case HttpRequest() | HttpResponse():
            return "http", event.connection
    return None
