"""One boot as its scenario's kind sees it: what the console has shown, and what can be done with the guest."""

import asyncio
import time

from bootrig.cell.keys import Typist
from bootrig.emulator.guest.guest import Guest
from bootrig.network.services.content.kind import NONCE_WORD
from bootrig.scenario.scenario import Scenario
from bootrig.trace.cast import CastRecorder
from bootrig.trace.reading.console import ConsoleReader
from bootrig.trace.reading.dialogue import Dialogue
from bootrig.trace.reading.milestones import make_report_milestone
from bootrig.trace.reading.pattern import UserPattern
from bootrig.trace.reading.watch import Watch
from bootrig.trace.trace import Clock, Evidence, Milestone
from firmware.probe.probe import ProbeReport
from firmware.probe.registry import find_probe_report


class CellStage:
    """The stage of a cell, whose guest is still paused.

    Attributes:
        console: what the guest has printed.
        cast: the same with all control functions, to be played.
        typist: types at its console.
        milestones: those that the console has shown, in their order.
        report: what a probe with the boot's nonce has reported; None for nothing yet.
    """

    def __init__(self, guest: Guest, scenario: Scenario, nonce: str, clock: Clock) -> None:
        self.console = ConsoleReader()
        self.cast = CastRecorder()
        self.milestones: list[Milestone] = []
        self.report: ProbeReport | None = None
        self._guest = guest
        self._scenario = scenario
        self._nonce = nonce
        self._clock = clock
        self._watch = Watch()
        self._dialogue = Dialogue()
        self._patterns = {
            pattern: UserPattern(pattern.replace(NONCE_WORD, nonce), f"{scenario.name}: {place}")
            for place, pattern in scenario.expectation.iter_patterns()
        }
        self._marks = {mark.milestone: self._patterns[mark.pattern] for mark in scenario.expectation.console}
        self._printed = asyncio.Condition()
        self._started_s = time.monotonic()
        self.typist = Typist(guest.console, self._printed)

    @property
    def scenario(self) -> Scenario:
        """What is tried."""
        return self._scenario

    async def start_guest(self) -> None:
        """Let the guest run."""
        self._started_s = time.monotonic()
        await self._guest.resume()

    async def await_milestone(self, name: str) -> None:
        """Wait until the console has shown the milestone `name`, or a probe's report that is one."""
        async with self._printed:
            await self._printed.wait_for(lambda: any(milestone.name == name for milestone in self.milestones))

    async def await_milestones(self, number: int) -> None:
        """Wait until the console has shown so many milestones."""
        async with self._printed:
            await self._printed.wait_for(lambda: len(self.milestones) >= number)

    async def await_text(self, pattern: str) -> str:
        """Wait until the console shows a regular expression behind what was last waited for; returns the match.

        Raises:
            PatternError: it ran past its limit.
        """
        wanted = self._patterns[pattern]
        async with self._printed:
            while (found := self._dialogue.find(wanted)) is None:
                await self._printed.wait()
        return found

    def type_text(self, text: str) -> None:
        """Let `text` be typed, key by key, as the guest takes it."""
        self.typist.type(text.encode("cp437"))

    def note_milestone(self, name: str, evidence: str) -> None:
        """Note that the boot has reached the milestone `name`, and what shows it."""
        self._note(Milestone(name, None, self._wall_s, Evidence(text=evidence)))

    def _note(self, milestone: Milestone) -> None:
        self.milestones.append(milestone)
        self.cast.mark(milestone.name)

    @property
    def _wall_s(self) -> float:
        return time.monotonic() - self._started_s

    async def take(self, text: str, guest_s: float | None) -> str:
        """Take what the guest printed next, note the milestones that it shows, wake whoever waits for it.

        Returns:
            The end of the console's plain text, in which what is new has not been looked for yet.

        Raises:
            PatternError: a pattern of the scenario ran past its limit.
        """
        self.console.feed(text, guest_s)
        self.cast.add(text, guest_s)
        new = self.console.take_new()
        self._watch.add(new)
        self._dialogue.feed(new)
        fresh = self._watch.fresh
        seen = {milestone.name for milestone in self.milestones}
        for name, pattern in self._marks.items():
            match = pattern.search(fresh) if name not in seen else None
            if match is not None:
                self.note_milestone(name, match[0])
        if self.report is None:
            self.report = find_probe_report(fresh, self._nonce)
            if self.report is not None:
                self._note(make_report_milestone(self.report, self._clock, self._wall_s))
        async with self._printed:
            self._printed.notify_all()
        return fresh
