"""Every case of the corpus: the work is linear in what is sent, and limited, and what is given up is told."""

import sys
from collections.abc import Iterator
from itertools import chain, pairwise
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.cell.lengths import LIMITS
from bootrig.cell.specification import CAPTURE_FILE
from bootrig.jsonfile import encode_json, parse_json
from bootrig.network.capture import PACKET_HEADER_LENGTH
from bootrig.network.decode import budget as limits
from bootrig.network.decode.budget import (
    CONNECTION_WORK,
    EVENT_WORK,
    FRAME_WORK,
    PARSE_WORK,
    PIECE_BYTES,
    REPEATED_WORK,
    WAITING_LIMIT,
    WORK_LIMIT,
    Budget,
)
from bootrig.network.decode.frame import FrameDecoder
from bootrig.network.decode.keeping import EVENTS_LIMIT
from bootrig.trace.events import Event, HttpResponse
from tests.network.frames import (
    GUEST,
    SERVER,
    TFTP_READ,
    Dialogue,
    decode_whole,
    ethernet,
    ip4,
    tcp,
    tftp_ack,
    tftp_data,
)
from tests.network.hostile.traffic import CASES, segment

# of the smallest of three sizes of a case
LENGTH = 16_000
# Lines of Python: what a frame may take beside what it costs by the decoder's account, and how much that is a line. So
# the whole of the limit is 17 million lines.
FRAME_LINES, LINE_WORK = 130, 64
CAPTURE_LENGTH = next(limit.length for limit in LIMITS if limit.files == CAPTURE_FILE)


def decode_counted(frames: list[bytes]) -> tuple[int, Budget]:
    """Decode frames; return how many lines of Python that took, and what it cost by the decoder's own account."""
    budget, lines = Budget(), 0

    def count(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    decoder, before = FrameDecoder("nic0", budget), sys.gettrace()
    sys.settrace(count)
    try:
        for at, frame in enumerate(frames):
            list(decoder.decode(float(at), frame, from_guest=True))
    finally:
        sys.settrace(before)
    return lines, budget


@pytest.mark.parametrize("name", CASES)
def test_work_is_linear(name):
    steps = []
    frames_few = LENGTH // max(1, len(b"".join(CASES[name](100))) // 100)
    for count in (frames_few, 2 * frames_few, 4 * frames_few):
        frames = list(CASES[name](count))
        lines, budget = decode_counted(frames)
        steps.append((lines, budget.work))
        frame_work = FRAME_WORK + CONNECTION_WORK + 4 * EVENT_WORK
        assert budget.work <= frame_work * len(frames) + 8 * PARSE_WORK * sum(map(len, frames))
        assert lines <= FRAME_LINES * len(frames) + budget.work / LINE_WORK
        assert budget.waiting <= sum(map(len, frames)) + PIECE_BYTES * len(frames)
    for few, many in pairwise(steps):
        assert all(more <= 2.5 * less + 1000 for less, more in zip(few, many, strict=True))


@pytest.mark.parametrize("name", CASES)
def test_what_is_sent_decodes_to_events_that_a_trace_can_hold(name):
    events = decode_whole(CASES[name](200)).events
    assert parse_json(encode_json(events), tuple[Event, ...], "events") == events


def truncated(name: str, count: int) -> tuple[str, ...]:
    return decode_whole(CASES[name](count)).truncated


def test_a_decoder_that_has_spent_its_budget_says_so(monkeypatch):
    monkeypatch.setattr(limits, "WORK_LIMIT", 10 * (FRAME_WORK + EVENT_WORK))
    decoded = decode_whole(CASES["addresses_asked_for"](50))
    assert len(decoded.events) == 10
    assert decoded.truncated == ("capture: frames that are not decoded: 40",)


def test_60_000_frames_of_an_event_each_are_decoded():
    _, budget = decode_counted(list(CASES["addresses_asked_for"](100)))
    assert 600 * budget.work < WORK_LIMIT


def test_repeated_frames_cost_work_wherever_they_are_listed():
    frames = list(CASES["requests_and_answers"](300))
    _, budget = decode_counted(frames)
    answers = [event for event in decode_whole(frames).events if isinstance(event, HttpResponse)]
    listed = sum(len(answer.repeated_frames) for answer in answers)
    assert listed > len(frames)
    assert budget.work > REPEATED_WORK * listed + (FRAME_WORK + EVENT_WORK) * len(answers)


def send_file_by_tftp() -> list[bytes]:
    exchanges = ((tftp_data(number, 512), tftp_ack(number)) for number in range(1, 101))
    return [TFTP_READ, *chain.from_iterable(exchanges)]


def send_file_by_http() -> list[bytes]:
    said = Dialogue().ask().answer(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
    for _ in range(100):
        said.answer(bytes(1460)).ask(b"")
    return said.frames


@pytest.mark.parametrize("send", [send_file_by_tftp, send_file_by_http])
def test_files_that_fill_the_capture_are_followed_to_their_end(send):
    frames = send()
    begun, whole = (decode_counted(some)[1].work for some in (frames[:5], frames))
    length = sum(len(frame) + PACKET_HEADER_LENGTH for frame in frames[5:])
    assert (whole - begun) / length * CAPTURE_LENGTH < WORK_LIMIT


@pytest.mark.parametrize(
    ("name", "count", "said"),
    [
        ("fragments_of_a_datagram_each", 64, ()),
        ("fragments_of_a_datagram_each", 70, ("datagrams whose fragments are not put together: 6",)),
        ("fragments_that_overlap", 300, ("datagrams whose fragments are not put together: 3",)),
        ("tftp_blocks_again", 1001, ()),
        ("tftp_blocks_again", 1005, ("repeated frames that are not listed: 4",)),
        ("segments_again", 1005, ("repeated frames that are not listed: 5",)),
        ("segments_of_a_byte_in_a_head", 600, ()),
    ],
)
def test_what_is_given_up_is_told(name, count, said):
    assert truncated(name, count) == tuple(f"capture: {words}" for words in said)


def test_a_stream_of_which_too_much_waits_is_given_up():
    frames = [segment(0, b"", "S"), *(segment(2 + 60000 * at, bytes(60000)) for at in range(70))]
    assert decode_whole(frames).truncated == ("capture: TCP streams that are not followed to their end: 1",)
    assert decode_whole(frames[:69]).truncated == ()


def test_a_head_without_end_is_given_up():
    frames = [segment(0, b"", "S"), segment(1, b"GET /" + bytes(60000)), segment(60006, bytes(6000))]
    assert decode_whole(frames).truncated == ("capture: HTTP heads that are too long: 1",)


def test_what_waits_in_a_capture_is_limited_and_given_back():
    budget = Budget()
    decoder = FrameDecoder("nic0", budget)
    for at, frame in enumerate(CASES["gaps_in_many_connections"](600 + 12_000)):
        list(decoder.decode(float(at), frame, from_guest=True))
        assert budget.waiting <= WAITING_LIMIT
    assert "TCP streams that are not followed to their end" in "".join(budget.truncated)


def test_of_many_events_of_a_kind_the_first_and_the_last_are_kept():
    count = 10_000
    decoded = decode_whole(CASES["addresses_asked_for"](count))
    frames = [event.frame for event in decoded.events]
    (said,) = decoded.truncated
    assert frames[:1000] == list(range(1, 1001))
    assert frames[-1000:] == list(range(count - 999, count + 1))
    assert said == f"capture: events of the kind arp that are not kept: {count - len(frames)}"
    assert len(encode_json(decoded.events)) < 4 * EVENTS_LIMIT


def test_other_kinds_are_kept_beside_a_flood():
    def send() -> Iterator[bytes]:
        yield from CASES["addresses_asked_for"](5000)
        yield tcp(GUEST, (SERVER[0], 3260), "S", 1)
        yield from CASES["addresses_asked_for"](5000)

    assert [event.frame for event in decode_whole(send()).events if event.__struct_config__.tag == "tcp"] == [5001]


PIECES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40), st.booleans(), st.integers(0, 2)), max_size=30)


@settings(deadline=None, max_examples=50)
@given(PIECES)
def test_any_fragments(pieces):
    budget = Budget()
    decoder = FrameDecoder("nic0", budget)
    for place, length, more, number in pieces:
        flags = (0x2000 if more else 0) | place
        packet = ip4(17, GUEST[0], SERVER[0], bytes(length), number=number, fragment=flags)
        list(decoder.decode(0.0, ethernet(0x0800, packet), from_guest=True))
    assert 0 <= budget.waiting <= len(pieces) * (40 + PIECE_BYTES)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=20), st.sampled_from(["A", "S", "FA", "R"]))))
def test_any_segments_give_back_what_waits(segments):
    budget = Budget()
    decoder = FrameDecoder("nic0", budget)
    list(decoder.decode(0.0, segment(0, b"", "S"), from_guest=True))
    for sequence, content, flags in segments:
        list(decoder.decode(0.0, segment(sequence, content, flags), from_guest=True))
    assert 0 <= budget.waiting <= len(segments) * (20 + PIECE_BYTES)
    list(decoder.decode(0.0, segment(1, bytes(100)), from_guest=True))
    list(decoder.decode(0.0, segment(900, b"", "S"), from_guest=True))  # a new connection on the same ports
    assert budget.waiting == 0
