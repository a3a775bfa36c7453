"""A guest of the user's own with its console on this terminal."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bootrig.cell.keys import Typist
from bootrig.cli.guest_text import GuestText
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.launch import Launch
from bootrig.emulator.guest.guest import Guest
from bootrig.emulator.launch import start_guest
from bootrig.emulator.release.discovery import Emulator
from bootrig.errors import ExitStatus
from bootrig.scenario.scenario import ConsoleStep
from bootrig.trace.reading.console import ConsoleReader
from bootrig.trace.reading.dialogue import Dialogue
from bootrig.trace.reading.pattern import UserPattern


@dataclass(frozen=True, slots=True)
class Goal:
    """What a guest has to show: a text, or a dialogue to its end; neither where it runs until it shuts down."""

    until: str = ""
    steps: tuple[ConsoleStep, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.until or self.steps)


def run_guest(
    definition: MachineDefinition, launch: Launch, emulator: Emulator, directory: Path, goal: Goal, *, limit_s: float
) -> ExitStatus:
    """Run a guest until it shuts down, has shown what it has to, or a limit comes.

    Args:
        definition: what runs.
        launch: how it is started.
        emulator: the QEMU.
        directory: its run directory.
        goal: what it has to show.
        limit_s: seconds of wall time.

    Raises:
        EmulatorError: QEMU broke.
    """
    good = asyncio.run(_show(definition, launch, emulator, directory, goal, limit_s))
    return ExitStatus.GOOD if good else ExitStatus.BAD


async def _show(
    definition: MachineDefinition, launch: Launch, emulator: Emulator, directory: Path, goal: Goal, limit_s: float
) -> bool:
    """Run a guest with its console on standard input and output until it ends; returns whether that is as wanted."""
    async with start_guest(launch, emulator, definition, directory) as guest:
        started_s = time.monotonic()
        await guest.resume()
        tasks = [
            asyncio.create_task(_copy_console(guest, goal)),
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
    return seen or (bool(done) and not goal)


def _start_typing(guest: Guest) -> int | None:
    """Pass what is typed on standard input to the guest, where there is a terminal; returns its file descriptor."""
    if not sys.stdin.isatty():
        return None
    descriptor = sys.stdin.fileno()
    asyncio.get_running_loop().add_reader(descriptor, lambda: guest.console.write(os.read(descriptor, 4096)))
    return descriptor


async def _copy_console(guest: Guest, goal: Goal) -> None:
    """Copy what is harmless of the console to standard output until it has shown what it has to, or for ever."""
    text = GuestText()

    def show(content: bytes) -> None:
        sys.stdout.buffer.write(text.feed_bytes(content).encode())
        sys.stdout.buffer.flush()

    if goal.steps:
        is_shown = await _lead_dialogue(guest, goal.steps, show)
    else:
        is_shown = await guest.console.read_until(goal.until.encode(), show)
    if not is_shown:
        await asyncio.Event().wait()  # QEMU is gone: the watcher says why


async def _lead_dialogue(guest: Guest, steps: Sequence[ConsoleStep], show: Callable[[bytes], None]) -> bool:
    """Type what each step sends once the console shows what it expects; returns whether all have come.

    Raises:
        PatternError: a pattern ran past its limit.
    """
    reader, dialogue, printed = ConsoleReader(), Dialogue(), asyncio.Condition()
    left = [(UserPattern(step.expect, f"step[{index}].expect"), step) for index, step in enumerate(steps)]
    typist = Typist(guest.console, printed)
    typing, again = asyncio.ensure_future(typist.run()), asyncio.ensure_future(asyncio.sleep(0))
    try:
        while left and (content := await guest.console.read()):
            show(content)
            async with printed:
                printed.notify_all()
            reader.feed(content.decode("cp437"), None)
            dialogue.feed(reader.take_new())
            while left and dialogue.find(left[0][0]) is not None:
                again.cancel()
                _, step = left.pop(0)
                typist.type(step.send.encode("cp437"))
                again = asyncio.ensure_future(_repeat(typist, step))
    finally:
        typing.cancel()
        again.cancel()
        await asyncio.gather(typing, again, return_exceptions=True)
    return not left


async def _repeat(typist: Typist, step: ConsoleStep) -> None:
    """Type what a step sends again and again, where it says so."""
    while step.repeat_s:
        await asyncio.sleep(step.repeat_s)
        typist.type(step.send.encode("cp437"))


async def _await_shutdown(guest: Guest) -> None:
    with guest.session.subscribe("SHUTDOWN") as shutdowns:
        await shutdowns.get()
