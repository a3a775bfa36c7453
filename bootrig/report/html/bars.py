"""How long each stage of a boot took: bars of all boots of a cell on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from bootrig.trace.reading.stages import Stage, measure_stages
from bootrig.trace.trace import Trace

LABEL_X, BAR_X, WIDTH, END_X = 6, 150, 1000, 930
ROW, HEIGHT, TOP = 22, 15, 4
NARROWEST = 30
# Colours by the place of a stage in a boot; the stages of guests without a DISCOVER have that of the first one.
COLOURS = {stage: f"stage{number}" for number, stage in enumerate(Stage)}


@dataclass(frozen=True, slots=True)
class BarPart:
    """One stage of a boot."""

    x: float
    width: float
    colour: str
    words: str
    title: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One boot."""

    y: int
    label: str
    parts: tuple[BarPart, ...]
    end_x: float
    end: str
    is_counted: bool


@dataclass(frozen=True, slots=True)
class Bars:
    """All boots of a cell, and the stages that they have by colour."""

    width: int
    height: int
    label_x: int
    bar_x: int
    text_y: int
    row_height: int
    bars: tuple[Bar, ...]
    legend: tuple[tuple[str, str], ...]


def draw_bars(boots: Sequence[tuple[str, Trace, bool]]) -> Bars | None:
    """Return the bars of boots: their labels, their traces, whether they count. None where no stage was reached."""
    timed = [(label, measure_stages(trace), is_counted) for label, trace, is_counted in boots]
    longest = max((sum(time.guest_s for time in stages.values()) for _, stages, _ in timed), default=0.0)
    if longest <= 0:
        return None
    scale = (END_X - BAR_X) / longest
    bars = []
    for number, (label, stages, is_counted) in enumerate(timed):
        parts, x = [], float(BAR_X)
        for stage, time in stages.items():
            width = max(0.0, time.guest_s * scale)
            words = f"{time.guest_s:.1f}" if width >= NARROWEST else ""
            title = f"{label}: {stage}: {time.guest_s:.3f} s"
            parts.append(BarPart(round(x, 1), round(max(width, 0.5), 1), COLOURS[stage], words, title))
            x += width
        end = f"{sum(time.guest_s for time in stages.values()):.1f} s" if stages else "no stage was reached"
        bars.append(Bar(TOP + number * ROW, label, tuple(parts), round(x + 6, 1), end, is_counted))
    seen = dict.fromkeys(stage for _, stages, _ in timed for stage in stages)
    legend = tuple((COLOURS[stage], str(stage)) for stage in Stage if stage in seen)
    return Bars(WIDTH, TOP + len(bars) * ROW + 4, LABEL_X, BAR_X, HEIGHT - 4, HEIGHT, tuple(bars), legend)
