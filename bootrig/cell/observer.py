"""Watching a guest until it has shown what it can: its console, its clock, its own end and that of the servers."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn, Protocol

from bootrig.cell.serving import NONCE_WORD
from bootrig.emulator.guest.guest import Guest
from bootrig.scenario.scenario import ConsoleStep, Scenario, ScenarioKind
from bootrig.trace.reading.milestones import report_milestone, strip_escapes
from bootrig.trace.trace import Milestone, TimeMode
from firmware.probe.probe import ProbeReport
from firmware.probe.registry import find_probe_report

# In virtual time every instruction takes guest time, 128 ns at shift 7: what a real processor does at once takes many
# seconds. The allowance is several times what the slowest known boot needs for its instructions.
VIRTUAL_ALLOWANCE_S = {"seabios": 100.0, "ovmf": 300.0}
# A boot in virtual time takes a small part of the wall time of one in real time. What needs more than this share of the
# deadline fails, and then real time, with the whole of it, has the last word.
VIRTUAL_WALL_SHARE = 1 / 3
# What a platform firmware says when it has nothing left to try.
FIRMWARE_ENDS = {"seabios": "No bootable device.", "ovmf": "Shell> "}
# A guest takes one key at a time: a BIOS looks at its serial port on timer ticks and keeps 15 keys; more are lost. So
# each key waits for the echo of the one before, for those without echo so long.
ECHO_S = 0.1
KEYS = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~])?|.", re.DOTALL)
CLOCK_PERIOD_S = {TimeMode.VIRTUAL: 0.05, TimeMode.REAL: 0.5}


class Operator(Protocol):
    """Somebody at the console while the guest runs, in the cell's own process."""

    def attach(self, write: Callable[[bytes], None], leave: Callable[[], None]) -> None:
        """Take what types characters, and what ends the watch. Called once, in the event loop, before the guest runs.

        An operator that never leaves lets the scenario end the watch.
        """

    def show(self, text: str, guest_s: float | None) -> None:
        """Take what was printed, and the guest's clock as last asked."""

    @property
    def stays(self) -> bool:
        """Whether the watch goes on after the scenario has ended, until the operator leaves."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What watching a guest gave.

    Attributes:
        console: all that it printed, escape sequences removed.
        report: the report of a probe that carries the nonce.
        milestones: those that the console showed.
        ended_by: why watching ended, for people; empty where everything expected had come.
        guest_s: whole seconds on the guest's clock at the end; None where it could not be asked.
        wall_s: wall time from resume to the end.
    """

    console: str
    report: ProbeReport | None
    milestones: tuple[Milestone, ...]
    ended_by: str
    guest_s: float | None
    wall_s: float


class Observer:
    """Watches one guest.

    Args:
        guest: the guest, still paused.
        scenario: what is expected.
        nonce: what its probe prints.
        time_mode: how its clock runs.
        operator: sits at the console.
    """

    def __init__(
        self, guest: Guest, scenario: Scenario, nonce: str, time_mode: TimeMode, operator: Operator | None
    ) -> None:
        self._guest = guest
        self._scenario = scenario
        self._nonce = nonce
        self._time_mode = time_mode
        self._operator = operator
        self._raw = ""
        self._text = ""
        self._milestones: list[Milestone] = []
        self._report: ProbeReport | None = None
        self._started_s = 0.0
        self._guest_s: float | None = None
        self._marks = [
            (mark.milestone, re.compile(mark.pattern.replace(NONCE_WORD, nonce))) for mark in scenario.console
        ]
        self._printed = asyncio.Condition()
        self._keys: asyncio.Queue[bytes] = asyncio.Queue()
        self._left = asyncio.Event()
        self._stays = operator is not None and operator.stays

    async def observe(self, watched: Sequence[Awaitable[NoReturn]]) -> Observation:
        """Let the guest run until it has shown what is expected, cannot any more, or a deadline comes.

        Args:
            watched: what raises when the guest or a server breaks.

        Raises:
            EmulatorError: the guest broke.
            ServiceError: a server broke.
        """
        self._started_s = time.monotonic()
        goals = [self._read(), self._watch_clock(), self._type_keys()]
        if self._operator is not None:
            self._operator.attach(self._type, self._left.set)
            goals.append(self._await_leave())
        if self._scenario.kind is ScenarioKind.CONSOLE:
            goals.append(self._talk())
        await self._guest.resume()
        tasks = [asyncio.ensure_future(work) for work in (*goals, *watched)]
        ended_by = ""
        wall_s = self._scenario.wall_s * (VIRTUAL_WALL_SHARE if self._time_mode is TimeMode.VIRTUAL else 1)
        try:
            async with asyncio.timeout(None if self._stays else wall_s):
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                ended_by = "".join(task.result() for task in done)
        except TimeoutError:
            ended_by = f"the deadline of {wall_s:.0f} s of wall time passed"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._operator is not None and not self._stays and not self._text.endswith("\n"):
                self._operator.show("\n", self._guest_s)  # what is printed next begins a line of its own
        return Observation(
            console=self._text,
            report=self._report,
            milestones=tuple(self._milestones),
            ended_by=ended_by,
            guest_s=self._guest_s,
            wall_s=time.monotonic() - self._started_s,
        )

    async def _read(self) -> str:
        """Read the console until what it shows ends the watch; returns why."""
        while True:
            content = await self._guest.console.read()
            if not content:
                await asyncio.Event().wait()  # QEMU is going; whoever watches it tells why
            text = content.decode("cp437")
            self._raw += text
            self._text = strip_escapes(self._raw)
            if self._operator is not None:
                self._operator.show(text, self._guest_s)
            reason = self._look()
            async with self._printed:
                self._printed.notify_all()
            if reason is not None and not self._stays:
                return reason

    def _look(self) -> str | None:
        """Note what the console shows by now; returns why watching ends, empty for success, None to go on."""
        wall_s = time.monotonic() - self._started_s
        seen = {milestone.name for milestone in self._milestones}
        for name, pattern in self._marks:
            match = pattern.search(self._text) if name not in seen else None
            if match is not None:
                self._milestones.append(Milestone(name, None, wall_s, match[0]))
        report = find_probe_report(self._text, self._nonce)
        if report is not None and self._report is None:
            self._report = report
            self._milestones.append(report_milestone(report, self._time_mode, wall_s))
            return "" if report.kind == self._scenario.report else f"the {report.kind} probe ran instead"
        firmware = self._guest.definition.platform_firmware
        ends = (*self._scenario.ends, *filter(None, [FIRMWARE_ENDS.get(firmware)]))
        return next((f"the console says {end.strip()!r}" for end in ends if end in self._text), None)

    async def _watch_clock(self) -> str:
        """Ask for the guest's clock until its deadline has come; returns why watching ends."""
        limit_s = self._scenario.guest_s
        if self._time_mode is TimeMode.VIRTUAL:
            limit_s += VIRTUAL_ALLOWANCE_S.get(self._guest.definition.platform_firmware, VIRTUAL_ALLOWANCE_S["seabios"])
        while True:
            await asyncio.sleep(CLOCK_PERIOD_S[self._time_mode])
            self._guest_s = await self._guest.clock_s()
            if self._guest_s >= limit_s and not self._stays:
                return f"the deadline of {limit_s:.0f} s of guest time passed"

    async def _await_leave(self) -> str:
        """Wait until the operator leaves; returns why watching ends."""
        await self._left.wait()
        return "the operator left"

    def _type(self, content: bytes) -> None:
        """Let `content` be typed, key by key; a key that sends an escape sequence is one."""
        for key in KEYS.findall(content):
            self._keys.put_nowait(key)

    async def _type_keys(self) -> str:
        """Type what is to be typed as the guest takes it; does not return."""
        while True:
            self._guest.console.write(await self._keys.get())
            with suppress(TimeoutError):
                async with asyncio.timeout(ECHO_S), self._printed:
                    await self._printed.wait()

    async def _talk(self) -> str:
        """Lead the scenario's dialogue; returns why watching ends, empty for success."""
        position = 0
        before: ConsoleStep | None = None
        for step in self._scenario.steps:
            again = asyncio.ensure_future(self._repeat(before))
            try:
                position = await self._expect(step, position)
            finally:
                again.cancel()
            if step.milestone:
                wall_s = time.monotonic() - self._started_s
                self._milestones.append(Milestone(step.milestone, None, wall_s, step.expect))
            self._type(step.send.encode("cp437"))
            before = step
        return ""

    async def _expect(self, step: ConsoleStep, position: int) -> int:
        """Wait for a step's text after `position`; returns where it ends."""
        pattern = re.compile(step.expect.replace(NONCE_WORD, self._nonce))
        while True:
            match = pattern.search(self._text, position)
            if match is not None:
                return match.end()
            async with self._printed:
                await self._printed.wait()

    async def _repeat(self, step: ConsoleStep | None) -> None:
        """Type what a step sends again and again, where it says so; does not return then."""
        while step is not None and step.repeat_s:
            await asyncio.sleep(step.repeat_s)
            self._type(step.send.encode("cp437"))
