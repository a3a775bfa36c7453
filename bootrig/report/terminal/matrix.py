"""The matrix: scenarios down, NIC models across, one symbol a cell, readable without colour."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_letters

from rich.console import Console
from rich.text import Text

from bootrig.trace.names import CellKey, tell_stack
from firmware.nic import NIC_MODELS

LABEL_LENGTH = 30
GAPS = (3, 2, 1)

Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Symbol:
    """How one state looks: a character, its rich style for those who see colour, and what the legend says."""

    mark: str
    style: str
    meaning: str

    @property
    def text(self) -> Text:
        """The character in its colour."""
        return Text(self.mark, style=self.style)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the matrix: what it is about, and a symbol a column (None for no cell), or none for a title."""

    label: str
    symbols: tuple[Symbol | None, ...]


def draw_matrix(symbols: Mapping[CellKey, Symbol], width: int) -> list[Text]:
    """Return the lines of a matrix: under each machine, platform firmware and emulator its scenarios.

    Args:
        symbols: what a cell looks like.
        width: columns of the terminal; where the names of NICs are too long, letters stand for them.
    """
    columns = order_nics(key.nic_model for key in symbols)
    return _draw(_join_blocks(([place], rows) for place, rows in _iter_places(symbols, columns)), columns, width)


def draw_short_matrix(symbols: Mapping[CellKey, Symbol], order: str, width: int) -> list[Text]:
    """Return the lines of a matrix in which equal rows are one, and places with equal rows too, worst rows first.

    Args:
        symbols: what a cell looks like.
        order: the marks of all symbols, worst first.
        width: columns of the terminal.
    """
    columns = order_nics(key.nic_model for key in symbols)
    merged: dict[tuple[_Row, ...], list[Place]] = {}
    for place, rows in _iter_places(symbols, columns):
        merged.setdefault(tuple(_merge_rows(rows, order)), []).append(place)
    return _draw(_join_blocks((places, rows) for rows, places in merged.items()), columns, width)


def order_nics(names: Iterable[str]) -> list[str]:
    """Return names of NIC models, each once, in the order of the list of models; variants last."""
    known = {nic_model: index for index, nic_model in enumerate(NIC_MODELS)}
    return sorted(set(names), key=lambda name: (known.get(name, len(known)), name))


def _iter_places(symbols: Mapping[CellKey, Symbol], columns: Sequence[str]) -> Iterator[tuple[Place, list[_Row]]]:
    places: dict[Place, dict[tuple[str, str], Symbol]] = {}
    for key, symbol in symbols.items():
        place = key.machine, key.platform_firmware, key.emulator
        places.setdefault(place, {})[key.scenario, key.nic_model] = symbol
    for place, own in sorted(places.items()):
        scenarios = sorted({scenario for scenario, _ in own}, key=natural_order)
        yield place, [_Row(name, tuple(own.get((name, column)) for column in columns)) for name in scenarios]


def _merge_rows(rows: Sequence[_Row], order: str) -> Iterator[_Row]:
    """Yield equal rows as one, worst first."""
    merged: dict[tuple[Symbol | None, ...], list[str]] = {}
    for row in rows:
        merged.setdefault(row.symbols, []).append(row.label)
    counted = sum(_is_counted(labels) for labels in merged.values())
    for symbols in sorted(merged, key=lambda one: min(order.index(symbol.mark) for symbol in one if symbol)):
        labels = merged[symbols]
        label = ", ".join(labels)
        if _is_counted(labels):
            some = f"{len(labels)} {'other ' if counted == 1 else ''}scenarios"
            label = f"all {len(rows)} scenarios" if len(labels) == len(rows) else some
        yield _Row(label, symbols)


def _is_counted(labels: Sequence[str]) -> bool:
    return len(labels) > 1 and len(", ".join(labels)) > LABEL_LENGTH


def _join_blocks(blocks: Iterable[tuple[Sequence[Place], Sequence[_Row]]]) -> list[_Row]:
    """Return all rows: under each place its scenarios; a later place that has one row only is that row."""
    joined: list[_Row] = []
    for places, rows in blocks:
        title = _name_places(places)
        if joined and len(rows) == 1:
            joined.append(_Row(f"{title}: {rows[0].label}", rows[0].symbols))
        else:
            joined += [_Row(title, ()), *(_Row(f"  {row.label}", row.symbols) for row in rows)]
    return joined


def _draw(rows: Sequence[_Row], columns: Sequence[str], width: int) -> list[Text]:
    """Return the lines of a matrix, whose first row is a title; the names of columns are beside it."""
    first = max((len(row.label) for row in rows), default=0)
    key: list[Text] = []
    gap = next((gap for gap in GAPS if first + sum(gap + len(name) for name in columns) <= width), None)
    if gap is None:
        gap, letters = 1, ascii_letters[: len(columns)]
        words = "  ".join(map(" = ".join, zip(letters, columns, strict=True)))
        key = [Text(line) for line in textwrap.wrap(words, width)]
        columns = letters
    lines = []
    for number, row in enumerate(rows):
        line = Text(row.label.ljust(first), style="" if row.symbols else "bold")
        if not number:
            line.append("".join(" " * gap + name for name in columns))
        for name, symbol in zip(columns, row.symbols, strict=False):
            before = gap + (len(name) - 1) // 2
            line.append(" " * before)
            line.append_text(symbol.text if symbol else Text(" "))
            line.append(" " * (gap + len(name) - before - 1))
        line.rstrip()
        lines.append(line)
    return [*lines, *key]


def _name_places(places: Sequence[Place]) -> str:
    """Return machines with their platform firmware and emulator: `q35, q35-virt with ovmf on qemu-11`."""
    machines: dict[tuple[str, str], list[str]] = {}
    for machine, firmware, emulator in places:
        machines.setdefault((firmware, emulator), []).append(machine)
    return "; ".join(
        f"{', '.join(names)}{tell_stack(firmware, emulator)}" for (firmware, emulator), names in machines.items()
    )


NUMBER_PATTERN = re.compile(r"(\d+)(k?)")


def natural_order(name: str) -> tuple[tuple[str, int], ...]:
    """Return a sort key by which `sizes[512]` comes before `sizes[2k]`, and that before `sizes[16k]`."""
    order: list[tuple[str, int]] = []
    end = 0
    for match in NUMBER_PATTERN.finditer(name):
        order.append((name[end : match.start()], int(match[1]) * (1024 if match[2] else 1)))
        end = match.end()
    return (*order, (name[end:], 0))


def legend(symbols: Iterable[Symbol], order: str) -> Text:
    """Return the legend of the symbols that were used, each mark once, in the order of marks."""
    meanings = {symbol.mark: symbol.meaning for symbol in symbols}
    return Text("   ".join(f"{mark} {meanings[mark]}" for mark in order if mark in meanings), style="dim")


def print_lines(console: Console, lines: Iterable[Text]) -> None:
    """Print lines that are not to be wrapped."""
    for line in lines:
        console.print(line, soft_wrap=True)


def print_text(console: Console, line: str, style: str = "") -> None:
    """Print a line that is not to be wrapped."""
    console.print(Text(line, style=style), soft_wrap=True)


def print_item(console: Console, sentence: str, place: str = "") -> None:
    """Print one item of a list, wrapped below itself, and below it where it was seen."""
    for words, first, rest, style in ((sentence, "  - ", "    ", ""), (place, "      ", "      ", "dim")):
        for line in textwrap.wrap(
            words, console.width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
        ):
            console.print(Text(line, style=style), soft_wrap=True)
