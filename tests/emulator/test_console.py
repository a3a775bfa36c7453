"""The console's two pipes, without QEMU."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from bootrig.emulator.errors import EmulatorError, SessionEndedError
from bootrig.emulator.guest import console as consoles
from bootrig.emulator.guest.console import Console, ConsolePipes

LIMIT_S = 10.0


def with_console(directory: Path, act: Callable[[Console, BinaryIO, BinaryIO], Awaitable[Any]]) -> Any:
    """Do `act` with a console, the guest's output and the guest's input."""

    async def run() -> Any:
        pipes = ConsolePipes()
        pipes.link(directory)
        with (
            (directory / "console.out").open("r+b", buffering=0) as out,
            (directory / "console.in").open("r+b", buffering=0) as typed,
        ):
            console = await pipes.open_console()
            assert not pipes.path.with_name("console.out").exists()
            try:
                async with asyncio.timeout(LIMIT_S):
                    return await act(console, out, typed)
            finally:
                console.close()
                console.close()
                pipes.close()

    return asyncio.run(run())


def test_both_ways(tmp_path: Path) -> None:
    async def act(console: Console, out: BinaryIO, typed: BinaryIO) -> None:
        out.write(b"hello ")
        out.write(b"rig")
        assert await console.read() == b"hello rig"
        assert console.read_available() == b""
        console.write(b"hello guest")
        assert typed.read(100) == b"hello guest"

    with_console(tmp_path, act)


def test_the_end(tmp_path: Path) -> None:
    async def act(console: Console, out: BinaryIO, typed: BinaryIO) -> None:
        out.write(b"last words")
        out.close()
        assert await console.read() == b"last words"
        assert await console.read() == b""
        with pytest.raises(SessionEndedError, match="the guest's console is closed"):
            console.write(b"x")

    with_console(tmp_path, act)


def test_a_guest_that_does_not_read(tmp_path: Path) -> None:
    async def act(console: Console, out: BinaryIO, typed: BinaryIO) -> None:
        with pytest.raises(SessionEndedError, match="the guest does not read what is typed on its console"):
            for _ in range(100):
                console.write(b"x" * 4096)

    with_console(tmp_path, act)


def test_a_guest_that_prints_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consoles, "UNREAD_LIMIT", 1000)

    async def act(console: Console, out: BinaryIO, typed: BinaryIO) -> None:
        for number in range(10):
            out.write(bytes([number]) * 300)
            await asyncio.sleep(0.01)
        assert await console.read() == b"\x06" * 100 + b"\x07" * 300 + b"\x08" * 300 + b"\x09" * 300
        assert console.lost == 2000

    with_console(tmp_path, act)


def test_reading_until_a_text_in_two_pieces(tmp_path: Path) -> None:
    async def act(console: Console, out: BinaryIO, typed: BinaryIO) -> None:
        shown: list[bytes] = []
        reading = asyncio.create_task(console.read_until(b"sung", shown.append))
        for part in (b"x" * 100 + b"su", b"ng and more"):
            out.write(part)
            await asyncio.sleep(0.01)
        assert await reading
        assert b"".join(shown) == b"x" * 100 + b"sung and more"

    with_console(tmp_path, act)


@pytest.mark.parametrize("wanted", [b"sung", b""])
def test_reading_until_qemu_is_gone(wanted: bytes, tmp_path: Path) -> None:
    async def act(console: Console, out: BinaryIO, typed: BinaryIO) -> None:
        out.write(b"s-u-n-g")
        await asyncio.sleep(0.01)
        console.close()
        assert not await console.read_until(wanted)

    with_console(tmp_path, act)


def test_no_place_for_pipes(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match=r"cannot make a link in .*: No such file or directory") as caught:
        ConsolePipes().link(tmp_path / "missing")
    assert caught.value.remedy == "name another run directory with --runs"
