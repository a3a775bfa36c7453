"""Sequence charts: who sent what, of both boots on one axis of the guest's clock.

The axis is true in its order and not in its lengths: what happened at one time is at one height on both sides, and
where nothing happens for long the axis is folded, which a line with the length of that time says.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bootrig.report.html.packets import MOST, Packet, describe_wire, mark_differences
from bootrig.trace.trace import Trace

WIDTH, MARGIN, GUTTER = 560, 72, 30
GUEST_X, SERVERS_X = MARGIN + 4, WIDTH - GUTTER
TOP, ROW, STEP, SLANT = 40, 21, 4, 5
LABEL_LENGTH = 62
GAP_S = 0.5


@dataclass(frozen=True, slots=True)
class Arrow:
    """A packet as an arrow, and its label above it; `title` has all of its fields."""

    family: str
    state: str
    start_x: int
    start_y: float
    end_x: int
    end_y: float
    time_x: int
    label_x: float
    label_y: float
    time: str
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The two lines of a side: the guest's and the servers'."""

    label: str
    guest_x: int
    servers_x: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nothing happened."""

    y: float
    words: str


@dataclass(frozen=True, slots=True)
class UnequalField:
    """A field of a packet, on each side; empty where a side lacks it."""

    name: str
    values: tuple[str, str]


@dataclass(frozen=True, slots=True)
class UnequalPacket:
    """Two packets that differ, with the fields that do, or one that only one side has, with all of its fields."""

    label: str
    times: tuple[str, str]
    words: str
    fields: tuple[UnequalField, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A sequence chart of one side or two."""

    width: int
    height: int
    label: str
    lanes: tuple[Lane, ...]
    arrows: tuple[Arrow, ...]
    gaps: tuple[Gap, ...]
    unequal: tuple[UnequalPacket, ...]
    left_out: int


def draw_chart(traces: Sequence[Trace], labels: Sequence[str]) -> Chart:
    """Return the chart of one boot, or of a baseline's beside a candidate's."""
    wires = [describe_wire(trace.wire) for trace in traces]
    pairs: tuple[tuple[Packet | None, Packet | None], ...] = ()
    if len(wires) == 2:
        first, second, pairs = mark_differences(*wires)
        wires = [first, second]
    shown = [wire[:MOST] for wire in wires]
    heights, gaps = _place(shown)
    lanes = tuple(
        Lane(label, number * WIDTH + GUEST_X, number * WIDTH + SERVERS_X) for number, label in enumerate(labels)
    )
    arrows = tuple(
        _draw_arrow(packet, y, lanes[number], is_told=bool(number) and packet.state == "same")
        for number, packets in enumerate(shown)
        for packet, y in zip(packets, heights[number], strict=True)
    )
    bottom = max((y for side in heights for y in side), default=TOP)
    return Chart(
        width=WIDTH * len(lanes),
        height=int(bottom) + ROW,
        label=f"packets between guest and servers: {', '.join(labels)}",
        lanes=lanes,
        arrows=arrows,
        gaps=gaps,
        unequal=tuple(_hold_against(old, new) for old, new in pairs[:MOST]),
        left_out=sum(max(0, len(wire) - MOST) for wire in wires),
    )


def _place(sides: Sequence[Sequence[Packet]]) -> tuple[list[list[float]], tuple[Gap, ...]]:
    """Return the height of each packet, and the gaps: later is never above earlier, whichever side it is on."""
    moments: dict[float, list[int]] = {}
    for number, packets in enumerate(sides):
        for packet in packets:
            moments.setdefault(packet.guest_s, [0] * len(sides))[number] += 1
    heights: list[list[float]] = [[] for _ in sides]
    gaps = []
    y, before = float(TOP), None
    for guest_s, numbers in sorted(moments.items()):
        if before is not None and guest_s - before > GAP_S:
            deep = 10 + 5 * math.log2((guest_s - before) / GAP_S)
            gaps.append(Gap(round(y + (ROW + deep) / 2, 1), f"{guest_s - before:.1f} s"))
            y += ROW + deep
        elif before is not None:
            y += min(STEP, 1 + (guest_s - before) * 100)
        for place in range(max(numbers)):
            own = [heights[number] for number, count in enumerate(numbers) if count > place]
            y = max(y, *(placed[-1] + ROW for placed in own if placed), TOP)
            for placed in own:
                placed.append(y)
        before = guest_s
    return heights, tuple(gaps)


def _draw_arrow(packet: Packet, y: float, lane: Lane, *, is_told: bool) -> Arrow:
    """Return the arrow of a packet; the fields of one that `is_told` are those of the same packet on the other side."""
    start, end = (lane.guest_x, lane.servers_x) if packet.from_guest else (lane.servers_x, lane.guest_x)
    more = f" x{packet.number}" if packet.number > 1 else ""
    label = packet.label if len(packet.label) <= LABEL_LENGTH else f"{packet.label[: LABEL_LENGTH - 3]}..."
    return Arrow(
        family=packet.family,
        state=packet.state,
        start_x=start,
        start_y=round(y, 1),
        end_x=end,
        end_y=round(y + SLANT, 1),
        time_x=lane.guest_x - 8,
        label_x=(start + end) / 2,
        label_y=round(y - 2, 1),
        time=f"{packet.guest_s:.3f}",
        label=f"{label}{more}",
        title=_tell(replace(packet, fields=()) if is_told else packet),
    )


def _tell(packet: Packet) -> str:
    """Return all of a packet as lines; what differs from the other side is marked."""
    words = {"changed": "not as on the other side", "only": "on this side only", "same": "the same on both sides"}
    place = f"frame {packet.frame}, " if packet.frame else ""
    lines = [f"{packet.label} ({place}{packet.guest_s:.6f} s)", *filter(None, [words.get(packet.state, "")])]
    lines += [f"{'* ' if name in packet.changed else ''}{name}: {value}" for name, value in packet.fields]
    return "\n".join(lines)


def _hold_against(old: Packet | None, new: Packet | None) -> UnequalPacket:
    told = old or new
    first, second = (dict(packet.fields) if packet is not None else {} for packet in (old, new))
    told_fields = old.changed if old is not None and new is not None else first | second
    fields = tuple(
        UnequalField(name, (first.get(name, ""), second.get(name, "")))
        for name in first | second
        if name in told_fields
    )
    words = "these fields differ" if old and new else "only with the baseline" if old else "only with the candidate"
    times = tuple("" if packet is None else f"{packet.guest_s:.3f} s" for packet in (old, new))
    return UnequalPacket("" if told is None else told.label, (times[0], times[1]), words, fields)
