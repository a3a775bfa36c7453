import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.network.decode.http import looks_like_http
from bootrig.network.decode.tcp import TcpStream
from bootrig.trace.events import HttpRequest, HttpResponse, Tcp
from tests.network.frames import HTTP_CLIENT, HTTP_REQUEST, HTTP_SERVER, Dialogue, decode, ends, http_answer


def test_a_connection():
    opened, request, response = decode(*Dialogue().ask().answer(http_answer(b"x" * 600)).frames)
    assert opened == Tcp(
        guest_s=0.0, from_guest=True, frame=1, **ends(HTTP_CLIENT, HTTP_SERVER), connection=1, window=8192
    )
    assert request == HttpRequest(
        guest_s=2.0,
        from_guest=True,
        frame=3,
        method="GET",
        target="/probe.0",
        version="HTTP/1.1",
        headers=(("Connection", "keep-alive"), ("User-Agent", "iPXE/1.0.0+"), ("Host", "10.0.2.1")),
        connection=1,
        window=8192,
        tcp_options="",
    )
    assert response == HttpResponse(
        guest_s=3.0,
        from_guest=False,
        frame=4,
        status=200,
        method="GET",
        headers=(("Content-Length", "600"),),
        connection=1,
        body_length=600,
        end_guest_s=3.0,
    )


def test_a_request_in_pieces():
    dialogue = Dialogue()
    for at in range(0, len(HTTP_REQUEST), 7):
        dialogue.ask(HTTP_REQUEST[at : at + 7])
    assert [event.target for event in dialogue.find_requests()] == ["/probe.0"]


def test_a_request_of_gpxe():
    text = b"GET /script HTTP/1.0\r\nUser-Agent: gPXE/0.9.9\r\nHost: server\r\n\r\n"
    (event,) = Dialogue().ask(text).find_requests()
    assert (event.version, event.find_header("user-agent"), event.find_header("host")) == (
        "HTTP/1.0",
        "gPXE/0.9.9",
        "server",
    )


def test_a_response_with_a_length():
    dialogue = Dialogue().ask().answer(http_answer(b"x" * 600)[:300]).answer(http_answer(b"x" * 600)[300:])
    (event,) = dialogue.find_responses()
    assert (event.status, event.body_length, event.completed) == (200, 600, True)
    assert (event.method, event.end_guest_s, event.repeated_frames) == ("GET", 4.0, ())


def test_keep_alive():
    dialogue = (
        Dialogue()
        .ask()
        .answer(http_answer(b"a" * 10))
        .ask(HTTP_REQUEST.replace(b"probe", b"other"))
        .answer(http_answer(b"b"))
    )
    assert [event.connection for event in dialogue.find_requests()] == [1, 1]
    assert [event.body_length for event in dialogue.find_responses()] == [10, 1]


def test_two_requests_in_one_segment():
    dialogue = Dialogue().ask(HTTP_REQUEST * 2).answer(http_answer(b"a") + http_answer(b""))
    assert len(dialogue.find_requests()) == 2
    assert [event.body_length for event in dialogue.find_responses()] == [1, 0]


def test_a_body_until_the_end_of_the_connection():
    dialogue = Dialogue().ask().answer(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 50).answer(b"y", "FA")
    (event,) = dialogue.find_responses()
    assert (event.body_length, event.completed, event.version) == (51, True, "HTTP/1.0")


def test_a_body_in_chunks():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    dialogue = Dialogue().ask().answer(head + b"5\r\nhel").answer(b"lo\r\n3;x=y\r\nabc\r\n0\r\n\r\n")
    (event,) = dialogue.find_responses()
    assert (event.body_length, event.completed) == (8, True)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_a_status_without_a_body(status):
    dialogue = Dialogue().ask().answer(b"HTTP/1.1 " + status + b"\r\nContent-Length: 9\r\n\r\n")
    (event,) = dialogue.find_responses()
    assert (event.body_length, event.completed) == (0, True)


def test_head_has_no_body():
    dialogue = (
        Dialogue().ask(HTTP_REQUEST.replace(b"GET", b"HEAD")).answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    )
    (event,) = dialogue.find_responses()
    assert (event.method, event.body_length, event.completed) == ("HEAD", 0, True)


@pytest.mark.parametrize("end", ["", "FA", "RA"])
def test_a_body_that_breaks_off(end):
    dialogue = Dialogue().ask().answer(http_answer(b"x" * 600)[:300])
    if end:
        dialogue.answer(b"", end)
    (event,) = dialogue.find_responses()
    assert not event.completed
    assert event.body_length < 600


def test_repeated_frames_of_either_side_are_told_and_change_nothing():
    dialogue = Dialogue().ask().answer(http_answer(b"x" * 600))
    dialogue.frames += [dialogue.frames[-2], dialogue.frames[-1]]
    dialogue.answer(http_answer(b"y"))
    first, second = dialogue.find_responses()
    assert (first.body_length, first.repeated_frames) == (600, ())
    assert (second.body_length, second.repeated_frames) == (1, (5, 6))
    assert len(dialogue.find_requests()) == 1


def test_segments_out_of_order():
    dialogue = Dialogue().ask().answer(http_answer(b"x" * 600)[:300]).answer(http_answer(b"x" * 600)[300:])
    dialogue.frames[-1], dialogue.frames[-2] = dialogue.frames[-2], dialogue.frames[-1]
    (event,) = dialogue.find_responses()
    assert (event.body_length, event.completed, event.repeated_frames) == (600, True, ())


def test_sequence_numbers_wrap():
    dialogue = Dialogue(begin=(1 << 32) - 5010).ask().answer(http_answer(b"x" * 600)).ask().answer(http_answer(b"y"))
    assert [event.body_length for event in dialogue.find_responses()] == [600, 1]


def test_a_port_that_is_used_again_is_another_connection():
    dialogue, other = Dialogue().ask(), Dialogue(begin=77777).ask()
    dialogue.frames += other.frames
    assert [event.connection for event in dialogue.find_requests()] == [1, 2]


def test_a_syn_that_is_sent_again_is_the_same_connection():
    dialogue = Dialogue()
    dialogue.frames.insert(1, dialogue.frames[0])
    dialogue.ask().answer(http_answer(b"x"))
    assert [event.connection for event in dialogue.find_requests()] == [1]
    assert [event.repeated_frames for event in dialogue.find_responses()] == [(2,)]


def test_a_connection_of_another_protocol_is_one_event():
    dialogue = Dialogue().ask(b"\x00\x01binary").answer(b"more").ask(b"and more")
    assert [type(event) for event in decode(*dialogue.frames)] == [Tcp]


def _answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode() + body


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        *((b"GET / HTTP/1.1", True), (b"GET / HTTP/1.1\r\nHost: x", True), (b"GET", True), (b"GET /x", True)),
        *((b"ABCDEFGHIJ", True), (b"ABCDEFGHIJK", False), (b"get / HTTP/1.1", False), (b"GET / HTTP/1.1x\r\n", False)),
        *((b"GET /\r\n", False), (b"\x16\x03\x01", False), (b"GET\t/", False)),
    ],
)
def test_what_may_become_a_request(content, expected):
    assert looks_like_http(content) is expected


def test_requests_with_bodies_one_after_another():
    post = b"POST /form HTTP/1.1\r\ncontent-length: 10\r\n\r\n"
    dialogue = Dialogue().ask(post + b"GET").ask(b" / HTTP").ask(b"GET /a HTTP/1.0\r\n\r\nHEAD /b HTTP/1.1\r\n\r\n")
    assert [(event.method, event.target, event.version, event.headers) for event in dialogue.find_requests()] == [
        ("POST", "/form", "HTTP/1.1", (("content-length", "10"),)),
        ("GET", "/a", "HTTP/1.0", ()),
        ("HEAD", "/b", "HTTP/1.1", ()),
    ]
    dialogue.answer(_answer("200 OK", "Content-Length: 1", body=b"x") + _answer("404 Not Found", "Content-Length: 0"))
    dialogue.answer(_answer("200 OK", "Content-Length: 77"))
    assert [(event.status, event.method, event.body_length, event.frame) for event in dialogue.find_responses()] == [
        (200, "POST", 1, 6),
        (404, "GET", 0, 6),
        (200, "HEAD", 0, 7),
    ]


@pytest.mark.parametrize("say", ["ask", "answer"])
@pytest.mark.parametrize(("length", "found"), [(65537, 1), (65538, 0)])
def test_a_head_that_is_too_long_is_not_read(say, length, found):
    begin = HTTP_REQUEST[:-4] if say == "ask" else b"HTTP/1.1 200 OK"
    head = begin + b"\r\nX: " + b"a" * (length - len(begin) - 9) + b"\r\n\r\n"
    dialogue = Dialogue() if say == "ask" else Dialogue().ask()
    for piece in (head[:-50001], head[-50001:-1], head[-1:]):
        getattr(dialogue, say)(piece)
    events = dialogue.find_requests() if say == "ask" else dialogue.find_responses()
    assert len(events) == found


@pytest.mark.parametrize(
    ("status", "method", "body_length"),
    [
        *(("200 OK", b"GET", 9), ("203 Other", b"GET", 9), ("205 Reset", b"GET", 9), ("303 See", b"GET", 9)),
        *(("305 Proxy", b"GET", 9), ("200 OK", b"POST", 9), ("200 OK", b"HEAD", 0), ("500 No", b"DELETE", 9)),
    ],
)
def test_which_answers_have_a_body(status, method, body_length):
    dialogue = Dialogue().ask(HTTP_REQUEST.replace(b"GET", method)).answer(_answer(status, "Content-Length: 9"))
    if body_length:
        dialogue.answer(bytes(body_length))
    (event,) = dialogue.find_responses()
    assert (event.method, event.body_length, event.completed) == (method.decode(), body_length, True)


@pytest.mark.parametrize("status", [100, 199])
def test_an_answer_before_the_answer(status):
    dialogue = Dialogue().ask().answer(_answer(f"{status} Wait", "Content-Length: 5") + http_answer(b"abc"))
    found = [(event.status, event.method, event.body_length) for event in dialogue.find_responses()]
    assert found == [(status, None, 0), (200, "GET", 3)]


@pytest.mark.parametrize(
    ("headers", "body_length"),
    [
        (("a: 1", "CONTENT-LENGTH:3", "z: 2"), 3),
        (("Content-Length: 0",), 0),
        (("Content-Length: x",), 6),
        (("Content-Length: -1",), 6),
        (("Content-Length: 1234567890123456",), 6),
        (("Transfer-Encoding: gzip", "Content-Length: 2"), 2),
        (("Transfer-Encoding: br", "Content-Length: 2"), 2),
        (("Transfer-Encoding: CHUNKED", "Content-Length: 2"), 1),
    ],
)
def test_what_tells_the_length_of_a_body(headers, body_length):
    dialogue = Dialogue().ask().answer(_answer("200 OK", *headers)).answer(b"1\r\nx\r\n").answer(b"", flags="FA")
    event = dialogue.find_responses()[0]
    assert (event.body_length, event.completed) == (body_length, "CHUNKED" not in headers[0])


def test_chunks_in_single_bytes():
    dialogue = Dialogue().ask()
    for byte in (
        _answer("200 OK", "Transfer-Encoding: chunked") + b"1A\r\n" + bytes(26) + b"\r\n3;x\r\nabc\r\n0\r\n\r\n"
    ):
        dialogue.answer(bytes([byte]))
    last = len(dialogue.frames) - 1
    dialogue.ask().answer(http_answer(b"next"))
    first, second = dialogue.find_responses()
    assert (first.body_length, first.completed, first.end_guest_s) == (29, True, float(last))
    assert (second.body_length, second.completed) == (4, True)


def test_an_answer_that_nobody_asked_for_is_read():
    dialogue = Dialogue().ask().answer(http_answer(b"a")).answer(http_answer(b"bc"))
    assert [(event.method, event.body_length) for event in dialogue.find_responses()] == [("GET", 1), (None, 2)]


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=200), st.randoms(), st.integers(0, (1 << 32) - 1))
def test_a_stream_is_whole_whatever_the_order(content, random, begin):
    pieces = [(at, content[at : at + random.randint(1, 50)]) for at in range(0, len(content), random.randint(1, 20))]
    pieces = [(at, content[at : at + max(20, len(piece))]) for at, piece in pieces] * 2
    random.shuffle(pieces)
    stream = TcpStream()
    stream.synchronize(begin, frame=1)
    whole = b"".join(
        stream.take((begin + 1 + at) % (1 << 32), piece, frame=2, fin=at + len(piece) == len(content))
        for at, piece in pieces
    )
    assert whole == content
    assert stream.ended
