"""What a session does when the other side is broken or malicious: an error in time, never a hang, bounded memory."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bootrig.deadline import DeadlineError
from bootrig.emulator.errors import (
    CommandDeadlineError,
    CommandError,
    CommandMissingError,
    EmulatorError,
    GuestDiedError,
    PeerError,
    SessionEndedError,
)
from bootrig.emulator.monitor.session import UNANSWERED_LIMIT, QmpSession
from tests.emulator.fake_qmp import GREETING, Behaviour, FakePeer, start_fake_session

LIMIT_S = 20.0


def run_with(behaviour: Behaviour, act: Callable[[QmpSession], Any], **options: Any) -> Any:
    """Do `act` with a session to a peer of that behaviour; whatever happens, it ends."""

    async def run() -> Any:
        async with asyncio.timeout(LIMIT_S), start_fake_session(behaviour, **options) as session:
            return await act(session)

    return asyncio.run(run())


async def ask(session: QmpSession) -> Any:
    return await session.execute("query-status")


def says(*messages: Any, close: bool = False) -> Behaviour:
    """Return a peer that says `messages` and waits, or hangs up."""

    async def behave(peer: FakePeer) -> None:
        await peer.send(*messages)
        if close:
            peer.close()

    return behave


def answers(*messages: Any, close: bool = False) -> Behaviour:
    """Return a peer that negotiates and answers the first command with `messages`; "ID" stands for its id."""

    async def behave(peer: FakePeer) -> None:
        await peer.negotiate()
        command = await peer.receive()
        for message in messages:
            addressed = isinstance(message, dict) and message.get("id") == "ID"
            await peer.send({**message, "id": command["id"]} if addressed else message)
        if close:
            peer.close()

    return behave


@pytest.mark.parametrize(
    ("greeting", "message"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "what came over the monitor is not QMP: .*Did not understand Greeting"),
        (b"[1, 2]\n", "what came over the monitor is not QMP: .*Did not understand Greeting"),
        (b"{}\n", "what came over the monitor is not QMP: .*Did not understand Greeting"),
        (b'{"QMP": 7}\n', "what came over the monitor is not QMP: .*Did not understand Greeting"),
        (b"\xff\xfe\x00\n", "what came over the monitor is not QMP"),
    ],
)
def test_wrong_greeting(greeting: bytes, message: str) -> None:
    with pytest.raises(PeerError, match=message):
        run_with(says(greeting), ask)


def test_greeting_with_a_version_that_makes_no_sense_is_taken() -> None:
    async def behave(peer: FakePeer) -> None:
        await peer.send({"QMP": {"version": {"qemu": {"major": "x"}}, "capabilities": []}})
        await peer.receive()
        await peer.send({"return": {}})
        await peer.answer(lambda command: {"new": "field"})

    async def act(session: QmpSession) -> Any:
        return session.version, await ask(session)

    assert run_with(behave, act) == ((), {"new": "field"})


def test_silence_instead_of_a_greeting() -> None:
    with pytest.raises(CommandDeadlineError, match=r"QEMU did not greet in time \(the fake greets\)"):
        run_with(says(), ask, open_s=0.05)


def test_refused_negotiation() -> None:
    with pytest.raises(PeerError, match="Negotiation failed"):
        run_with(says(GREETING, {"error": {"class": "GenericError", "desc": "no"}}), ask)


@pytest.mark.parametrize("sent", [(), (GREETING,), (json.dumps(GREETING).encode()[:20],)])
def test_hang_up_before_the_session_begins(sent: tuple[Any, ...]) -> None:
    with pytest.raises((SessionEndedError, PeerError)):
        run_with(says(*sent, close=True), ask)


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\n",
        b"[]\n",
        b'"text"\n',
        b"[" * 100_000 + b"\n",
        b'{"return": {}, "id": \n',
        {"error": {"class": "GenericError", "desc": "cannot parse"}},
    ],
)
def test_answer_that_is_not_qmp_ends_the_session(answer: Any) -> None:
    with pytest.raises(SessionEndedError, match="the connection to QEMU broke during query-status"):
        run_with(answers(answer), ask)


def test_a_line_too_long_ends_the_session() -> None:
    with pytest.raises(SessionEndedError, match="the connection to QEMU broke during query-status"):
        run_with(answers(b'{"return": "' + b"x" * 100_000), ask, message_limit=10_000)


@pytest.mark.parametrize("answer", [{"id": "ID"}, {"id": "ID", "error": "x"}, {"id": "ID", "error": {"class": 5}}])
def test_malformed_answer_to_a_command(answer: Any) -> None:
    with pytest.raises(PeerError, match="query-status: QEMU's answer is not QMP"):
        run_with(answers(answer), ask)


def test_unknown_ids_and_second_answers_are_dropped() -> None:
    strange = [{"return": 1, "id": "nobody"}, {"return": 2, "id": 17}, {"return": 3}, {"return": 4, "id": None}]
    error = {"error": {"class": "GenericError", "desc": "late"}, "id": "nobody"}
    behave = answers(*strange, error, {"return": "right", "id": "ID"}, *[{"return": "again", "id": "ID"}] * 5)
    assert run_with(behave, ask) == "right"


def test_second_answers_to_an_abandoned_command_do_not_block() -> None:
    async def behave(peer: FakePeer) -> None:
        await peer.negotiate()
        first = await peer.receive()
        second = await peer.receive()
        await peer.send(*[{"return": "stale", "id": first["id"]}] * 4, {"return": "fresh", "id": second["id"]})

    async def act(session: QmpSession) -> Any:
        with pytest.raises(CommandDeadlineError):
            await ask(session)
        return await ask(session)

    assert run_with(behave, act, command_s=0.1) == "fresh"


def test_errors_keep_class_and_description() -> None:
    error = {"class": "DeviceNotFound", "desc": "Device 'x' not found", "future": 1}
    with pytest.raises(CommandError, match=r"query-status: Device 'x' not found \(DeviceNotFound\)") as caught:
        run_with(answers({"error": error, "id": "ID"}), ask)
    assert (caught.value.command, caught.value.error_class) == ("query-status", "DeviceNotFound")


def test_missing_command_is_reported_as_such() -> None:
    error = {"class": "CommandNotFound", "desc": "The command query-status has not been found"}
    with pytest.raises(CommandMissingError, match=r"query-status: QEMU 7\.2\.22 \(fake\) has no such command"):
        run_with(answers({"error": error, "id": "ID"}), ask)


def test_silence_instead_of_an_answer() -> None:
    with pytest.raises(DeadlineError, match=r"QEMU did not answer query-status in time \(0\.05 s\)"):
        run_with(answers(), ask, command_s=0.05)


def test_half_an_answer_and_silence() -> None:
    with pytest.raises(CommandDeadlineError):
        run_with(answers(b'{"return": {"status"'), ask, command_s=0.05)


def test_a_peer_that_never_answers_is_given_up() -> None:
    async def act(session: QmpSession) -> None:
        for _ in range(UNANSWERED_LIMIT + 1):
            with pytest.raises(CommandDeadlineError):
                await ask(session)
        with pytest.raises(PeerError, match=f"QEMU left {UNANSWERED_LIMIT + 1} commands unanswered"):
            await ask(session)

    run_with(answers(), act, command_s=0.01)


def test_a_peer_that_stops_reading_does_not_hold_up_the_end() -> None:
    async def behave(peer: FakePeer) -> None:
        await peer.negotiate()
        await asyncio.sleep(3600)

    async def act(session: QmpSession) -> Any:
        with pytest.raises(CommandDeadlineError):
            await session.execute("human-monitor-command", {"command-line": "x" * 4_000_000})

    run_with(behave, act, command_s=0.05)


def test_hang_up_during_a_command_tells_why_qemu_died() -> None:
    async def obituary() -> EmulatorError | None:
        return GuestDiedError("QEMU went away with exit status 1", status=1, output="last words")

    with pytest.raises(GuestDiedError, match="QEMU went away with exit status 1\nlast words"):
        run_with(answers(close=True), ask, obituary=obituary)


def test_hang_up_ends_waiting_subscribers() -> None:
    async def act(session: QmpSession) -> Any:
        with session.subscribe("RESET") as subscription:
            command = asyncio.create_task(ask(session))
            with pytest.raises(SessionEndedError, match="QEMU closed its monitor"):
                await subscription.get()
            with pytest.raises(SessionEndedError):
                await command
        with session.subscribe() as late, pytest.raises(SessionEndedError, match="QEMU closed its monitor"):
            await late.get()

    run_with(answers(close=True), act)


def test_event_flood_is_bounded_and_counted() -> None:
    total = 20_000

    async def behave(peer: FakePeer) -> None:
        await peer.negotiate()
        command = await peer.receive()
        for number in range(total):
            await peer.send({"event": "FLOOD", "data": {"number": number}, "timestamp": {}})
        await peer.send({"return": "through", "id": command["id"]})

    async def act(session: QmpSession) -> Any:
        with session.subscribe("FLOOD", capacity=10) as subscription, session.subscribe("OTHER") as other:
            result = await ask(session)
            kept = [(await subscription.get())["data"]["number"] for _ in range(len(subscription))]
            return result, kept, subscription.lost, len(other)

    assert run_with(behave, act) == ("through", list(range(total - 10, total)), total - 10, 0)


def test_events_without_a_name_or_with_unknown_fields_pass() -> None:
    strange = [{"event": 7}, {"event": "NEW", "future": [1]}]

    async def act(session: QmpSession) -> Any:
        with session.subscribe() as subscription:
            await ask(session)
            return [await subscription.get() for _ in strange]

    assert run_with(answers(*strange, {"return": {}, "id": "ID"}), act) == strange


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.integers(0, 3))
def test_any_bytes_at_any_moment(content: bytes, moment: int) -> None:
    """Whatever a peer says, before the greeting, after it, instead of an answer or after one: an error or an answer."""

    async def behave(peer: FakePeer) -> None:
        if moment > 0:
            await peer.send(GREETING)
        if moment > 1:
            await peer.receive()
            await peer.send({"return": {}})
        if moment > 2:
            command = await peer.receive()
            await peer.send({"return": "right", "id": command["id"]})
        await peer.send(content)
        peer.writer.write_eof()

    with suppress(SessionEndedError, PeerError, CommandError):
        assert run_with(behave, ask) == "right"


def conversation() -> bytes:
    """All that a well-behaved peer says when asked once."""
    words: tuple[Any, ...] = (
        GREETING,
        {"return": {}},
        {"event": "RESUME"},
        {"return": {"running": True}, "id": "__qmp#00000"},
    )
    return b"".join(json.dumps(word).encode() + b"\r\n" for word in words)


@pytest.mark.parametrize("end", range(0, len(conversation()) + 1, 3))
def test_hang_up_after_every_byte(end: int) -> None:
    """The peer says all that it has to say up to byte `end`, without waiting for questions, and hangs up."""

    async def behave(peer: FakePeer) -> None:
        await peer.send(conversation()[:end])
        peer.writer.write_eof()

    try:
        result = run_with(behave, ask)
    except (SessionEndedError, PeerError):
        return
    assert result == {"running": True}
    assert end >= len(conversation()) - 2
