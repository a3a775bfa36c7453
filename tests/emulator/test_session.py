"""The QMP session: many threads, other event loops, subscriptions, reconnects."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bootrig.deadline import Deadline, DeadlineError
from bootrig.emulator.errors import CommandDeadlineError, CommandMissingError, SessionEndedError
from bootrig.emulator.monitor.session import QmpSession, start_session
from bootrig.emulator.monitor.transport import DirectTransport
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


def test_execute_from_another_event_loop() -> None:
    async def act(session: QmpSession) -> Any:
        def elsewhere() -> Any:
            return asyncio.run(session.execute("echo", {"from": "elsewhere"}))

        return await asyncio.to_thread(elsewhere)

    assert run_with(echo, act) == {"from": "elsewhere"}


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


def test_commands_after_close_say_so() -> None:
    async def act(session: QmpSession) -> None:
        await session.close()
        await session.close()
        with pytest.raises(SessionEndedError, match="the session is closed"):
            await session.execute("echo")
        assert str(await session.ended()) == "the session is closed"

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
            assert await anext(some) == {"event": "SHUTDOWN"}
            with pytest.raises(DeadlineError, match="an event comes"):
                await some.get(Deadline.after(0.02, "an event comes"))
        some_left = len(some)
        assert some_left == 0
        with pytest.raises(SessionEndedError, match="the subscription is closed"):
            await some.get()

    run_with(two_events, act)


def test_events_reach_a_waiting_thread_and_another_loop() -> None:
    async def act(session: QmpSession) -> Any:
        with session.subscribe("RESET") as first, session.subscribe("SHUTDOWN") as second:

            def elsewhere() -> Any:
                return asyncio.run(second.get(Deadline.after(LIMIT_S, "an event comes")))

            waiting = [asyncio.to_thread(first.wait), asyncio.to_thread(elsewhere)]
            results = asyncio.gather(*waiting)
            await session.execute("go")
            return await results

    assert run_with(two_events, act) == [{"event": "RESET"}, {"event": "SHUTDOWN"}]


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


def test_a_missing_command_is_emulated_where_others_can_stand_in() -> None:
    objects: dict[str, dict[str, Any]] = {"/a": {"x": 1, "unreadable": None}, "/b": {"y": True}}

    async def behave(peer: FakePeer) -> None:
        await peer.negotiate()
        while True:
            command = await peer.receive()
            arguments = command.get("arguments", {})
            answer: dict[str, Any] = {"error": {"class": "CommandNotFound", "desc": "not found"}}
            if command["execute"] == "qom-list":
                answer = {"return": [{"name": name, "type": "int"} for name in objects[arguments["path"]]]}
            elif command["execute"] == "qom-get":
                value = objects[arguments["path"]][arguments["property"]]
                answer = {"error": {"class": "GenericError", "desc": "no"}} if value is None else {"return": value}
            await peer.send({**answer, "id": command["id"]})

    async def act(session: QmpSession) -> Any:
        with pytest.raises(CommandMissingError, match=r"other: QEMU 7\.2\.22"):
            await session.execute("other")
        return await session.execute("qom-list-get", {"paths": ["/a", "/b"]})

    assert run_with(behave, act) == [
        {"properties": [{"name": "x", "type": "int", "value": 1}, {"name": "unreadable", "type": "int"}]},
        {"properties": [{"name": "y", "type": "int", "value": True}]},
    ]


def test_session_survives_a_reconnect_of_the_monitor(tmp_path: Path) -> None:
    """Over a path the monitor may go and come back; commands wait for it, subscriptions stay."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        peer = FakePeer(reader, writer)
        await peer.negotiate()
        if connections == 1:
            await peer.receive()
            writer.close()
        else:
            await peer.receive()
            await peer.send({"event": "RESUME"}, {"return": "second", "id": "__qmp#00000"})
            await peer.answer(lambda command: "more")
            writer.close()

    async def run() -> None:
        server = await asyncio.start_unix_server(serve, tmp_path / "qmp")
        transport = DirectTransport.over_path(tmp_path / "qmp")
        async with server, start_session(transport, Deadline.after(LIMIT_S, "the fake greets")) as session:
            with session.subscribe("RESUME") as subscription:
                with pytest.raises(SessionEndedError, match="broke during first"):
                    await session.execute("first")
                assert await session.execute("second") == "second"
                assert await subscription.get() == {"event": "RESUME"}
                assert session.reconnects == 1
                assert await session.execute("third") == "more"

    asyncio.run(run())


def test_nobody_at_the_path(tmp_path: Path) -> None:
    async def run() -> None:
        transport = DirectTransport.over_path(tmp_path / "qmp")
        async with start_session(transport, Deadline.after(LIMIT_S, "the fake greets")):
            pass

    with pytest.raises(SessionEndedError, match="cannot connect to QEMU's monitor: No such file or directory"):
        asyncio.run(run())


def test_monitor_that_does_not_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bootrig.emulator.monitor.session.RECONNECT_S", 0.2)

    async def run() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await FakePeer(reader, writer).negotiate()
            server.close()
            writer.close()

        server = await asyncio.start_unix_server(serve, tmp_path / "qmp")
        transport = DirectTransport.over_path(tmp_path / "qmp")
        async with server, start_session(transport, Deadline.after(LIMIT_S, "the fake greets")) as session:
            assert "closed its monitor" in str(await session.ended())
            with pytest.raises(SessionEndedError, match="QEMU closed its monitor"):
                await session.execute("query-status")

    asyncio.run(run())
