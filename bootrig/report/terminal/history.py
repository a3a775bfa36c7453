"""The history of runs on the terminal: marks of outcomes, sparklines of stages, when a difference came and went."""

from collections.abc import Mapping, Sequence

from rich.console import Console

from bootrig.record.history import PastRun
from bootrig.record.sighting import BROKEN, PASSED, UNSTABLE, WRONG_INPUT
from bootrig.record.trends import ABSENT, NOT_TRIED, WAIVED, CellTrend, DifferenceTrend
from bootrig.report.sentences import count
from bootrig.report.terminal.matrix import print_text

BOOT_MARKS: Mapping[str, tuple[str, str]] = {
    PASSED: (".", "passed"),
    "failed": ("F", "failed"),
    UNSTABLE: ("~", "unstable"),
    "unconfirmed": ("u", "failed, not confirmed"),
    "known": ("k", "known to fail"),
    "refuted": ("f", "failed, but passed when it was booted again"),
    BROKEN: ("?", "the rig broke"),
    WRONG_INPUT: ("i", "the input is wrong"),
}
DIFFERENCE_MARKS: Mapping[str, tuple[str, str]] = {
    "regression": ("!", "regression"),
    "change": ("~", "change"),
    "improvement": ("+", "improvement"),
    "info": ("*", "information"),
    WAIVED: ("w", "waived"),
    ABSENT: (".", "not there"),
    NOT_TRIED: ("-", "not tried"),
}
OTHER = ("?", "of a kind that this bootrig does not know")
BARS, PLAIN_BARS = "▁▂▃▄▅▆▇█", "_.:-=+*#"
# runs that are drawn, the newest ones
DRAWN = 40
ALIKE_S = 0.1


def print_runs(runs: Sequence[PastRun], console: Console) -> None:
    """Print the runs, the newest first."""
    for run in reversed(runs):
        print_text(console, f"{run.name}  {', '.join(run.sides)}: {run.answer.replace('-', ' ')}")
    print_text(console, count(len(runs), "run"))


def print_cell_trends(trends: Sequence[CellTrend], console: Console) -> None:
    """Print how boots of cells ended over time, the newest run on the right."""
    used: dict[str, str] = {}
    for trend in trends:
        states = [boot.state for _, boot in trend.boots]
        good = trend.last_good
        last = f"last good {good.name}" if good else "never good"
        print_text(console, f"{trend.cell}, {trend.side}", style="bold")
        marks = _draw(states, BOOT_MARKS, used)
        print_text(console, f"  {marks}  {count(len(states), 'run')}, first {trend.first_seen.name}, {last}")
        for stage, times in trend.stages.items():
            line = draw_sparkline(times[-DRAWN:], BARS if _can_draw(console) else PLAIN_BARS)
            told = f"{_describe_range(times)} ({trend.clock}), last {times[-1]:.2f} s"
            print_text(console, f"  {line}  {stage}: {told}")
    _print_legend(used, console)


def print_difference_trends(trends: Sequence[DifferenceTrend], console: Console) -> None:
    """Print in which comparisons differences were there, the newest one on the right."""
    used: dict[str, str] = {}
    for trend in trends:
        seen, without = trend.seen, trend.last_without
        print_text(console, f"{trend.id}", style="bold")
        print_text(console, f"  {' against '.join(trend.sides)}: {trend.sentence}")
        marks = _draw([state for _, state in trend.states], DIFFERENCE_MARKS, used)
        last = f", last without it {without.name}" if without else ""
        print_text(
            console,
            f"  {marks}  in {len(seen)} of {count(len(trend.states), 'comparison')}, "
            f"first {seen[0].name}, last {seen[-1].name}{last}",
        )
    _print_legend(used, console)


def draw_sparkline(values: Sequence[float], bars: str = BARS) -> str:
    """Return one character a value, from the least to the largest; what differs by less than 1 % or 0.1 s is alike."""
    low, high = min(values), max(values)
    if high - low <= max(high / 100, ALIKE_S):
        return bars[0] * len(values)
    return "".join(bars[round((value - low) / (high - low) * (len(bars) - 1))] for value in values)


def _describe_range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return f"{low} s" if low == high else f"{low} to {high} s"


def _draw(states: Sequence[str], marks: Mapping[str, tuple[str, str]], used: dict[str, str]) -> str:
    """Return the marks of the newest runs, and note in `used` what each means."""
    drawn = [marks.get(state, OTHER) for state in states[-DRAWN:]]
    used.update(drawn)
    return "".join(mark for mark, _ in drawn)


def _print_legend(used: Mapping[str, str], console: Console) -> None:
    print_text(console, ", ".join(f"{mark} {meaning}" for mark, meaning in used.items()))


def _can_draw(console: Console) -> bool:
    """Whether the terminal has the characters of a sparkline."""
    try:
        BARS.encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return True
