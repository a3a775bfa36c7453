"""TCP streams put together again: segments, and what each adds."""

import pytest

from bootrig.network.decode.tcp import TcpStream

HALF, WRAP = 1 << 31, 1 << 32
FIN = True


@pytest.mark.parametrize(
    ("segments", "delivered", "repeated", "ended"),
    [
        ([(0, b"abc")], [b"abc"], [], False),
        ([(0, b"abc"), (3, b"d")], [b"abc", b"d"], [], False),
        # again: all of it, its last byte, its first, more than it
        ([(0, b"abc"), (0, b"abc")], [b"abc", b""], [2], False),
        ([(0, b"abc"), (2, b"c")], [b"abc", b""], [2], False),
        ([(0, b"abc"), (1, b"bcd")], [b"abc", b"d"], [], False),
        ([(0, b"abc"), (0, b"abcdef"), (6, b"g")], [b"abc", b"def", b"g"], [], False),
        # late, and late again
        ([(3, b"d"), (0, b"abc")], [b"", b"abcd"], [], False),
        ([(1, b"b"), (0, b"a")], [b"", b"ab"], [], False),
        ([(3, b"d"), (3, b"d"), (0, b"abc")], [b"", b"", b"abcd"], [2], False),
        ([(5, b"f"), (3, b"de"), (0, b"abc"), (6, b"g")], [b"", b"", b"abcdef", b"g"], [], False),
        ([(3, b"d"), (6, b"g"), (0, b"abc")], [b"", b"", b"abcd"], [], False),
        ([(1, b"bcd"), (2, b"cde"), (0, b"a")], [b"", b"", b"abcde"], [], False),
        # half of the circle ahead is ahead, more is behind
        ([(HALF - 1, b"z")], [b""], [], False),
        ([(HALF, b"z")], [b""], [1], False),
        ([(WRAP - 1, b"z")], [b""], [1], False),
        ([(WRAP - 1, b"za")], [b"a"], [], False),
        # ends: with a last byte, alone, before what is late, again
        ([(0, b"abc", FIN)], [b"abc"], [], True),
        ([(0, b"", FIN)], [b""], [], True),
        ([(0, b"abc"), (3, b"", FIN)], [b"abc", b""], [], True),
        ([(3, b"", FIN)], [b""], [], False),
        ([(3, b"d", FIN), (0, b"abc")], [b"", b"abcd"], [], True),
        ([(0, b"abc", FIN), (0, b"abc")], [b"abc", b""], [2], True),
        ([(0, b"a", FIN), (1, b"b")], [b"a", b"b"], [], True),
    ],
)
@pytest.mark.parametrize("begin", [0, 1000, WRAP - 1, WRAP - 4])
def test_segments_and_what_they_add(segments, delivered, repeated, ended, begin):
    stream = TcpStream()
    stream.synchronize(begin, frame=99)
    for number, (offset, content, *fin) in enumerate(segments, start=1):
        sequence = (begin + 1 + offset) % WRAP
        assert stream.take(sequence, content, frame=number, fin=bool(fin)) == delivered[number - 1]
    assert (stream.repeated_frames, stream.ended) == (repeated, ended)
    assert stream.next_sequence == (begin + 1 + len(b"".join(delivered))) % WRAP


@pytest.mark.parametrize("begin", [0, 7, WRAP - 1])
def test_a_stream_seen_from_its_middle_begins_with_the_first_segment(begin):
    stream = TcpStream()
    assert not stream.ended
    assert stream.take(begin, b"ab", frame=1, fin=False) == b"ab"
    assert stream.take((begin + 2) % WRAP, b"c", frame=2, fin=True) == b"c"
    assert (stream.repeated_frames, stream.ended) == ([], True)


def test_a_second_syn_is_a_repetition():
    stream = TcpStream()
    for frame in (4, 5, 6):
        stream.synchronize(0xFFFFFFFF, frame=frame)
    assert (stream.next_sequence, stream.repeated_frames) == (0, [5, 6])
