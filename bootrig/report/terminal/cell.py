"""All about one cell on the terminal: its sides beside each other, consoles, files, the commands that boot it again."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bootrig.record.run import RecordedRun, RunSide, name_run
from bootrig.report.terminal.matrix import print_lines, print_text
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import CellBoots, group_boots, is_evidence, is_same_clock
from bootrig.trace.reading.stages import measure_stages
from bootrig.trace.trace import Trace

CONSOLE_LINES = 12
NAME_WIDTH = 28
NO_BOOT = "no boot"


@dataclass(frozen=True, slots=True)
class CellSide:
    """What one side has of a cell.

    Attributes:
        side: the side.
        directory: the cell's directory.
        boots: its boots; None for none that ended.
        error: how the rig broke; empty where it did not.
    """

    side: RunSide
    directory: Path
    boots: CellBoots | None
    error: str

    @property
    def counted(self) -> Trace | None:
        """The boot that counts."""
        return None if self.boots is None else self.boots.counted


def load_cells(recorded: RecordedRun, keys: Sequence[CellKey]) -> dict[CellKey, tuple[CellSide, ...]]:
    """Return what the sides of a run have of its cells.

    Raises:
        JsonFileError: a document of the run is damaged.
    """
    found: dict[CellKey, list[CellSide]] = {key: [] for key in keys}
    for side in recorded.run.sides:
        boots = {key: own for (_, _, key), own in group_boots(recorded.load_traces(side.label)).items()}
        errors = recorded.load_errors(side.label)
        places = {cell.cell: cell.directory for cell in recorded.run.cells if cell.side == side.label}
        for key in keys:
            if str(key) in places:
                directory = recorded.directory / places[str(key)]
                found[key].append(CellSide(side, directory, boots.get(key), errors.get(key, "")))
    return {key: tuple(sides) for key, sides in found.items()}


def print_cell(key: CellKey, sides: Sequence[CellSide], run_directory: Path, console: Console) -> None:
    """Print all about a cell of a run."""
    print_text(console, str(key), "bold")
    console.print()
    table = Table(box=None, show_header=False, pad_edge=False, expand=False)
    table.add_column(max_width=NAME_WIDTH)
    for _ in sides:
        table.add_column(overflow="fold", ratio=1)
    for name, words in _iter_rows(sides):
        table.add_row(Text(name, style="" if name.startswith(" ") else "bold"), *map(Text, words))
    console.print(table)
    for side in sides:
        _print_console(side, console)
    _print_files(sides, console)
    run = name_run(run_directory)
    print_text(console, "Again", "bold")
    for side in sides:
        print_text(console, f"  {shlex.join(['bootrig', 'rerun', run, str(key), '--side', side.side.label])}")
    print_text(console, "  with --interactive you type at its console")


def _iter_rows(sides: Sequence[CellSide]) -> Iterable[tuple[str, list[str]]]:
    """Yield the rows of the table: what each is about, and what each side has to say."""
    yield "Side", [f"{one.side.label}: {one.side.given}" for one in sides]
    yield "Outcome", [_tell_outcome(one) for one in sides]
    counted = [one.counted for one in sides]
    stages = [{} if trace is None else measure_stages(trace) for trace in counted]
    times = [{str(name): f"{time.guest_s:.3f} s" for name, time in own.items()} for own in stages]
    yield from _iter_table("Stages, by the guest's clock", times)
    moments: dict[str, float] = {}
    for milestone in (one for trace in counted if trace for one in trace.milestones):
        moments.setdefault(milestone.name, milestone.guest_s or 0.0)
    milestones = [_list_milestones(trace) for trace in counted]
    yield from _iter_table(
        "Milestones, by the guest's clock", milestones, sorted(moments, key=lambda name: moments[name])
    )
    attempts = [
        {} if one.boots is None else {trace.attempt: _tell_attempt(one.boots, trace) for trace in _list_boots(one)}
        for one in sides
    ]
    yield from _iter_table("Attempts", attempts)


def _iter_table(
    heading: str, columns: Sequence[Mapping[str, str]], order: Sequence[str] = ()
) -> Iterable[tuple[str, list[str]]]:
    names = dict.fromkeys((*order, *(name for column in columns for name in column)))
    if names:
        yield heading, [""] * len(columns)
    for name in names:
        yield f"  {name}", [column.get(name, "-") for column in columns]


def _tell_outcome(one: CellSide) -> str:
    trace = one.counted
    if trace is None:
        return f"the rig broke: {one.error}" if one.error else NO_BOOT
    words = str(trace.outcome.status)
    if not trace.passed:
        after = f" after {trace.outcome.milestone}" if trace.outcome.milestone else ""
        words = f"{words}{after}: {trace.outcome.reason}"
    cached = f" (from the cache of {trace.cached})" if trace.cached else ""
    broke = f"; the rig broke: {one.error}" if one.error else ""
    return f"{words}{cached}{broke}"


def _list_milestones(trace: Trace | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for milestone in trace.milestones if trace else ():
        words = "seen" if milestone.guest_s is None else f"{milestone.guest_s:.3f} s"
        ways = " ".join(f"{word} {way}" for word, way in (("by", milestone.by), ("over", milestone.over)) if way)
        found.setdefault(milestone.name, f"{words} {ways}".rstrip())
    return found


def _list_boots(one: CellSide) -> list[Trace]:
    """Return the boots of a side, the one that counts first."""
    return sorted(one.boots.traces, key=lambda trace: trace is not one.counted) if one.boots else []


def _tell_attempt(boots: CellBoots, trace: Trace) -> str:
    """Return how a boot ended, and what it is there for."""
    return f"{trace.outcome.status}: {find_purpose(boots, trace)}"


def find_purpose(boots: CellBoots, trace: Trace) -> str:
    """Return why a boot of a cell was made."""
    if trace is boots.counted:
        return "the one that counts"
    if not is_evidence(trace):
        return "disturbed by the host, so it was tried again"
    if not trace.clock.is_virtual:
        return "seen again in real time"
    if is_same_clock(trace.clock, boots.counted.clock):
        return "a second look at the same clock"
    return "seen again at a second clock"


def _print_console(one: CellSide, console: Console) -> None:
    trace = one.counted
    lines = [line.text for line in trace.console if line.text.strip()] if trace else []
    if lines:
        console.print()
        print_text(console, f"Console of {one.side.label}, its end", "bold")
        for line in lines[-CONSOLE_LINES:]:
            print_text(console, f"  {line}")


def _print_files(sides: Sequence[CellSide], console: Console) -> None:
    """Print where the files of the boots are that count, and of those that broke."""
    console.print()
    print_text(console, "Files", "bold")
    for one in sides:
        own = [trace.attempt for trace in _list_boots(one)]
        others = [path.name for path in sorted(one.directory.glob("*/")) if path.name not in own]
        for name in [*own[:1], *others]:
            directory = one.directory / name
            files = sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
            print_text(console, f"  {directory}/")
            print_lines(console, [Text(f"    {line}") for line in wrap(", ".join(files), console.width - 4)])
        if own[1:]:
            print_text(console, f"    beside it: {', '.join(f'{name}/' for name in own[1:])}")
    console.print()
