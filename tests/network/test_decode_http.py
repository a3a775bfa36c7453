import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.network.decode.tcp import TcpStream
from tests.network.frames import decode, tcp

CLIENT, SERVER = ("10.0.2.15", 30000), ("10.0.2.1", 80)
REQUEST = b"GET /probe.0 HTTP/1.1\r\nConnection: keep-alive\r\nUser-Agent: iPXE/1.0.0+\r\nHost: 10.0.2.1\r\n\r\n"


class Dialogue:
    """Segments of one connection, in the order in which they are said."""

    def __init__(self, client: tuple[str, int] = CLIENT, *, begin: int = 1000) -> None:
        self.client = client
        self.sequences = {True: begin, False: begin + 5000}
        self.frames = [self._segment("S", True), self._segment("SA", False)]
        self.sequences = {side: sequence + 1 for side, sequence in self.sequences.items()}

    def _segment(self, flags: str, from_guest: bool, payload: bytes = b"", at: int = 0) -> bytes:
        ends = (self.client, SERVER) if from_guest else (SERVER, self.client)
        return tcp(*ends, flags, self.sequences[from_guest] + at, payload, from_guest=from_guest)

    def say(self, payload: bytes, *, from_guest: bool, flags: str = "PA") -> "Dialogue":
        self.frames.append(self._segment(flags, from_guest, payload))
        self.sequences[from_guest] += len(payload) + ("F" in flags)
        return self

    def ask(self, payload: bytes = REQUEST) -> "Dialogue":
        return self.say(payload, from_guest=True)

    def answer(self, payload: bytes, flags: str = "PA") -> "Dialogue":
        return self.say(payload, from_guest=False, flags=flags)

    def facts(self, kind: str) -> list[dict]:
        return [dict(fact.facts) for fact in decode(*self.frames) if fact.kind == kind]


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def test_a_request():
    (facts,) = Dialogue().ask().facts("http-request")
    assert facts == {
        "method": "GET",
        "target": "/probe.0",
        "version": "HTTP/1.1",
        "headers": [["Connection", "keep-alive"], ["User-Agent", "iPXE/1.0.0+"], ["Host", "10.0.2.1"]],
        "user_agent": "iPXE/1.0.0+",
        "host": "10.0.2.1",
        "connection": 1,
        "window": 8192,
        "tcp_options": "",
    }


def test_a_request_in_pieces():
    dialogue = Dialogue()
    for at in range(0, len(REQUEST), 7):
        dialogue.ask(REQUEST[at : at + 7])
    assert [facts["target"] for facts in dialogue.facts("http-request")] == ["/probe.0"]


def test_a_request_of_gpxe():
    text = b"GET /script HTTP/1.0\r\nUser-Agent: gPXE/0.9.9\r\nHost: server\r\n\r\n"
    (facts,) = Dialogue().ask(text).facts("http-request")
    assert (facts["version"], facts["user_agent"], facts["host"]) == ("HTTP/1.0", "gPXE/0.9.9", "server")


def test_a_response_with_a_length():
    dialogue = Dialogue().ask().answer(_answer(b"x" * 600)[:300]).answer(_answer(b"x" * 600)[300:])
    (facts,) = dialogue.facts("http-response")
    assert (facts["status"], facts["body_length"], facts["completed"]) == (200, 600, True)
    assert (facts["method"], facts["end_guest_s"], facts["retransmissions"]) == ("GET", 4.0, 0)


def test_keep_alive():
    dialogue = (
        Dialogue().ask().answer(_answer(b"a" * 10)).ask(REQUEST.replace(b"probe", b"other")).answer(_answer(b"b"))
    )
    assert [facts["connection"] for facts in dialogue.facts("http-request")] == [1, 1]
    assert [facts["body_length"] for facts in dialogue.facts("http-response")] == [10, 1]


def test_two_requests_in_one_segment():
    dialogue = Dialogue().ask(REQUEST * 2).answer(_answer(b"a") + _answer(b""))
    assert len(dialogue.facts("http-request")) == 2
    assert [facts["body_length"] for facts in dialogue.facts("http-response")] == [1, 0]


def test_a_body_until_the_end_of_the_connection():
    dialogue = Dialogue().ask().answer(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 50).answer(b"y", "FA")
    (facts,) = dialogue.facts("http-response")
    assert (facts["body_length"], facts["completed"], facts["version"]) == (51, True, "HTTP/1.0")


def test_a_body_in_chunks():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    dialogue = Dialogue().ask().answer(head + b"5\r\nhel").answer(b"lo\r\n3;x=y\r\nabc\r\n0\r\n\r\n")
    (facts,) = dialogue.facts("http-response")
    assert (facts["body_length"], facts["completed"]) == (8, True)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_a_status_without_a_body(status):
    dialogue = Dialogue().ask().answer(b"HTTP/1.1 " + status + b"\r\nContent-Length: 9\r\n\r\n")
    (facts,) = dialogue.facts("http-response")
    assert (facts["body_length"], facts["completed"]) == (0, True)


def test_head_has_no_body():
    dialogue = Dialogue().ask(REQUEST.replace(b"GET", b"HEAD")).answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    (facts,) = dialogue.facts("http-response")
    assert (facts["method"], facts["body_length"], facts["completed"]) == ("HEAD", 0, True)


@pytest.mark.parametrize("end", ["", "FA", "RA"])
def test_a_body_that_breaks_off(end):
    dialogue = Dialogue().ask().answer(_answer(b"x" * 600)[:300])
    if end:
        dialogue.answer(b"", end)
    (facts,) = dialogue.facts("http-response")
    assert not facts["completed"]
    assert facts["body_length"] < 600


def test_retransmissions_of_either_side_are_counted_and_change_nothing():
    dialogue = Dialogue().ask().answer(_answer(b"x" * 600))
    dialogue.frames += [dialogue.frames[-2], dialogue.frames[-1]]
    dialogue.answer(_answer(b"y"))
    first, second = dialogue.facts("http-response")
    assert (first["body_length"], first["retransmissions"]) == (600, 0)
    assert (second["body_length"], second["retransmissions"]) == (1, 2)
    assert len(dialogue.facts("http-request")) == 1


def test_segments_out_of_order():
    dialogue = Dialogue().ask().answer(_answer(b"x" * 600)[:300]).answer(_answer(b"x" * 600)[300:])
    dialogue.frames[-1], dialogue.frames[-2] = dialogue.frames[-2], dialogue.frames[-1]
    (facts,) = dialogue.facts("http-response")
    assert (facts["body_length"], facts["completed"], facts["retransmissions"]) == (600, True, 0)


def test_sequence_numbers_wrap():
    dialogue = Dialogue(begin=(1 << 32) - 5010).ask().answer(_answer(b"x" * 600)).ask().answer(_answer(b"y"))
    assert [facts["body_length"] for facts in dialogue.facts("http-response")] == [600, 1]


def test_a_port_that_is_used_again_is_another_connection():
    dialogue, other = Dialogue().ask(), Dialogue(begin=77777).ask()
    dialogue.frames += other.frames
    assert [facts["connection"] for facts in dialogue.facts("http-request")] == [1, 2]


def test_a_syn_that_is_sent_again_is_the_same_connection():
    dialogue = Dialogue()
    dialogue.frames.insert(1, dialogue.frames[0])
    dialogue.ask().answer(_answer(b"x"))
    assert [facts["connection"] for facts in dialogue.facts("http-request")] == [1]
    assert [facts["retransmissions"] for facts in dialogue.facts("http-response")] == [1]


def test_other_protocols_over_tcp_are_one_fact_each():
    dialogue = Dialogue().ask(b"\x00\x01binary").answer(b"more").ask(b"and more")
    facts = decode(*dialogue.frames)
    assert [fact.kind for fact in facts] == ["other"]
    assert facts[0].facts["protocol"] == "tcp"
    assert facts[0].facts["destination_port"] == 80


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=200), st.randoms(), st.integers(0, (1 << 32) - 1))
def test_a_stream_is_whole_whatever_the_order(content, random, begin):
    pieces = [(at, content[at : at + random.randint(1, 50)]) for at in range(0, len(content), random.randint(1, 20))]
    pieces = [(at, content[at : at + max(20, len(piece))]) for at, piece in pieces] * 2
    random.shuffle(pieces)
    stream = TcpStream()
    stream.synchronize(begin)
    whole = b"".join(
        stream.take((begin + 1 + at) % (1 << 32), piece, fin=at + len(piece) == len(content)) for at, piece in pieces
    )
    assert whole == content
    assert stream.ended
