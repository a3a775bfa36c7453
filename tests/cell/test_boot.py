"""How a guest begins: from a prefix, or cold where that cannot be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

import bootrig.cell.boot
from bootrig.cell.boot import _start
from bootrig.cell.confinement import Prepared
from bootrig.cell.sharing import Prefix
from bootrig.emulator.errors import FreezeError
from bootrig.emulator.guest.freezing import FrozenGuest
from tests.cell.test_machine import make_cell

# as OVMF resets itself before its first packet
PREFIX = Prefix("key", FrozenGuest(3, 4, b"", 2.0, ({"event": "RESET", "data": {"guest": True}},)))


@pytest.mark.parametrize(
    ("prefix", "refuses", "tried", "is_clone"),
    [
        (None, False, [False], False),
        (PREFIX, False, [True], True),
        (PREFIX, True, [True, False], False),
    ],
)
def test_a_guest_that_cannot_be_cloned_boots_cold(
    prefix: Prefix | None, refuses: bool, tried: list[bool], is_clone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    @asynccontextmanager
    async def start_guest(*_words: Any, memory: FrozenGuest | None, **_options: Any) -> AsyncIterator[str]:
        asked.append(memory is not None)
        if refuses and memory is not None:
            raise FreezeError("not here")
        yield "guest"

    async def start() -> tuple[Any, Any]:
        specification = make_cell()
        async with AsyncExitStack() as stack:
            return await _start(stack, specification, Prepared(prefix=prefix), specification.guest, 9)

    monkeypatch.setattr(bootrig.cell.boot, "start_guest", start_guest)
    guest, use = asyncio.run(start())
    assert (guest, asked) == ("guest", tried)
    assert (use == PREFIX.use) is is_clone
