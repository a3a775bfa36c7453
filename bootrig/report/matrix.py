"""The matrix: scenarios down, NIC models across, one symbol a cell, readable without colour."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

from bootrig.scenario.trace import CellKey

ABSENT = Text(" ")


@dataclass(frozen=True, slots=True)
class Symbol:
    """How one state looks.

    Attributes:
        mark: the character.
        style: rich style, for those who see colour.
        meaning: what the legend says.
    """

    mark: str
    style: str
    meaning: str

    @property
    def text(self) -> Text:
        """The character in its colour."""
        return Text(self.mark, style=self.style)


def iter_matrices(symbols: Mapping[CellKey, Symbol], nic_order: Sequence[str] = ()) -> Iterator[Table]:
    """Yield one table for each machine, platform firmware and emulator.

    Args:
        symbols: what became of each cell.
        nic_order: the order of columns; NIC models that are not in it follow by name.
    """
    places = sorted({(key.machine, key.platform_firmware, key.emulator) for key in symbols})
    for place in places:
        own = {
            key: symbol
            for key, symbol in symbols.items()
            if (key.machine, key.platform_firmware, key.emulator) == place
        }
        machine, firmware, emulator = place
        title = f"{machine} with {firmware}" + ("" if emulator == "host" else f" on {emulator}")
        yield _matrix(title, own, nic_order)


def _matrix(title: str, symbols: Mapping[CellKey, Symbol], nic_order: Sequence[str]) -> Table:
    known = {nic_model: index for index, nic_model in enumerate(nic_order)}
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


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key by which `sizes[16k]` comes after `sizes[2k]`."""
    pieces: list[tuple[int, int, str]] = []
    number = ""
    for character in f"{name}\0":
        if character.isdecimal():
            number += character
            continue
        if number:
            pieces.append((0, int(number), ""))
            number = ""
        pieces.append((1, 0, character))
    return tuple(pieces)


def legend(symbols: Iterable[Symbol]) -> Text:
    """Return the legend of the symbols that were used, in the order given."""
    line = Text()
    for symbol in symbols:
        if line:
            line.append("   ")
        line.append(symbol.mark, style=symbol.style)
        line.append(f" {symbol.meaning}")
    return line
