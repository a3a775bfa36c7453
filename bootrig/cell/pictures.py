"""Pictures of a guest's screen at the milestones that its console shows, and at the end, as PNG files.

Format: Portable Network Graphics, third edition (https://www.w3.org/TR/png-3/), 5 and 11.2. What QEMU wrote is read and
written anew, so that nothing of it reaches whoever looks at a report.
"""

import asyncio
import logging
import struct
import zlib
from pathlib import Path
from typing import NoReturn

from bootrig.cell.stage import CellStage
from bootrig.emulator.errors import EmulatorError
from bootrig.emulator.guest.guest import Guest
from bootrig.emulator.guest.picture import Picture
from bootrig.trace.trace import ScreenPicture

logger = logging.getLogger(__name__)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRUE_COLOUR, DEPTH = 2, 8
MOST = 16
END = "end"


class Photographer:
    """Takes pictures of the screen of a guest.

    Attributes:
        pictures: those that were taken.
    """

    def __init__(self, guest: Guest, stage: CellStage, directory: Path) -> None:
        self.pictures: list[ScreenPicture] = []
        self._guest = guest
        self._stage = stage
        self._directory = directory
        self._last: Picture | None = None
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def watch(self) -> NoReturn:
        """Take a picture at each milestone that the console shows."""
        taken = 0
        while True:
            await self._stage.await_milestones(taken + 1)
            taken = len(self._stage.milestones)
            # QEMU would take the descriptor of the next picture for that of one that is not finished
            self._task = asyncio.create_task(self.take(self._stage.milestones[-1].name))
            await asyncio.shield(self._task)

    async def take(self, milestone: str) -> None:
        """Take a picture, after one that is being taken; a boot of which there is none is not worse for that."""
        async with self._lock:
            if len(self.pictures) < MOST:
                await self._take(milestone)

    async def _take(self, milestone: str) -> None:
        try:
            picture = await self._guest.take_picture()
        except EmulatorError as error:
            logger.warning("there is no picture of the screen at %s: %s", milestone, error)
            return
        if picture == self._last:
            file = self.pictures[-1].file
        else:
            file = f"screen-{len(self.pictures) + 1}.png"
            (self._directory / file).write_bytes(encode_png(picture))
            self._last = picture
        self.pictures.append(ScreenPicture(file, milestone))


def encode_png(picture: Picture) -> bytes:
    """Return a picture as a PNG file."""
    stride = picture.width * 3
    rows = (picture.pixels[start : start + stride] for start in range(0, len(picture.pixels), stride))
    header = struct.pack(">IIBBBBB", picture.width, picture.height, DEPTH, TRUE_COLOUR, 0, 0, 0)
    unfiltered = b"".join(b"\0" + row for row in rows)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(unfiltered)), (b"IEND", b"")
    return SIGNATURE + b"".join(_encode_chunk(kind, content) for kind, content in chunks)


def _encode_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
