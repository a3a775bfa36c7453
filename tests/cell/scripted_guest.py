"""A guest whose console says what a test tells it to; `test_boots` holds what is learnt from it against real ones."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

from bootrig.cell.ends import Cable
from bootrig.cell.observer import Observation, Observer
from bootrig.cell.stage import CellStage
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.guest.console import Console
from bootrig.emulator.guest.guest import Guest
from bootrig.scenario.file import load_scenarios
from bootrig.scenario.kinds.registry import find_kinds
from bootrig.scenario.scenario import Scenario
from bootrig.trace.trace import Clock, ClockKind

NONCE = "fedcba9876543210"
REAL, VIRTUAL = Clock(ClockKind.REAL), Clock(ClockKind.VIRTUAL, 7)


class ScriptedGuest:
    """Prints when it is resumed, and answers what is typed; its clock goes on by `step_s` whenever it is asked for."""

    def __init__(
        self, prints: tuple[str, ...], answers: dict[bytes, str], guest_s: float, firmware: str, run_directory: Path
    ) -> None:
        self.run_directory = run_directory
        self.definition = MachineDefinition(platform_firmware=firmware)
        self.typed = b""
        self.resets, self.own_end, self.step_s = 0, "", 0.0
        self._prints, self._answers, self._guest_s = prints, answers, guest_s
        self._reading, typing = os.pipe()
        os.set_blocking(self._reading, False)
        self.console = Console(typing)
        asyncio.get_running_loop().add_reader(self._reading, self._hear)

    def say(self, text: str) -> None:
        self.console.data_received(text.encode("cp437"))

    def _hear(self) -> None:
        self.typed += os.read(self._reading, 64)
        answer = next((text for keys, text in self._answers.items() if self.typed.endswith(keys)), "")
        if answer:
            self.say(answer)

    async def resume(self) -> None:
        for text in self._prints:
            self.say(text)
            await asyncio.sleep(0.01)

    async def clock_s(self) -> float:
        self._guest_s += self.step_s
        return self._guest_s

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._reading)
        os.close(self._reading)
        self.console.close()


@dataclass
class Sitter:
    """An operator who does what a test says with each text that is shown."""

    stays: bool = False
    act: Callable[["Sitter", str], None] = lambda _sitter, _text: None
    shown: str = ""
    write: Callable[[bytes], None] = field(default=lambda _content: None)
    leave: Callable[[], None] = field(default=lambda: None)

    def attach(self, write: Callable[[bytes], None], leave: Callable[[], None]) -> None:
        self.write, self.leave = write, leave

    def show(self, text: str, guest_s: float | None) -> None:
        self.shown += text
        self.act(self, text)


@dataclass(frozen=True)
class Watched:
    """What came of it."""

    observation: Observation
    stage: CellStage
    typed: bytes

    @property
    def milestones(self) -> list[str]:
        return [milestone.name for milestone in self.stage.milestones]


def report(kind: str = "nbp", nonce: str = NONCE) -> str:
    return f"BOOTRIG {nonce} {kind:<4} sum=0001f00d ticks=00000012 tsc=00000000deadbeef"


def make_scenario(directory: Path, more: str = "", *, head: str = 'report = "nbp"\n', wall_s: int = 30) -> Scenario:
    path = directory / "mine.toml"
    path.write_text(f'summary = "x"\n{head}[deadline]\nguest_s = 90\nwall_s = {wall_s}\n{more}')
    (scenario,) = load_scenarios(path)
    return scenario


def watch(
    scenario: Scenario,
    *prints: str,
    answers: dict[bytes, str] | None = None,
    clock: Clock = REAL,
    guest_s: float = 0.0,
    firmware: str = "seabios",
    operator: Sitter | None = None,
    watched: tuple[Callable[[], Any], ...] = (),
    resets: int = 0,
    own_end: str = "",
    step_s: float = 0.0,
    run_directory: Path = Path("none"),
) -> Watched:
    """Have a scenario's kind drive a guest that prints this."""

    async def run() -> Watched:
        guest = ScriptedGuest(prints, answers or {}, guest_s, firmware, run_directory)
        guest.resets, guest.own_end, guest.step_s = resets, own_end, step_s
        try:
            stage = CellStage(cast(Guest, guest), scenario, NONCE, clock)
            observer = Observer(cast(Guest, guest), stage, clock, Cable(lambda: 0, lambda: ()), operator)
            observation = await observer.observe(find_kinds()[scenario.kind], watched)
            return Watched(observation, stage, guest.typed)
        finally:
            guest.close()

    return asyncio.run(asyncio.wait_for(run(), 20))


async def die() -> NoReturn:
    """What watches a service that dies."""
    await asyncio.sleep(0.02)
    raise ConnectionError("the server died")
