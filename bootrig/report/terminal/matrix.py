"""The matrix: scenarios down, NIC models across, one symbol a cell, readable without colour."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bootrig.trace.names import CellKey
from firmware.nic import NIC_MODELS

ABSENT = Text(" ")


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


def iter_matrices(symbols: Mapping[CellKey, Symbol]) -> Iterator[Table]:
    """Yield one table for each machine, platform firmware and emulator; variants of NIC models are the last columns."""
    places: dict[tuple[str, str, str], dict[CellKey, Symbol]] = {}
    for key, symbol in symbols.items():
        places.setdefault((key.machine, key.platform_firmware, key.emulator), {})[key] = symbol
    for (machine, firmware, emulator), own in sorted(places.items()):
        title = f"{machine} with {firmware}" + ("" if emulator == "host" else f" on {emulator}")
        yield _matrix(title, own)


def _matrix(title: str, symbols: Mapping[CellKey, Symbol]) -> Table:
    known = {nic_model: index for index, nic_model in enumerate(NIC_MODELS)}
    nic_models = sorted({key.nic_model for key in symbols}, key=lambda name: (known.get(name, len(known)), name))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column(title, no_wrap=True)
    for nic_model in nic_models:
        table.add_column(nic_model, justify="center", no_wrap=True)
    by_place = {(key.scenario, key.nic_model): symbol for key, symbol in symbols.items()}
    for scenario in sorted({key.scenario for key in symbols}, key=natural_order):
        row = (by_place.get((scenario, nic_model)) for nic_model in nic_models)
        table.add_row(Text(scenario), *(symbol.text if symbol else ABSENT for symbol in row))
    return table


NUMBER_PATTERN = re.compile(r"(\d+)(k?)")


def natural_order(name: str) -> tuple[tuple[str, int], ...]:
    """Return a sort key by which `sizes[512]` comes before `sizes[2k]`, and that before `sizes[16k]`."""
    order: list[tuple[str, int]] = []
    end = 0
    for match in NUMBER_PATTERN.finditer(name):
        order.append((name[end : match.start()], int(match[1]) * (1024 if match[2] else 1)))
        end = match.end()
    return (*order, (name[end:], 0))


def legend(symbols: Iterable[Symbol]) -> Text:
    """Return the legend of the symbols that were used, in the order given."""
    line = Text()
    for symbol in symbols:
        if line:
            line.append("   ")
        line.append(symbol.mark, style=symbol.style)
        line.append(f" {symbol.meaning}")
    return line


def print_item(console: Console, sentence: str, place: str = "") -> None:
    """Print one item of a list, wrapped below itself, and below it where it was seen."""
    for words, first, rest, style in ((sentence, "  - ", "    ", ""), (place, "      ", "      ", "dim")):
        for line in textwrap.wrap(words, console.width, initial_indent=first, subsequent_indent=rest):
            console.print(Text(line, style=style), soft_wrap=True)
