"""Real guests that are frozen, and clones that go on from there."""

import asyncio
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.confinement.limits import MIB
from bootrig.emulator.definition.definition import MachineDefinition, make_virtual_clock
from bootrig.emulator.definition.parts import make_nic, make_user_netdev
from bootrig.emulator.errors import FreezeError
from bootrig.emulator.guest.freezing import FrozenGuest, save_state
from bootrig.emulator.guest.guest import start_direct_guest
from bootrig.emulator.guest.memory import is_sealed, make_memory_file, seal
from bootrig.emulator.release.discovery import Emulator
from tests.emulator.conftest import require_emulator

pytestmark = pytest.mark.rig
LIMIT_S = 60.0
LAST_WORD = b"Nothing to boot"
DEFINITION = MachineDefinition(machine_options={"graphics": False}, accelerator=make_virtual_clock()).adding(
    make_user_netdev(), make_nic("rtl8139", "net0")
)


@pytest.fixture(
    params=[
        "host",
        *(
            pytest.param(name, marks=[pytest.mark.slow, pytest.mark.network])
            for name in ("qemu-5.2", "qemu-10.0", "qemu-11")
        ),
    ]
)
def emulator(request: pytest.FixtureRequest, user_cache: Path) -> Emulator:
    return require_emulator(request.param)


async def freeze(emulator: Emulator, directory: Path) -> FrozenGuest:
    memory = make_memory_file(DEFINITION.memory_mib * MIB)
    async with start_direct_guest(emulator, DEFINITION, directory, memory=memory) as guest:
        await guest.resume()
        assert await guest.console.read_until(b"Press Ctrl-B")
        await guest.pause()
        guest_s = await guest.clock_s()
        state = await save_state(guest.session)
        with pytest.raises(OSError, match="busy"):
            seal(memory)
    seal(memory)
    return FrozenGuest(memory, state, (directory / "console.log").read_bytes(), guest_s)


async def go_on(emulator: Emulator, directory: Path, frozen: FrozenGuest | None) -> bytes:
    """Return what a guest prints up to its last word: a clone, or one that begins with power-on."""
    async with start_direct_guest(emulator, DEFINITION, directory, memory=frozen) as guest:
        if frozen is not None:
            assert await guest.clock_s() == frozen.guest_s
            assert guest.console.read_available() == frozen.console
        seen = b"" if frozen is None else frozen.console
        await guest.resume()
        while LAST_WORD not in seen:
            content = await guest.console.read()
            assert content, seen
            seen += content
        assert [event["event"] for event in guest.events] == ["RESUME"]
    assert seen in (directory / "console.log").read_bytes()
    return seen[: seen.index(LAST_WORD)]


def digest(descriptor: int) -> str:
    return hashlib.sha256(os.pread(descriptor, DEFINITION.memory_mib * MIB, 0)).hexdigest()


def test_clones_go_on_as_the_guest_would_have_and_change_nothing(emulator: Emulator, tmp_path: Path) -> None:
    async def act() -> None:
        frozen = await freeze(emulator, tmp_path)
        try:
            assert is_sealed(frozen.memory)
            assert is_sealed(frozen.state)
            before = digest(frozen.memory)
            cold = await go_on(emulator, tmp_path, None)
            clones = [await go_on(emulator, tmp_path, frozen) for _ in range(2)]
            assert clones == [cold, cold]
            assert digest(frozen.memory) == before
        finally:
            frozen.close()

    asyncio.run(asyncio.wait_for(act(), LIMIT_S))


def test_a_damaged_state_is_not_thawed(emulator: Emulator, tmp_path: Path) -> None:
    async def act() -> None:
        frozen = await freeze(emulator, tmp_path)
        damaged = make_memory_file(0)
        try:
            os.write(damaged, os.pread(frozen.state, os.fstat(frozen.state).st_size // 2, 0))
            with pytest.raises(FreezeError, match="does not thaw a guest"):
                await go_on(emulator, tmp_path, replace(frozen, state=damaged))
        finally:
            os.close(damaged)
            frozen.close()

    asyncio.run(asyncio.wait_for(act(), LIMIT_S))
