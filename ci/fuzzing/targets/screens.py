"""Screens of guests: consoles that are drawn, asciicasts of a run from elsewhere, pictures that QEMU writes."""

from collections.abc import Sequence

from bootrig.cell.pictures import encode_png
from bootrig.emulator.errors import PictureError
from bootrig.emulator.guest.picture import parse_picture
from bootrig.report.html.screens import draw_screens
from bootrig.trace.cast import CastError, CastEvent, CastKind, encode_cast, parse_cast
from bootrig.trace.reading.console import COLUMNS, ROWS
from ci.fuzzing.target import Target, require
from ci.fuzzing.targets.network import CONSOLE_WORDS, make_consoles


def make_casts() -> Sequence[bytes]:
    """Return asciicasts of what firmware writes."""
    return tuple(
        encode_cast(
            "cell",
            [
                CastEvent(1.5, CastKind.OUTPUT, text.decode("cp437")),
                CastEvent(2, CastKind.MARKER, "dhcp-ack"),
            ],
        )
        for text in make_consoles()
    )


def draw(content: bytes) -> None:
    """Draw a console as a terminal shows it."""
    for view in draw_screens([CastEvent(0, CastKind.OUTPUT, content.decode("cp437"))]):
        require(len(view.rows) <= ROWS, "a screen's rows")
        require(all(sum(len(run.text) for run in row) <= COLUMNS for row in view.rows), "a screen's columns")


TARGETS = (
    Target("screen", 5_000, make_consoles, draw, (), (*CONSOLE_WORDS, b"\x1b[?", b"\x1b[9K", b"\x0e", b"\x9b")),
    Target("cast", 10_000, make_casts, lambda content: draw_screens(parse_cast(content)), (CastError,)),
    Target(
        "picture",
        15_000,
        lambda: (b"P6\n2 1\n255\nabcdef", b"P6\n# QEMU\n1 2\n255\nabcdef"),
        lambda content: encode_png(parse_picture(content)),
        (PictureError,),
        (b"P6\n", b"9999 9999\n", b"255\n"),
    ),
)
