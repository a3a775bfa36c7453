"""A boot that came to its end: what the capture still lacks is waited for, with the guest running, and not for ever."""

import asyncio
from pathlib import Path
from typing import cast

import pytest

from bootrig.cell import draining
from bootrig.cell.draining import drain
from bootrig.cell.stage import CellStage
from bootrig.emulator.guest.console import Console
from bootrig.emulator.guest.guest import Guest
from bootrig.trace.events import Event, TftpRequest
from tests.cell.scripted_guest import NONCE, VIRTUAL, make_scenario

HEAD = 'report = "nbp"\nmilestones = ["tftp-request", "greeting"]\n'
MARK = '[[console]]\nmilestone = "greeting"\npattern = "hello"\n'
REQUEST = TftpRequest(frame=1, guest_s=1.0, from_guest=True, operation="read", file="nbp.0", mode="octet")


class CountedGuest:
    """Counts what it is told, in its order."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.console = Console(-1)
        self.session = self

    async def execute(self, command: str) -> None:
        self.told.append(command)

    async def pause(self) -> None:
        self.told.append("stop")

    async def resume(self) -> None:
        self.told.append("cont")


def drain_guest(directory: Path, after: int, *console: str) -> list[str]:
    """Drain a guest whose request is in the capture when that was read so many times before."""
    captures: list[tuple[Event, ...]] = [()] * after

    async def run() -> list[str]:
        guest = CountedGuest()
        stage = CellStage(cast(Guest, guest), make_scenario(directory, MARK, head=HEAD), NONCE, VIRTUAL)
        for name in console:
            stage.note_milestone(name, "")
        await drain(cast(Guest, guest), stage, lambda: captures.pop() if captures else (REQUEST,))
        return guest.told

    return asyncio.run(run())


def test_a_complete_capture_is_not_waited_for(tmp_path: Path) -> None:
    assert drain_guest(tmp_path, 0, "greeting") == ["query-status", "stop"]


def test_a_guest_runs_on_while_a_milestone_is_missing(tmp_path: Path) -> None:
    again = ["cont", "query-status", "stop"]
    assert drain_guest(tmp_path, 2, "greeting") == ["query-status", "stop", *again, *again]


def test_what_never_comes_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "DRAIN_S", 0.05)
    told = drain_guest(tmp_path, 0)
    assert told[:2] == ["query-status", "stop"]
    assert 1 < len(told) / 3 < 50
