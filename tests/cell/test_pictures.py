"""Pictures of screens: when they are taken, what is written, what is no picture."""

import asyncio
import struct
import zlib
from pathlib import Path
from typing import cast

import pytest

from bootrig.cell.pictures import MOST, Photographer, encode_png
from bootrig.cell.stage import CellStage
from bootrig.emulator.errors import PictureError
from bootrig.emulator.guest.guest import Guest
from bootrig.emulator.guest.picture import Picture
from bootrig.trace.trace import ScreenPicture
from tests.cell.scripted_guest import NONCE, REAL, ScriptedGuest, make_scenario

RED, BLUE = Picture(1, 1, b"\xff\0\0"), Picture(1, 1, b"\0\0\xff")


def read_png(content: bytes) -> tuple[int, int, bytes]:
    """Return width, height and rows of a PNG file whose sums are right."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    place, found = 8, {}
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        kind, inner = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", content, place + 8 + length) == (zlib.crc32(kind + inner),)
        found[kind] = inner
        place += 12 + length
    width, height, *form = struct.unpack(">IIBBBBB", found[b"IHDR"])
    assert (form, found[b"IEND"]) == ([8, 2, 0, 0, 0], b"")
    return width, height, zlib.decompress(found[b"IDAT"])


def test_a_picture_becomes_a_png() -> None:
    assert read_png(encode_png(Picture(2, 2, bytes(range(12))))) == (2, 2, b"\0\0\1\2\3\4\5\0\6\7\x08\x09\x0a\x0b")


class Screen(ScriptedGuest):
    """Shows one picture after the other, and an error where there is none."""

    def __init__(self, *shown: Picture | None) -> None:
        super().__init__((), {}, 0.0, "seabios", Path("none"))
        self.shown = list(shown)

    async def take_picture(self) -> Picture:
        await asyncio.sleep(0.01)
        picture = self.shown.pop(0)
        if picture is None:
            raise PictureError("dark")
        return picture


def photograph(directory: Path, screen: Screen, *milestones: str, is_cancelled: bool = False) -> list[ScreenPicture]:
    async def run() -> list[ScreenPicture]:
        stage = CellStage(cast(Guest, screen), make_scenario(directory), NONCE, REAL)
        photographer = Photographer(cast(Guest, screen), stage, directory)
        watching = asyncio.create_task(photographer.watch())
        for name in milestones:
            stage.note_milestone(name, "")
            await stage.take("", None)
            await asyncio.sleep(0.005 if is_cancelled else 0.03)
        watching.cancel()
        await photographer.take("end")
        return photographer.pictures

    return asyncio.run(run())


def test_pictures_are_taken_at_milestones_and_at_the_end(tmp_path: Path) -> None:
    async def run() -> Screen:
        return Screen(RED, None, BLUE, BLUE)

    screen = asyncio.run(run())
    pictures = photograph(tmp_path, screen, "a", "b", "c")
    assert pictures == [
        ScreenPicture("screen-1.png", "a"),
        ScreenPicture("screen-2.png", "c"),
        ScreenPicture("screen-2.png", "end"),
    ]
    assert [read_png((tmp_path / f"screen-{n}.png").read_bytes())[2][1:] for n in (1, 2)] == [RED.pixels, BLUE.pixels]


def test_a_picture_that_is_being_taken_when_the_boot_ends_is_finished_first(tmp_path: Path) -> None:
    async def run() -> Screen:
        return Screen(RED, BLUE)

    pictures = photograph(tmp_path, asyncio.run(run()), "a", is_cancelled=True)
    assert [picture.milestone for picture in pictures] == ["a", "end"]


def test_there_are_not_more_than_so_many(tmp_path: Path) -> None:
    async def run() -> Screen:
        return Screen(*[RED, BLUE] * MOST)

    assert len(photograph(tmp_path, asyncio.run(run()), *map(str, range(MOST + 2)))) == MOST


@pytest.mark.parametrize("screen", [True, False])
def test_a_screen_is_asked_for_by_the_scenario(screen: bool, tmp_path: Path) -> None:
    scenario = make_scenario(tmp_path, head=f'report = "nbp"\nscreen = {str(screen).lower()}\n')
    assert scenario.guest.screen is screen
