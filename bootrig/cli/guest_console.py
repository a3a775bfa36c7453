"""A guest of the user's own with its console on this terminal."""

import asyncio
import os
import sys
import time
from pathlib import Path

from bootrig.cli.guest_text import GuestText
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.launch import Launch
from bootrig.emulator.guest.guest import Guest
from bootrig.emulator.launch import start_guest
from bootrig.emulator.release.discovery import Emulator
from bootrig.errors import ExitStatus


def run_guest(
    definition: MachineDefinition, launch: Launch, emulator: Emulator, directory: Path, *, until: str, limit_s: float
) -> ExitStatus:
    """Run a guest until it shuts down, has shown a text, or a limit comes.

    Args:
        definition: what runs.
        launch: how it is started.
        emulator: the QEMU.
        directory: its run directory.
        until: the text; empty for none.
        limit_s: seconds of wall time.

    Raises:
        EmulatorError: QEMU broke.
    """
    good = asyncio.run(_show(definition, launch, emulator, directory, until, limit_s))
    return ExitStatus.GOOD if good else ExitStatus.BAD


async def _show(
    definition: MachineDefinition, launch: Launch, emulator: Emulator, directory: Path, until: str, limit_s: float
) -> bool:
    """Run a guest with its console on standard input and output until it ends; returns whether that is as wanted."""
    async with start_guest(launch, emulator, definition, directory) as guest:
        started_s = time.monotonic()
        await guest.resume()
        tasks = [
            asyncio.create_task(_copy_console(guest, until.encode())),
            asyncio.create_task(_await_shutdown(guest)),
            asyncio.create_task(guest.watch()),
        ]
        typing = _start_typing(guest)
        try:
            done, _ = await asyncio.wait(tasks, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            seen = tasks[0] in done
            guest_s = await guest.clock_s()
        finally:
            if typing is not None:
                asyncio.get_running_loop().remove_reader(typing)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    how = "found" if seen else "shut down" if done else f"still running after {limit_s:g} s"
    print(f"\n{how}: {guest_s} guest seconds, {time.monotonic() - started_s:.1f} s", file=sys.stderr)
    return seen or (bool(done) and not until)


def _start_typing(guest: Guest) -> int | None:
    """Pass what is typed on standard input to the guest, where there is a terminal; returns its file descriptor."""
    if not sys.stdin.isatty():
        return None
    descriptor = sys.stdin.fileno()
    asyncio.get_running_loop().add_reader(descriptor, lambda: guest.console.write(os.read(descriptor, 4096)))
    return descriptor


async def _copy_console(guest: Guest, until: bytes) -> None:
    """Copy what is harmless of the console to standard output until it has shown `until`, or for ever."""
    text = GuestText()

    def show(content: bytes) -> None:
        sys.stdout.buffer.write(text.feed_bytes(content).encode())
        sys.stdout.buffer.flush()

    if not await guest.console.read_until(until, show):
        await asyncio.Event().wait()  # QEMU is gone: the watcher says why


async def _await_shutdown(guest: Guest) -> None:
    with guest.session.subscribe("SHUTDOWN") as shutdowns:
        await shutdowns.get()
