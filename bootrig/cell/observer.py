"""Watching a guest until it has shown what it can: its console, its clock, its own end and that of the services."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from bootrig.cell.ends import Cable, LastWords, Stillness, VainQuestions, find_prompts
from bootrig.cell.lengths import PERIOD_S, find_excess
from bootrig.cell.stage import CellStage
from bootrig.emulator.guest.guest import Guest
from bootrig.scenario.kinds.kind import Kind
from bootrig.trace.reading.attempts import WALL_DEADLINE
from bootrig.trace.trace import Clock

# In virtual time every instruction takes guest time, 128 ns at shift 7: what a real processor does at once takes many
# seconds. The allowance is several times what the slowest known boot needs for its instructions.
VIRTUAL_ALLOWANCE_S = {"seabios": 100.0, "ovmf": 300.0}
# A boot in virtual time takes a small part of the wall time of one in real time. What needs more than this share of the
# deadline fails, and then real time, with the whole of it, has the last word.
VIRTUAL_WALL_SHARE = 1 / 3
VIRTUAL_PERIOD_S, REAL_PERIOD_S = 0.05, 0.5
# So much of the console is looked at in one step.
PIECE_LENGTH = 1 << 12


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
    """How watching a guest ended.

    Attributes:
        ended_by: why, for people; empty where everything expected had come.
        guest_s: whole seconds on the guest's clock at the end; None where it could not be asked.
        truncated: which limit of the rig ended it, and so cut what; empty for none.
    """

    ended_by: str
    guest_s: float | None
    truncated: str = ""


class Observer:
    """Watches one guest, which is still paused."""

    def __init__(
        self,
        guest: Guest,
        stage: CellStage,
        clock: Clock,
        cable: Cable,
        operator: Operator | None = None,
    ) -> None:
        self._guest = guest
        self._cable = cable
        self._questions = VainQuestions(stage.scenario, cable)
        self._last_words = LastWords(stage.scenario.expectation.ends)
        self._stillness = Stillness(guest, find_prompts(stage.scenario), self._last_words)
        self._printed, self._last_line = 0, ""
        self._stage = stage
        self._clock = clock
        self._operator = operator
        self._shown_whole = True
        self._guest_s: float | None = None
        self._truncated = ""
        self._left = asyncio.Event()
        self._stays = operator is not None and operator.stays

    async def observe(self, kind: Kind, watched: Sequence[Callable[[], Awaitable[NoReturn]]]) -> Observation:
        """Have the guest driven until it has shown what is expected, cannot any more, or a deadline comes.

        What is `watched` raises when the guest or a service breaks.

        Raises:
            EmulatorError: the guest broke.
            ServiceError: a service broke.
        """
        work = [
            self._read(),
            self._watch_clock(),
            self._watch_lengths(),
            self._stage.typist.run(),
            *(watch() for watch in watched),
        ]
        if self._operator is not None:
            self._operator.attach(self._stage.typist.type, self._left.set)
            work.append(self._await_leave())
        tasks = [asyncio.ensure_future(one) for one in (*work, self._drive(kind))]
        ended_by = ""
        wall_s = self._stage.scenario.deadline.wall_s * (VIRTUAL_WALL_SHARE if self._clock.is_virtual else 1)
        try:
            async with asyncio.timeout(None if self._stays else wall_s):
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                ended_by = "".join(task.result() for task in done)
        except TimeoutError:
            ended_by = f"the deadline of {wall_s:.0f} {WALL_DEADLINE}"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._operator is not None and not self._stays and not self._shown_whole:
                self._operator.show("\n", self._guest_s)
        return Observation(ended_by, self._guest_s, self._truncated)

    async def _drive(self, kind: Kind) -> str:
        """Have the guest driven; returns why watching ends: all that was expected has come."""
        await kind.drive(self._stage)
        if self._stays:
            await self._left.wait()
        return ""

    async def _read(self) -> str:
        """Read the console until what it shows ends the watch; returns why."""
        while True:
            content = await self._guest.console.read()
            if not content:
                await asyncio.Event().wait()  # QEMU is going; whoever watches it tells why
            text = content.decode("cp437")
            if self._operator is not None:
                self._shown_whole = text.endswith("\n")
                self._operator.show(text, self._guest_s)
            for start in range(0, len(text), PIECE_LENGTH):
                fresh = await self._stage.take(text[start : start + PIECE_LENGTH], self._guest_s)
                self._last_line = fresh.rpartition("\n")[2]
                reason = self._find_end(fresh)
                if reason and not self._stays:
                    return reason
                await asyncio.sleep(0)  # a flood holds up nobody else
            self._printed += len(text)

    def _find_end(self, fresh: str) -> str:
        """Return why nothing more can come that is expected, by the end of the console's text; empty to go on."""
        wanted, report = self._stage.scenario.expectation.report, self._stage.report
        if report is not None:
            return "" if report.kind == wanted else f"the {report.kind} probe ran instead"
        return self._last_words.said if self._last_words.look(fresh) else ""

    async def _watch_clock(self) -> str:
        """Ask for the guest's clock until its deadline has come or it stands still; returns why watching ends."""
        limit_s = self._stage.scenario.deadline.guest_s
        if self._clock.is_virtual:
            limit_s += VIRTUAL_ALLOWANCE_S.get(self._guest.definition.platform_firmware, VIRTUAL_ALLOWANCE_S["seabios"])
        while True:
            await asyncio.sleep(VIRTUAL_PERIOD_S if self._clock.is_virtual else REAL_PERIOD_S)
            self._guest_s = await self._guest.clock_s()
            if self._stays:
                continue
            if self._guest_s >= limit_s:
                return f"the deadline of {limit_s:.0f} s of guest time passed"
            sent = self._cable.count_sent()
            end = self._questions.find(sent)
            if end := end or await self._stillness.look(self._guest_s, self._printed, sent, self._last_line):
                return end

    async def _watch_lengths(self) -> str:
        """Look at how much was written because of the guest, until it is too much; returns what."""
        while True:
            await asyncio.sleep(PERIOD_S)
            if excess := find_excess(self._guest.run_directory):
                self._truncated = f"{excess.files}: ends after {excess.length} bytes, where the boot was ended"
                return excess.reason

    async def _await_leave(self) -> str:
        await self._left.wait()
        return "the operator left"
