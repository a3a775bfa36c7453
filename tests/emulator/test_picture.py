"""Pictures as QEMU writes them, and what is refused."""

import asyncio
import os
from pathlib import Path
from typing import Any, cast

import pytest

from bootrig.emulator.errors import EmulatorError, PictureError, SessionEndedError
from bootrig.emulator.guest.picture import Picture, parse_picture, take_picture
from bootrig.emulator.monitor.session import QmpSession


class Session:
    """A QEMU that writes `content`, or fails of `screendump`."""

    def __init__(self, content: bytes, error: EmulatorError | None = None) -> None:
        self.commands: list[str] = []
        self._content, self._error = content, error
        self._descriptor = -1

    async def add_file_descriptor(self, file_descriptor: int, fdset: int) -> None:
        self.commands.append(f"add-fd {fdset}")
        self._descriptor = os.dup(file_descriptor)

    async def execute(self, command: str, arguments: dict[str, Any]) -> None:
        self.commands.append(f"{command} {next(iter(arguments.values()))}")
        if command == "remove-fd":
            os.close(self._descriptor)
        elif self._error is not None:
            raise self._error
        else:
            os.write(self._descriptor, self._content)


def take(session: Session, directory: Path) -> Picture:
    return asyncio.run(take_picture(cast(QmpSession, session), directory))


def test_a_picture_is_taken_and_nothing_is_left(tmp_path: Path) -> None:
    session = Session(b"P6\n2 1\n255\nabcdef")
    assert take(session, tmp_path) == Picture(2, 1, b"abcdef")
    assert session.commands == ["add-fd 1", "screendump /dev/fdset/1", "remove-fd 1"]
    assert list(tmp_path.iterdir()) == []


def test_a_guest_without_a_screen_has_no_picture(tmp_path: Path) -> None:
    session = Session(b"", SessionEndedError("there is no console to take a screendump from"))
    with pytest.raises(SessionEndedError):
        take(session, tmp_path)
    assert session.commands[-1] == "remove-fd 1"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it begins with $"),
        (b"P3\n1 1\n255\n", "not a PPM file: it begins with 50 33"),
        (b"P6\n0 1\n255\n", "not a PPM file"),
        (b"P6\n99999 1\n255\n", "not a PPM file"),
        (b"P6\n1 1\n65535\nabcdef", "not a PPM file"),
        (b"P6\n2 1\n255\nabc", "the picture of 2 x 1 pixels has 3 bytes; expected 6"),
        (b"P6\n1 1\n255\nabcd", "has 4 bytes; expected 3"),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        parse_picture(content)
