import pytest

from bootrig.network.decode.tftp import Datagram, TftpFollower
from tests.network.frames import decode, from_guest, from_server, udp

REQUEST = b"\0\1pxelinux.0\0octet\0blksize\x001432\0tsize\x000\0"
OACK = b"\0\6blksize\x001432\0tsize\x002000\0"


def _data(number: int, length: int) -> bytes:
    return from_server(b"\0\3" + (number & 0xFFFF).to_bytes(2, "big") + bytes(length))


def _ack(number: int) -> bytes:
    return from_guest(b"\0\4" + (number & 0xFFFF).to_bytes(2, "big"), 1069)


def test_a_transfer_with_options():
    request, options, transfer = decode(
        from_guest(REQUEST), from_server(OACK), _ack(0), _data(1, 1432), _ack(1), _data(2, 568), _ack(2)
    )
    assert (request.kind, request.guest_s, request.from_guest) == ("tftp-request", 0.0, True)
    assert request.facts == {
        "operation": "read",
        "file": "pxelinux.0",
        "mode": "octet",
        "options": [["blksize", "1432"], ["tsize", "0"]],
        "client_port": 41474,
        "server": "10.0.2.1",
        "repeated": False,
    }
    assert (options.kind, options.guest_s, options.from_guest) == ("tftp-options", 1.0, False)
    assert options.facts["options"] == [["blksize", "1432"], ["tsize", "2000"]]
    assert (transfer.kind, transfer.guest_s) == ("tftp-transfer", 3.0)
    assert transfer.facts == {
        "file": "pxelinux.0",
        "client_port": 41474,
        "block_length": 1432,
        "blocks": 2,
        "bytes": 2000,
        "acks": 3,
        "retransmissions": 0,
        "end_guest_s": 6.0,
        "completed": True,
    }


def _transfer(*frames: bytes) -> dict:
    return dict(next(fact.facts for fact in decode(*frames) if fact.kind == "tftp-transfer"))


def test_without_options_blocks_have_512_bytes():
    facts = _transfer(from_guest(b"\0\1a\0octet\0"), _data(1, 512), _ack(1), _data(2, 0), _ack(2))
    assert (facts["block_length"], facts["blocks"], facts["bytes"], facts["completed"]) == (512, 2, 512, True)


def test_repetitions_of_either_side_are_counted():
    facts = _transfer(from_guest(REQUEST), _data(1, 9), _data(1, 9), _ack(0), _ack(0), _ack(1))
    assert facts["retransmissions"] == 2
    assert facts["completed"]


def test_a_transfer_that_breaks_off():
    facts = _transfer(from_guest(b"\0\1a\0octet\0"), _data(1, 512), _ack(1), _data(2, 512))
    assert (facts["completed"], facts["bytes"]) == (False, 1024)


def test_a_last_block_that_is_not_acknowledged():
    assert not _transfer(from_guest(b"\0\1a\0octet\0"), _data(1, 5))["completed"]


def test_block_numbers_wrap():
    guest, first, server = ("10.0.2.15", 2000), ("10.0.2.1", 69), ("10.0.2.1", 3000)
    follower = TftpFollower()
    facts = list(follower.follow(Datagram(0.0, True, guest, first, b"\0\1a\0octet\0blksize\x008\0")))
    facts += follower.follow(Datagram(0.0, False, server, guest, b"\0\6blksize\x008\0"))
    for number in range(1, 65541):
        block = (number & 0xFFFF).to_bytes(2, "big")
        length = 8 if number < 65540 else 3
        facts += follower.follow(Datagram(float(number), False, server, guest, b"\0\3" + block + bytes(length)))
        facts += follower.follow(Datagram(float(number), True, guest, server, b"\0\4" + block))
    transfer = facts[-1].facts
    assert (transfer["blocks"], transfer["bytes"], transfer["retransmissions"]) == (65540, 65539 * 8 + 3, 0)
    assert transfer["completed"]


def test_an_error_names_its_file():
    error = decode(from_guest(REQUEST), from_server(b"\0\5\0\1File not found\0"))[1]
    assert error.kind == "tftp-error"
    assert error.facts == {"code": 1, "text": "File not found", "file": "pxelinux.0", "client_port": 41474}


def test_an_error_of_the_client():
    facts = decode(from_guest(REQUEST), from_server(OACK), from_guest(b"\0\5\0\0TFTP Aborted\0", 1069))
    assert [(fact.kind, fact.from_guest) for fact in facts][-1] == ("tftp-error", True)
    assert facts[-1].facts["text"] == "TFTP Aborted"


def test_a_repeated_request_is_told():
    facts = decode(from_guest(REQUEST), from_guest(REQUEST), from_server(OACK), from_server(OACK))
    assert [fact.facts["repeated"] for fact in facts] == [False, True, False, True]


def test_a_request_repeated_when_the_answer_is_under_way_keeps_the_options():
    facts = decode(from_guest(REQUEST), from_server(OACK), from_guest(REQUEST), _ack(0), _data(1, 512), _ack(1))
    assert [fact.facts["repeated"] for fact in facts if fact.kind == "tftp-request"] == [False, True]
    transfer = facts[-1].facts
    assert (transfer["block_length"], transfer["completed"]) == (1432, True)


def test_a_request_after_an_aborted_one_is_not_a_repetition():
    abort = from_guest(b"\0\5\0\0TFTP Aborted\0", 1069)
    facts = decode(from_guest(REQUEST), from_server(OACK), abort, from_guest(REQUEST))
    assert [fact.facts["repeated"] for fact in facts if fact.kind == "tftp-request"] == [False, False]


def test_the_same_file_again_from_the_same_port_is_another_transfer():
    once = (from_guest(b"\0\1a\0octet\0"), _data(1, 5), _ack(1))
    kinds = [(fact.kind, fact.facts.get("repeated")) for fact in decode(*once, *once)]
    assert kinds == [("tftp-request", False), ("tftp-transfer", None)] * 2


def test_two_ports_are_two_transfers():
    other = ("10.0.2.15", 50000)
    facts = decode(
        from_guest(b"\0\1a\0octet\0"),
        udp(other, ("10.0.2.1", 69), b"\0\1b\0octet\0"),
        udp(("10.0.2.1", 1070), other, b"\0\3\0\1" + bytes(7), from_guest=False),
        _data(1, 5),
    )
    transfers = {fact.facts["file"]: fact.facts["bytes"] for fact in facts if fact.kind == "tftp-transfer"}
    assert transfers == {"a": 5, "b": 7}


def test_over_ipv6():
    guest, server = ("fd00:b007::15", 2000), ("fd00:b007::1", 69)
    facts = decode(udp(guest, server, REQUEST), udp((server[0], 3000), guest, OACK, from_guest=False))
    assert [fact.kind for fact in facts] == ["tftp-request", "tftp-options"]
    assert facts[0].facts["server"] == "fd00:b007::1"


def test_names_that_are_not_ascii_are_escaped():
    assert decode(from_guest(b"\0\1a\xffb\\\0octet\0"))[0].facts["file"] == "a\\xffb\\x5c"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\0", "shorter than an opcode"),
        (b"\0\1", "string without end"),
        (b"\0\1a\0", "request without a mode"),
        (b"\0\1a\0octet", "string without end"),
        (b"\0\4", "shorter than its header"),
        (b"\0\4\0\0", "opcode 4 without a request"),
        (b"\0\7\0\0", "opcode 7 without a request"),
    ],
)
def test_malformed_ones_are_other_with_a_reason(payload, reason):
    (fact,) = decode(from_guest(payload))
    assert fact.kind == "other"
    assert fact.facts["reason"] == f"tftp: {reason}"
