"""Guests whose QEMU misbehaves: every way ends in the right error, and nothing is left behind."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.errors import (
    EmulatorError,
    GuestDiedError,
    GuestHaltedError,
    GuestStartError,
    SessionEndedError,
)
from bootrig.emulator.guest.guest import Guest, start_direct_guest
from bootrig.emulator.release.discovery import Emulator, find_host_emulator
from bootrig.process import ProcessError
from tests.emulator.fake_qemu import BEHAVIOURS, make_fake_qemu

LIMIT_S = 20.0


@pytest.fixture
def fake_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Emulator]:
    def make(behaviour: str) -> Emulator:
        monkeypatch.setenv("BOOTRIG_QEMU", str(make_fake_qemu(tmp_path, behaviour)))
        return find_host_emulator()

    return make


def run_guest(emulator: Emulator, directory: Path, act: Callable[[Guest], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with asyncio.timeout(LIMIT_S), start_direct_guest(emulator, MachineDefinition(), directory) as guest:
            return await act(guest)

    return asyncio.run(run())


async def never(guest: Guest) -> None:
    pytest.fail("this guest must not start")


async def resume_and_watch(guest: Guest) -> None:
    await guest.resume()
    await guest.watch()


def test_qemu_that_exits_at_once(fake_emulator: Callable[[str], Emulator], tmp_path: Path) -> None:
    message = "^QEMU ended at once with exit status 1\nfake: no such device$"
    with pytest.raises(GuestStartError, match=message) as caught:
        run_guest(fake_emulator("exits"), tmp_path, never)
    assert (caught.value.status, caught.value.output) == (1, "fake: no such device\n")


def test_qemu_that_is_killed(fake_emulator: Callable[[str], Emulator], tmp_path: Path) -> None:
    with pytest.raises(GuestStartError, match="QEMU ended at once with signal SIGSEGV"):
        run_guest(fake_emulator("killed"), tmp_path, never)


def test_qemu_that_hangs_at_start(
    fake_emulator: Callable[[str], Emulator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bootrig.emulator.guest.guest.START_S", 0.5)
    with pytest.raises(
        GuestStartError, match=r"QEMU started, but: QEMU did not greet in time \(QEMU starts\)\nfake: thinking"
    ):
        run_guest(fake_emulator("hangs"), tmp_path, never)


def test_qemu_that_closes_its_monitor_at_start(fake_emulator: Callable[[str], Emulator], tmp_path: Path) -> None:
    with pytest.raises(GuestStartError, match="QEMU closed its monitor before the session began\nfake: closing"):
        run_guest(fake_emulator("closes-at-once"), tmp_path, never)


def test_qemu_that_cannot_be_executed(fake_emulator: Callable[[str], Emulator], tmp_path: Path) -> None:
    emulator = fake_emulator("exits")
    emulator.executable.chmod(0o644)
    with pytest.raises(ProcessError, match=r"cannot start .*: Permission denied"):
        run_guest(emulator, tmp_path, never)


def test_qemu_that_closes_its_monitor_later(fake_emulator: Callable[[str], Emulator], tmp_path: Path) -> None:
    async def act(guest: Guest) -> None:
        with pytest.raises(SessionEndedError, match="the connection to QEMU broke during cont"):
            await guest.resume()
        await guest.watch()

    with pytest.raises(SessionEndedError, match="QEMU closed its monitor"):
        run_guest(fake_emulator("closes"), tmp_path, act)


def test_qemu_that_dies_later(fake_emulator: Callable[[str], Emulator], tmp_path: Path) -> None:
    async def act(guest: Guest) -> None:
        with pytest.raises(GuestDiedError, match="QEMU went away with exit status 7"):
            await guest.resume()
        await guest.watch()

    with pytest.raises(GuestDiedError, match="QEMU went away with exit status 7\nfake: last words"):
        run_guest(fake_emulator("dies"), tmp_path, act)


def test_resets_are_counted_where_they_are_the_guest_s(
    fake_emulator: Callable[[str], Emulator], tmp_path: Path
) -> None:
    async def act(guest: Guest) -> int:
        await guest.resume()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await guest.watch()
        return guest.resets

    assert run_guest(fake_emulator("resets"), tmp_path, act) == 9


def test_internal_error(fake_emulator: Callable[[str], Emulator], tmp_path: Path) -> None:
    with pytest.raises(GuestHaltedError, match="QEMU halted the guest under tcg: internal-error\nKVM internal error"):
        run_guest(fake_emulator("internal-error"), tmp_path, resume_and_watch)


def test_a_stop_or_a_shutdown_is_an_event_only(fake_emulator: Callable[[str], Emulator], tmp_path: Path) -> None:
    async def act(guest: Guest) -> list[Any]:
        await guest.resume()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await guest.watch()
        return [guest.own_end, *(event["event"] for event in guest.events)]

    ended = ["the guest powered itself off", "STOP", "SHUTDOWN"]
    assert run_guest(fake_emulator("stops"), tmp_path, act) == ended


def test_qemu_that_does_not_want_to_end(
    fake_emulator: Callable[[str], Emulator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bootrig.emulator.monitor.process.END_S", 0.2)
    monkeypatch.setattr("bootrig.process.TERMINATE_S", 0.2)

    async def act(guest: Guest) -> str:
        return "over"

    assert run_guest(fake_emulator("stubborn"), tmp_path, act) == "over"


@pytest.mark.parametrize("behaviour", sorted(BEHAVIOURS))
def test_interruption_at_any_moment(
    fake_emulator: Callable[[str], Emulator], tmp_path: Path, behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancel the whole thing at several moments; the fixture of all tests looks for what is left."""
    monkeypatch.setattr("bootrig.emulator.monitor.process.END_S", 0.1)
    monkeypatch.setattr("bootrig.process.TERMINATE_S", 0.1)
    emulator = fake_emulator(behaviour)

    async def run(after_s: float) -> None:
        async def whole() -> None:
            async with start_direct_guest(emulator, MachineDefinition(), tmp_path) as guest:
                await resume_and_watch(guest)

        task = asyncio.create_task(whole())
        await asyncio.sleep(after_s)
        task.cancel()
        with pytest.raises((asyncio.CancelledError, EmulatorError)):
            await task

    for after_s in (0.0, 0.01, 0.06):
        asyncio.run(run(after_s))
