"""Freezing a guest at a place of its boot, and thawing clones that go on from there.

What a guest has written to its memory stays in the file that its memory is (`memory.py`); everything else, its devices'
state, leaves and enters QEMU by a socket, as in a migration. Regular files QEMU 11 takes by name only, and a confined
one sees none.

Sources: qapi/migration.json and migration/ of QEMU 5.2 to 11.
"""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from bootrig.deadline import Deadline
from bootrig.emulator.errors import EmulatorError, FreezeError
from bootrig.emulator.guest.memory import is_sealed, make_memory_file, seal
from bootrig.emulator.monitor.session import QmpSession

STATE_NAME = "state"
# Memory in files that are shared, and those that a clone has of its own, do not travel.
CAPABILITIES = {"capabilities": [{"capability": "x-ignore-shared", "state": True}]}
# Devices are flash and video memory, too; of known guests 0.4 to 5 MB.
STATE_LIMIT = 128 << 20
# What is told of a frozen guest beside its memory and its devices; a console has 1 KB when its guest is frozen.
TOLD_LIMIT = 1 << 20
CHUNK_LENGTH = 1 << 20
FREEZE_S, THAW_S = 20.0, 20.0
PERIOD_S = 0.001


@dataclass(frozen=True, slots=True)
class FrozenGuest:
    """A guest that was stopped on its way, and the descriptors of what is left of it.

    Attributes:
        memory: its memory, a sealed memfd.
        state: the state of its devices, a sealed memfd.
        console: what it had printed.
        guest_s: its clock, in whole seconds since power-on.
        events: the QMP events until then, but for those of its start and its stop.
    """

    memory: int
    state: int
    console: bytes
    guest_s: float
    events: tuple[Mapping[str, Any], ...] = ()

    def close(self) -> None:
        """Close the descriptors."""
        os.close(self.memory)
        os.close(self.state)

    def tell(self) -> bytes:
        """Return all but the descriptors, for `find_frozen_guest`."""
        told = {"console": self.console.decode("latin-1"), "guest_s": self.guest_s, "events": self.events}
        return json.dumps(told).encode()


def find_frozen_guest(memory: int, state: int, told: bytes) -> FrozenGuest:
    """Return a frozen guest of which these are the memory and the state, and what it has told of the rest.

    Raises:
        FreezeError: they are not those of a frozen guest.
    """
    if not (is_sealed(memory) and is_sealed(state)):
        raise FreezeError("the memory or the state of a frozen guest can be changed")
    try:
        found = json.loads(told)
        console = found["console"].encode("latin-1")
        return FrozenGuest(memory, state, console, float(found["guest_s"]), tuple(found["events"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FreezeError("what is told of a frozen guest makes no sense") from error


async def save_state(session: QmpSession) -> int:
    """Return the descriptor of a sealed memfd with the state of the devices of a guest that is stopped.

    The guest cannot go on then.

    Raises:
        FreezeError: this QEMU cannot do it, or the state is too long.
        EmulatorError: QEMU does not answer.
    """
    deadline = Deadline.after(FREEZE_S, "QEMU saves a guest's state")
    state = make_memory_file(0)
    with _translated("freeze"), _closed_on_error(state):
        async with _open_channel(session) as (reader, _):
            await session.execute("migrate-set-capabilities", CAPABILITIES)
            await session.execute("migrate-set-parameters", {"max-bandwidth": 1 << 40})
            await session.execute("migrate", {"uri": f"fd:{STATE_NAME}"})
            async with asyncio.timeout(deadline.limit_s):
                await _receive(reader, state)
        await _await_status(session, "query-migrate", "completed", deadline)
        await _await_status(session, "query-status", "postmigrate", deadline)
        seal(state)
    return state


async def load_state(session: QmpSession, frozen: FrozenGuest) -> None:
    """Give a QEMU that waits for a guest the state of its devices; the guest is paused then.

    Raises:
        FreezeError: this QEMU cannot do it.
        EmulatorError: QEMU does not answer.
    """
    deadline = Deadline.after(THAW_S, "QEMU loads a guest's state")
    with _translated("thaw"):
        async with _open_channel(session) as (_, writer):
            await session.execute("migrate-set-capabilities", CAPABILITIES)
            # QEMU would announce the guest by packets that it has not sent
            await session.execute("migrate-set-parameters", {"announce-rounds": 0})
            await session.execute("migrate-incoming", {"uri": f"fd:{STATE_NAME}"})
            async with asyncio.timeout(deadline.limit_s):
                await _send(writer, frozen.state)
        await _await_status(session, "query-migrate", "completed", deadline)
        await _await_status(session, "query-status", "paused", deadline)


@contextmanager
def _closed_on_error(descriptor: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.close(descriptor)
        raise


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """While inside, what comes up means that a guest is not frozen or thawed."""
    try:
        yield
    except FreezeError:
        raise
    except (EmulatorError, OSError) as error:
        why = "it takes too long" if isinstance(error, TimeoutError) else str(error).partition("\n")[0]
        raise FreezeError(f"QEMU does not {what} a guest: {why}") from error


@asynccontextmanager
async def _open_channel(session: QmpSession) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Yield this end of a socket whose other end QEMU has, as `STATE_NAME`."""
    near, far = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=near)
    try:
        with far:
            await session.send_file_descriptor(far.fileno(), STATE_NAME)
        yield reader, writer
    finally:
        writer.close()


async def _receive(reader: asyncio.StreamReader, state: int) -> None:
    length = 0
    while content := await reader.read(CHUNK_LENGTH):
        length += len(content)
        if length > STATE_LIMIT:
            raise FreezeError(f"the state of the guest's devices has more than {STATE_LIMIT >> 20} MiB")
        os.write(state, content)


async def _send(writer: asyncio.StreamWriter, state: int) -> None:
    offset = 0
    while content := os.pread(state, CHUNK_LENGTH, offset):
        writer.write(content)
        await writer.drain()
        offset += len(content)
    writer.close()
    await writer.wait_closed()


async def _await_status(session: QmpSession, command: str, wanted: str, deadline: Deadline) -> None:
    """Ask until QEMU says that it has come so far; there is no event for it without asking for events of migration."""
    while (status := (await session.execute(command)).get("status")) != wanted:
        if status == "failed" or deadline.passed:
            raise FreezeError(f"QEMU says that the state of the guest is {status}, and not {wanted}")
        await asyncio.sleep(PERIOD_S)
