"""Pictures of a guest's screen, by QMP's `screendump`.

QEMU has no directory to write into: it gets a file that is open. The format is PPM, which every QEMU writes (PNG came
with 7.1), and of which little has to be read: Netpbm, ppm(5).
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from bootrig.emulator.errors import PictureError
from bootrig.emulator.monitor.session import QmpSession

# 4096 x 2160 pixels are more than the memory of QEMU's VGA has.
LONGEST = 27 << 20
FDSET, FILE = 1, "screen.ppm"
_HEADER = re.compile(rb"P6\n(?:#[^\n]{0,80}\n)?([1-9]\d{0,3}) ([1-9]\d{0,3})\n255\n")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: its width and height, and three bytes a pixel, row by row: red, green, blue."""

    width: int
    height: int
    pixels: bytes


async def take_picture(session: QmpSession, directory: Path) -> Picture:
    """Return what a guest's screen shows; in `directory` there is a file for a moment.

    Raises:
        PictureError: QEMU wrote none, or one that is too large.
        EmulatorError: QEMU does not answer, the guest has no screen, or the transport cannot send descriptors.
        OSError: the file cannot be made.
    """
    path = directory / FILE
    with path.open("w+b") as file:
        # QEMU wants a file that can only be written
        writing = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        path.unlink()
        try:
            await session.add_file_descriptor(writing, FDSET)
        finally:
            os.close(writing)
        try:
            await session.execute("screendump", {"filename": f"/dev/fdset/{FDSET}"})
        finally:
            await session.execute("remove-fd", {"fdset-id": FDSET})
        return parse_picture(file.read(LONGEST + 1))


def parse_picture(content: bytes) -> Picture:
    """Return the picture in a PPM file.

    Raises:
        PictureError: it is not one, or too large.
    """
    header = _HEADER.match(content)
    if header is None:
        raise PictureError(f"the picture of the screen is not a PPM file: it begins with {content[:16].hex(' ')}")
    width, height = int(header[1]), int(header[2])
    found, expected = len(content) - header.end(), width * height * 3
    if found != expected or len(content) > LONGEST:
        raise PictureError(f"the picture of {width} x {height} pixels has {found} bytes; expected {expected}")
    return Picture(width, height, content[header.end() :])
