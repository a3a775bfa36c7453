"""What the templates show, as values: text is as guests and files have it, and is escaped where it is put on the page.

A `tone` is the name of a colour of the style sheet, an `anchor` the name of a place on the page.
"""

from dataclasses import dataclass, field

from bootrig.report.html.bars import Bars
from bootrig.report.html.chart import Chart
from bootrig.report.html.console import ConsoleView
from bootrig.report.html.downloads import Download
from bootrig.report.html.matrix import MatrixView
from bootrig.report.html.screens import ScreenView


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a place on the page."""

    label: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseView:
    """One of the worst causes: what, where, why, whom it hits, what can be done about it, where it is to be seen."""

    name: str
    tone: str
    where: str
    origin: str
    sentences: tuple[str, ...]
    whys: tuple[str, ...] = ()
    hits: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    waiver: str = ""
    links: tuple[Link, ...] = ()
    unlinked: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence, and where it is so."""

    sentence: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """Sentences under a heading."""

    heading: str
    tone: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class SideView:
    """A side: its label, the ROM set as the user named it, what is known of it."""

    label: str
    name: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RomRow:
    """A ROM file: on each side its digest and the length of its BAR, empty where that side lacks it."""

    file: str
    digests: tuple[str, ...]
    bars: tuple[str, ...]
    bar_differs: bool


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A difference in a cell, and the part of the cell in which it is to be seen (None for none)."""

    name: str
    tone: str
    sentence: str
    origin: str
    evidence: Link | None


@dataclass(frozen=True, slots=True)
class BootView:
    """A boot as a cell of the table of attempts."""

    words: str
    tone: str
    is_counted: bool
    times: str
    directory: str


@dataclass(frozen=True, slots=True)
class AttemptView:
    """An attempt: its name and clock, and the boot of each side (None for none)."""

    name: str
    clock: str
    boots: tuple[BootView | None, ...]


@dataclass(frozen=True, slots=True)
class FindingView:
    """What lint found in the ROM of a cell."""

    side: str
    severity: str
    tone: str
    message: str
    rule: str


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture of the screen: what it is of, and a `data:` address."""

    label: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """A cell with its evidence; `sides` has the labels of those that have a boot."""

    anchor: str
    name: str
    place: str
    mark: str
    tone: str
    state: str
    words: str
    sides: tuple[str, ...] = ()
    is_worst: bool = False
    problem: str = ""
    differences: tuple[DifferenceView, ...] = ()
    bars: Bars | None = None
    chart: Chart | None = None
    console: ConsoleView | None = None
    same_console: Link | None = None
    screens: tuple[tuple[ScreenView, ...], ...] = ()
    pictures: tuple[PictureView, ...] = ()
    attempts: tuple[AttemptView, ...] = ()
    findings: tuple[FindingView, ...] = ()
    downloads: tuple[Download, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole report.

    Attributes:
        title: of the window.
        sides: words for what was booted: `ipxe-debian-12 -> ipxe-debian-13`.
        facts: when, with what, how long.
        answer: the verdict's word, or how boots ended in short.
        reason: the rest of that sentence.
        tone: its colour.
        notes: what people should know.
        worst: the worst causes.
        more: how many more there are, in words.
        whole: facts about whole ROMs.
        matrix: scenarios and NICs.
        side_views: each side with what is known of it.
        roms: the ROM files of all sides, those that differ in their BARs first.
        rom_words: what the BARs say in a sentence.
        command: the line that repeats the run; empty where nobody typed one.
        items: everything else that is told, by headings.
        cells: the cells, worst first.
    """

    title: str
    sides: str
    facts: tuple[str, ...]
    answer: str
    reason: str
    tone: str
    notes: tuple[str, ...] = ()
    worst: tuple[CauseView, ...] = ()
    more: str = ""
    whole: tuple[Item, ...] = ()
    matrix: MatrixView | None = None
    side_views: tuple[SideView, ...] = ()
    roms: tuple[RomRow, ...] = ()
    rom_words: str = ""
    command: str = ""
    items: tuple[Items, ...] = ()
    cells: tuple[CellView, ...] = field(default=())
