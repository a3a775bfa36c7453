"""The QMP session: many threads, subscriptions, deadlines."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from bootrig.deadline import Deadline, DeadlineError
from bootrig.emulator.errors import CommandDeadlineError, SessionEndedError
from bootrig.emulator.monitor.session import QmpSession
from bootrig.emulator.monitor.transport import Transport
from tests.emulator.fake_qmp import FakePeer, start_fake_session

LIMIT_S = 60.0
THREADS = 8
CALLS = 1250


async def echo(peer: FakePeer) -> None:
    """Answer each command with its arguments."""
    await peer.negotiate()
    await peer.answer(lambda command: command.get("arguments"))


def run_with(behave: Callable[[FakePeer], Any], act: Callable[[QmpSession], Any], **options: Any) -> Any:
    async def run() -> Any:
        async with asyncio.timeout(LIMIT_S), start_fake_session(behave, **options) as session:
            return await act(session)

    return asyncio.run(run())


def test_round_trips_from_many_threads_with_events_flowing() -> None:
    async def behave(peer: FakePeer) -> None:
        await peer.negotiate()
        count = 0
        try:
            while True:
                command = await peer.receive()
                count += 1
                event = {"event": "TICK", "data": {"count": count}}
                await peer.send(event, {"return": command["arguments"], "id": command["id"]})
        except EOFError:
            pass

    def converse(session: QmpSession, number: int) -> int:
        for count in range(CALLS):
            assert session.call("echo", {"thread": number, "count": count}) == {"thread": number, "count": count}
        return CALLS

    async def act(session: QmpSession) -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        with session.subscribe("TICK", capacity=THREADS * CALLS) as ticks, ThreadPoolExecutor(THREADS) as pool:
            threads = [loop.run_in_executor(pool, converse, session, number) for number in range(THREADS)]
            done = sum(await asyncio.gather(*threads))
            assert ticks.lost == 0
            return done, [(await ticks.get())["data"]["count"] for _ in range(len(ticks))] == list(range(1, done + 1))

    assert run_with(behave, act) == (THREADS * CALLS, True)


def test_many_commands_at_once_on_one_loop() -> None:
    async def act(session: QmpSession) -> list[Any]:
        return await asyncio.gather(*(session.execute("echo", {"n": number}) for number in range(500)))

    assert run_with(echo, act) == [{"n": number} for number in range(500)]


def test_call_on_the_sessions_own_loop_is_refused() -> None:
    async def act(session: QmpSession) -> None:
        session.call("echo")

    with pytest.raises(SessionEndedError, match=r"echo: call\(\) would block the session's own event loop"):
        run_with(echo, act)


def test_call_after_the_loop_has_ended() -> None:
    async def act(session: QmpSession) -> QmpSession:
        return session

    session = run_with(echo, act)
    found: list[BaseException] = []

    def ask() -> None:
        try:
            session.call("echo")
        except SessionEndedError as error:
            found.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert str(found[0]) == "echo: the session's event loop has ended"


class SilentTransport(Transport):
    async def open(self) -> dict[str, Any]:
        return {}

    async def execute(self, command: str, arguments: Any) -> Any:
        await asyncio.Event().wait()

    async def close(self) -> None:
        pass


def test_call_that_waits_while_the_loop_ends() -> None:
    async def run() -> "Future[Any]":
        session = QmpSession(SilentTransport())
        call = pool.submit(session.call, "wait", deadline=Deadline.never("for ever"))
        while len(asyncio.all_tasks()) == 1:  # noqa: ASYNC110 - until the call has become a task of this loop
            await asyncio.sleep(0.01)
        return call

    with ThreadPoolExecutor(1) as pool:
        call = asyncio.run(run())
        with pytest.raises(SessionEndedError, match="wait: the session's event loop has ended"):
            call.result(LIMIT_S)


def test_commands_after_close_say_so() -> None:
    async def act(session: QmpSession) -> None:
        await session.close()
        await session.close()
        with pytest.raises(SessionEndedError, match="the session is closed"):
            await session.execute("echo")

    run_with(echo, act)


def test_deadline_of_one_call_hurts_no_other() -> None:
    async def behave(peer: FakePeer) -> None:
        await peer.negotiate()
        slow = await peer.receive()
        for _ in range(3):
            command = await peer.receive()
            await peer.send({"return": command["arguments"], "id": command["id"]})
        await peer.send({"return": "late", "id": slow["id"]})
        await peer.answer(lambda command: "after")

    async def act(session: QmpSession) -> None:
        slow = asyncio.create_task(session.execute("slow", deadline=Deadline.after(0.1, "a short while")))
        await asyncio.sleep(0)
        assert [await session.execute("echo", {"n": number}) for number in range(2)] == [{"n": 0}, {"n": 1}]
        with pytest.raises(CommandDeadlineError, match=r"QEMU did not answer slow in time \(a short while\)"):
            await slow
        assert await session.execute("echo", {"n": 3}) == {"n": 3}
        assert await session.execute("echo", deadline=Deadline.never("for ever")) == "after"

    run_with(behave, act)


def test_cancelled_command_leaves_the_session_usable() -> None:
    async def act(session: QmpSession) -> None:
        task = asyncio.create_task(session.execute("echo", {"n": 1}))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await session.execute("echo", {"n": 2}) == {"n": 2}

    run_with(echo, act)


async def two_events(peer: FakePeer) -> None:
    await peer.negotiate()

    def handler(command: dict[str, Any]) -> Any:
        return command["execute"]

    await peer.send({"event": "EARLY"})
    command = await peer.receive()
    await peer.send({"event": "RESET"}, {"event": "SHUTDOWN"}, {"return": "go", "id": command["id"]})
    await peer.answer(handler)


def test_events_are_off_until_subscribed_and_filtered_by_name() -> None:
    async def act(session: QmpSession) -> None:
        with session.subscribe("SHUTDOWN") as some, session.subscribe() as every:
            assert await session.execute("go") == "go"
            assert [len(some), len(every)] == [1, 2]
            assert await some.get() == {"event": "SHUTDOWN"}
            with pytest.raises(DeadlineError, match="an event comes"):
                await some.get(Deadline.after(0.02, "an event comes"))
        some_left = len(some)
        assert some_left == 0
        with pytest.raises(SessionEndedError, match="the subscription is closed"):
            await some.get()

    run_with(two_events, act)


def test_events_reach_a_waiting_thread() -> None:
    async def act(session: QmpSession) -> Any:
        with session.subscribe("RESET") as subscription:
            waiting = asyncio.create_task(asyncio.to_thread(subscription.wait))
            await session.execute("go")
            return await waiting

    assert run_with(two_events, act) == {"event": "RESET"}


def test_one_event_wakes_one_of_two_readers() -> None:
    async def act(session: QmpSession) -> None:
        with session.subscribe("RESET") as subscription:
            readers = [asyncio.create_task(subscription.get(Deadline.after(0.2, "an event comes"))) for _ in range(2)]
            await session.execute("go")
            results = await asyncio.gather(*readers, return_exceptions=True)
            assert {"event": "RESET"} in results
            assert sum(isinstance(result, DeadlineError) for result in results) == 1

    run_with(two_events, act)


def test_cancelled_reader_passes_its_event_on() -> None:
    async def act(session: QmpSession) -> None:
        with session.subscribe("RESET") as subscription:
            first = asyncio.create_task(subscription.get())
            second = asyncio.create_task(subscription.get())
            await asyncio.sleep(0)
            subscription.offer({"event": "RESET"})
            first.cancel()
            assert await second == {"event": "RESET"}

    run_with(two_events, act)
