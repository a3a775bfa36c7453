import pytest

from bootrig.network.decode.budget import Budget
from bootrig.network.decode.place import Ends
from bootrig.network.decode.tftp import TftpFollower
from bootrig.trace.events import Other, TftpError, TftpOptions, TftpRequest, TftpTransfer
from tests.network.frames import (
    TFTP_OACK,
    TFTP_READ,
    decode,
    ends,
    find_events,
    from_guest,
    from_server,
    tftp_ack,
    tftp_data,
    udp,
)


def test_a_transfer_with_options():
    frames = (
        TFTP_READ,
        TFTP_OACK,
        tftp_ack(0),
        tftp_data(1, 1432),
        tftp_ack(1),
        tftp_data(2, 568),
        tftp_ack(2),
    )
    assert decode(*frames) == (
        TftpRequest(
            guest_s=0.0,
            from_guest=True,
            frame=1,
            operation="read",
            file="pxelinux.0",
            mode="octet",
            options=(("blksize", "1432"), ("tsize", "0")),
            client_port=41474,
            server="10.0.2.1",
        ),
        TftpOptions(
            guest_s=1.0,
            from_guest=False,
            frame=2,
            file="pxelinux.0",
            options=(("blksize", "1432"), ("tsize", "2000")),
            client_port=41474,
        ),
        TftpTransfer(
            guest_s=3.0,
            from_guest=False,
            frame=4,
            file="pxelinux.0",
            client_port=41474,
            block_length=1432,
            blocks=2,
            bytes=2000,
            acks=3,
            end_guest_s=6.0,
            share_guest_s=2.0,
            completed=True,
        ),
    )


def _transfer(*frames: bytes) -> TftpTransfer:
    (transfer,) = find_events(TftpTransfer, *frames)
    return transfer


def test_without_options_blocks_have_512_bytes():
    transfer = _transfer(from_guest(b"\0\1a\0octet\0"), tftp_data(1, 512), tftp_ack(1), tftp_data(2, 0), tftp_ack(2))
    assert (transfer.block_length, transfer.blocks, transfer.bytes, transfer.completed) == (512, 2, 512, True)


def test_repetitions_of_either_side_are_told():
    transfer = _transfer(TFTP_READ, tftp_data(1, 9), tftp_data(1, 9), tftp_ack(0), tftp_ack(0), tftp_ack(1))
    assert (transfer.repeated_frames, transfer.completed) == ((3, 5), True)


def test_a_transfer_that_breaks_off():
    transfer = _transfer(from_guest(b"\0\1a\0octet\0"), tftp_data(1, 512), tftp_ack(1), tftp_data(2, 512))
    assert (transfer.completed, transfer.bytes) == (False, 1024)


def test_a_last_block_that_is_not_acknowledged():
    assert not _transfer(from_guest(b"\0\1a\0octet\0"), tftp_data(1, 5)).completed


def test_a_file_that_the_guest_sends():
    frames = (from_guest(b"\0\2a\0octet\0"), from_server(b"\0\4\0\0"), from_guest(b"\0\3\0\1abc", 1069))
    request, transfer = decode(*frames, from_server(b"\0\4\0\1"))
    assert request.operation == "write"
    assert (transfer.from_guest, transfer.bytes, transfer.completed) == (True, 3, True)


def test_block_numbers_wrap():
    place = {"guest_s": 0.0, "frame": 1, "interface": "nic0", "ethernet_source": ""}
    down = Ends(from_guest=False, **place, **ends(("10.0.2.1", 3000), ("10.0.2.15", 2000)))
    up = Ends(from_guest=True, **place, **ends(("10.0.2.15", 2000), ("10.0.2.1", 3000)))
    follower = TftpFollower(Budget())
    list(follower.follow(b"\0\1a\0octet\0blksize\x008\0", Ends(**{**up, "destination_port": 69})))
    list(follower.follow(b"\0\6blksize\x008\0", down))
    transfers = []
    for number in range(1, 65541):
        block = (number & 0xFFFF).to_bytes(2, "big")
        transfers += follower.follow(b"\0\3" + block + bytes(8 if number < 65540 else 3), down)
        transfers += follower.follow(b"\0\4" + block, up)
    (transfer,) = transfers
    assert (transfer.blocks, transfer.bytes, transfer.repeated_frames) == (65540, 65539 * 8 + 3, ())
    assert transfer.completed


def test_an_error_names_its_file():
    assert decode(TFTP_READ, from_server(b"\0\5\0\1File not found\0"))[1] == TftpError(
        guest_s=1.0, from_guest=False, frame=2, code=1, text="File not found", file="pxelinux.0", client_port=41474
    )


def test_an_error_of_the_client():
    error = decode(TFTP_READ, TFTP_OACK, from_guest(b"\0\5\0\0TFTP Aborted\0", 1069))[-1]
    assert (error.text, error.from_guest, error.client_port) == ("TFTP Aborted", True, 41474)


def test_an_error_outside_of_a_transfer():
    (error,) = decode(from_guest(b"\0\5\0\1x\0"))
    assert (type(error), error.file, error.client_port) == (TftpError, None, 41474)


@pytest.mark.parametrize(
    ("between", "repeated"),
    [
        ((), True),
        ((TFTP_OACK,), True),
        ((TFTP_OACK, tftp_ack(0)), True),
        ((TFTP_OACK, tftp_ack(0), tftp_data(1, 1432), tftp_ack(1)), False),
        ((TFTP_OACK, from_guest(b"\0\5\0\0TFTP Aborted\0", 1069)), False),
        ((from_guest(b"\0\1other\0octet\0"),), False),
    ],
)
def test_a_request_again(between, repeated):
    events = find_events(TftpRequest, TFTP_READ, *between, TFTP_READ)
    assert [event.repeated for event in events] == [False] * (len(events) - 1) + [repeated]


def test_options_again():
    assert [event.repeated for event in find_events(TftpOptions, TFTP_READ, *[TFTP_OACK] * 2)] == [
        False,
        True,
    ]


def test_a_request_repeated_when_the_answer_is_under_way_keeps_the_options():
    transfer = _transfer(TFTP_READ, TFTP_OACK, TFTP_READ, tftp_ack(0), tftp_data(1, 512), tftp_ack(1))
    assert (transfer.block_length, transfer.completed) == (1432, True)


def test_the_same_file_again_from_the_same_port_is_another_transfer():
    once = (from_guest(b"\0\1a\0octet\0"), tftp_data(1, 5), tftp_ack(1))
    first, _, second, _ = events = decode(*once, *once)
    assert [type(event) for event in events] == [TftpRequest, TftpTransfer] * 2
    assert (first.repeated, second.repeated) == (False, False)


def test_two_ports_are_two_transfers():
    other = ("10.0.2.15", 50000)
    transfers = find_events(
        TftpTransfer,
        from_guest(b"\0\1a\0octet\0"),
        udp(other, ("10.0.2.1", 69), b"\0\1b\0octet\0"),
        udp(("10.0.2.1", 1070), other, b"\0\3\0\1" + bytes(7), from_guest=False),
        tftp_data(1, 5),
    )
    assert {transfer.file: transfer.bytes for transfer in transfers} == {"a": 5, "b": 7}


def test_over_ipv6():
    guest, server = ("fd00:b007::15", 2000), ("fd00:b007::1", 69)
    request, options = decode(
        udp(guest, server, b"\0\1a\0octet\0"), udp((server[0], 3000), guest, b"\0\6a\x001\0", from_guest=False)
    )
    assert (request.server, type(options)) == ("fd00:b007::1", TftpOptions)


def test_names_that_are_not_ascii_are_escaped():
    assert decode(from_guest(b"\0\1a\xffb\\\0octet\0"))[0].file == "a\\xffb\\x5c"


@pytest.mark.parametrize(
    ("options", "length"),
    [
        *((b"blksize\x008\0", 8), (b"blksize\x007\0", 512), (b"BlkSize\x0065464\0", 65464)),
        *((b"blksize\x0065465\0", 512), (b"blksize\x00143200\0", 512), (b"blksize\x0014x\0", 512)),
        *((b"blksize\0\0", 512), (b"a\x001024\0tsize\x002048\0", 512), (b"a\x001\0blksize\x001024\0", 1024)),
    ],
)
def test_block_lengths(options, length):
    assert _transfer(from_guest(b"\0\1a\0octet\0"), from_server(b"\0\6" + options), tftp_data(1, 1)) == TftpTransfer(
        guest_s=2.0,
        from_guest=False,
        frame=3,
        file="a",
        client_port=41474,
        block_length=length,
        blocks=1,
        bytes=1,
        end_guest_s=2.0,
    )


READ_A = from_guest(b"\0\1a\0octet\0")


@pytest.mark.parametrize(
    ("frames", "share_guest_s"),
    [
        ([tftp_data(1, 512)], 0.0),
        ([tftp_ack(0), tftp_data(1, 512), tftp_ack(1)], 1.0),
        ([tftp_data(1, 512), tftp_ack(1), tftp_data(2, 512), tftp_data(3, 512), tftp_ack(3)], 2.0),
        # what is sent again adds nothing
        ([tftp_data(1, 512), tftp_data(1, 512), tftp_ack(1), tftp_ack(1), tftp_data(2, 9), tftp_ack(2)], 3.0),
    ],
)
def test_the_time_from_a_block_to_its_acknowledgement_is_the_guests(frames, share_guest_s):
    assert _transfer(READ_A, *frames).share_guest_s == share_guest_s


@pytest.mark.parametrize(
    ("frames", "blocks", "length", "acks", "end_guest_s", "completed", "repeated"),
    [
        ([tftp_data(1, 512)], 1, 512, 0, 1.0, False, ()),
        ([tftp_data(1, 511)], 1, 511, 0, 1.0, False, ()),
        ([tftp_data(1, 511), tftp_ack(1)], 1, 511, 1, 2.0, True, ()),
        ([tftp_data(1, 0), tftp_ack(1)], 1, 0, 1, 2.0, True, ()),
        ([tftp_data(1, 512), tftp_data(1, 512)], 1, 512, 0, 1.0, False, (3,)),
        ([tftp_data(1, 512), tftp_ack(1), tftp_ack(1)], 1, 512, 2, 2.0, False, (4,)),
        ([tftp_data(1, 512), tftp_ack(0)], 1, 512, 1, 2.0, False, ()),
        ([tftp_ack(0xFFFF), tftp_data(1, 512)], 1, 512, 1, 2.0, False, (2,)),
        ([tftp_data(1, 512), tftp_ack(1), tftp_ack(0), tftp_data(2, 512)], 2, 1024, 2, 4.0, False, (4,)),
        ([tftp_data(1, 512), tftp_data(3, 512)], 3, 1024, 0, 2.0, False, ()),
        ([tftp_data(1, 512), tftp_data(2, 9), tftp_ack(1)], 2, 521, 1, 3.0, False, ()),
        ([tftp_data(1, 512), tftp_data(2, 9), tftp_data(3, 512)], 3, 1033, 0, 3.0, False, ()),
        ([tftp_data(1, 512), tftp_data(0x8000, 512)], 0x8000, 1024, 0, 2.0, False, ()),
        ([tftp_data(1, 512), tftp_data(0x8001, 512)], 1, 512, 0, 1.0, False, (3,)),
        ([tftp_data(1, 512), tftp_data(0, 512)], 1, 512, 0, 1.0, False, (3,)),
    ],
)
def test_blocks_and_acknowledgements(frames, blocks, length, acks, end_guest_s, completed, repeated):
    transfer = _transfer(READ_A, *frames)
    assert (transfer.blocks, transfer.bytes, transfer.acks) == (blocks, length, acks)
    assert (transfer.end_guest_s, transfer.completed, transfer.repeated_frames) == (end_guest_s, completed, repeated)


def test_options_after_a_block_are_sent_again():
    assert [event.repeated for event in find_events(TftpOptions, READ_A, tftp_data(1, 512), TFTP_OACK)] == [True]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        *((b"\0\0\0\0", "opcode 0"), (b"\0\1\0\0", "opcode 1"), (b"\0\2a\0octet\0", "opcode 2")),
        *((b"\0\7\0\0", "opcode 7"), (b"\1\3\0\0", "opcode 259"), (b"\0\3\0", "shorter than its header")),
        *((b"\0", "shorter than an opcode"), (b"\0\6\0x", "string without end")),
    ],
)
@pytest.mark.parametrize("port", [20, 41474])
def test_what_a_transfer_cannot_hold(payload, reason, port):
    client, server = ("10.0.2.15", port), ("10.0.2.1", 1069)
    frames = udp(client, (server[0], 69), b"\0\1a\0octet\0"), udp(server, client, payload, from_guest=False)
    event = decode(*frames)[1]
    assert (type(event), event.reason) == (Other, f"tftp: {reason}")


def test_a_request_to_another_port_is_not_tftp():
    (event,) = decode(from_guest(b"\0\1a\0octet\0", 70))
    assert (type(event), event.protocol, event.length) == (Other, "udp", 10)


def test_a_name_without_a_value_is_not_an_option():
    assert decode(from_guest(b"\0\1a\0octet\0b\x001\0c\0"))[0].options == (("b", "1"),)


def test_numbers_of_errors_have_two_bytes():
    error = decode(READ_A, from_server(b"\0\5\1\2text"))[1]
    assert (error.code, error.text) == (258, "text")


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
    (event,) = decode(from_guest(payload))
    assert (type(event), event.reason) == (Other, f"tftp: {reason}")
