"""Typing at a guest's console: key by key, as the guest takes them."""

import asyncio
import re
from contextlib import suppress
from typing import NoReturn

from bootrig.emulator.guest.console import Console

# A guest takes one key at a time: a BIOS looks at its serial port on timer ticks and keeps 15 keys; more are lost. So
# each key waits for the echo of the one before, for those without echo so long.
ECHO_S = 0.1
KEYS = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~])?|.", re.DOTALL)


class Typist:
    """Types at a console.

    Args:
        console: the guest's.
        printed: notified whenever the guest has printed something.
    """

    def __init__(self, console: Console, printed: asyncio.Condition) -> None:
        self._console = console
        self._printed = printed
        self._keys: asyncio.Queue[bytes] = asyncio.Queue()

    def type(self, content: bytes) -> None:
        """Let `content` be typed, key by key; a key that sends an escape sequence is one."""
        for key in KEYS.findall(content):
            self._keys.put_nowait(key)

    async def run(self) -> NoReturn:
        """Type what is to be typed as the guest takes it."""
        while True:
            self._console.write(await self._keys.get())
            with suppress(TimeoutError):
                async with asyncio.timeout(ECHO_S), self._printed:
                    await self._printed.wait()
