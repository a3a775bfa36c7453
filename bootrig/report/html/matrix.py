"""The matrix: scenarios down, NIC models across, a box a cell that is split by sides and coloured by outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bootrig.report.terminal.matrix import Symbol, natural_order, order_nics
from bootrig.trace.names import CellKey, tell_stack

TONES: Mapping[str, str] = {
    "!": "regressed", "%": "regressed", "u": "unconfirmed", "~": "changed", "+": "improved", ".": "same", "r": "same",
    "<": "one", ">": "one", "?": "broken", "i": "broken", "o": "changed", "t": "changed", "F": "regressed",
    "x": "neither", "k": "neither", "f": "changed",
}  # fmt: skip
"""The colours of marks."""


@dataclass(frozen=True, slots=True)
class Half:
    """A side's part of a box: its colour, and what it says."""

    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Box:
    """A cell of the matrix."""

    anchor: str
    mark: str
    tone: str
    title: str
    halves: tuple[Half, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario, and its cells by NIC (None for none)."""

    label: str
    boxes: tuple[Box | None, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A machine with its platform firmware and emulator, and the scenarios that were tried there."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class MatrixView:
    """The whole matrix, and what its marks mean."""

    nics: tuple[str, ...]
    places: tuple[Place, ...]
    legend: tuple[tuple[str, str, str], ...]
    is_split: bool


def draw_matrix(
    symbols: Mapping[tuple[str, CellKey], Symbol], make_box: Callable[[str, CellKey, Symbol], Box]
) -> MatrixView:
    """Return the matrix of cells of one side or several, by label and key; they look as the symbols say."""
    nics = tuple(order_nics(key.nic_model for _, key in symbols))
    places: dict[tuple[str, ...], dict[str, dict[str, Box]]] = {}
    for (label, key), symbol in symbols.items():
        place = places.setdefault((label, key.machine, key.platform_firmware, key.emulator), {})
        place.setdefault(key.scenario, {})[key.nic_model] = make_box(label, key, symbol)
    several = len({label for label, _ in symbols}) > 1
    drawn = tuple(
        Place(
            f"{label}: {name_place(*place)}" if several else name_place(*place),
            tuple(Row(name, tuple(map(rows[name].get, nics))) for name in sorted(rows, key=natural_order)),
        )
        for (label, *place), rows in sorted(places.items())
    )
    legend = {symbol.mark: (symbol.mark, TONES[symbol.mark], symbol.meaning) for symbol in symbols.values()}
    boxes = [box for place in drawn for row in place.rows for box in row.boxes if box is not None]
    return MatrixView(nics, drawn, tuple(legend.values()), any(len(box.halves) > 1 for box in boxes))


def name_place(machine: str, platform_firmware: str, emulator: str) -> str:
    """Return machine, platform firmware and emulator in words."""
    return f"{machine}{tell_stack(platform_firmware, emulator)}"
