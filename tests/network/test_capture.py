import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.network.capture import count_retransmissions, decode_capture, load_capture
from bootrig.network.decode.fact import WireFact
from bootrig.network.errors import CaptureError
from tests.network.frames import EPOCH_S, decode, from_guest, from_server, pcap

FRAMES = (from_guest(b"\0\1a\0octet\0"), from_server(b"\0\3\0\1x"), from_guest(b"\0\4\0\1", 1069))


@pytest.mark.parametrize("order", ["<", ">"])
def test_reads_frames_and_the_guests_clock(tmp_path, order):
    (tmp_path / "c.pcap").write_bytes(pcap(*FRAMES, order=order))
    capture = load_capture(tmp_path / "c.pcap", epoch_s=EPOCH_S)
    assert capture.complete
    assert [packet.frame for packet in capture.packets] == list(FRAMES)
    assert [packet.guest_s for packet in capture.packets] == [0.0, 1.000001, 2.000002]


def test_decodes_a_file(tmp_path):
    (tmp_path / "c.pcap").write_bytes(pcap(*FRAMES))
    facts, complete = decode_capture(tmp_path / "c.pcap", epoch_s=EPOCH_S)
    assert complete
    assert [fact.kind for fact in facts] == ["tftp-request", "tftp-transfer"]


@pytest.mark.parametrize("lost", range(1, 60))
def test_a_file_that_a_full_disk_cut_off_is_read_up_to_there(tmp_path, lost):
    (tmp_path / "c.pcap").write_bytes(pcap(*FRAMES)[:-lost])
    capture = load_capture(tmp_path / "c.pcap", epoch_s=EPOCH_S)
    assert [packet.frame for packet in capture.packets] == list(FRAMES[:2])
    assert capture.complete == (lost == 16 + len(FRAMES[2]))


@pytest.mark.parametrize("length", [0, 3, 4, 23])
def test_a_file_without_a_whole_header_is_empty(tmp_path, length):
    (tmp_path / "c.pcap").write_bytes(pcap()[:length])
    capture = load_capture(tmp_path / "c.pcap", epoch_s=EPOCH_S)
    assert (capture.packets, capture.complete) == ((), False)
    assert decode_capture(tmp_path / "c.pcap", epoch_s=EPOCH_S) == ((), False)


def test_a_header_alone_is_a_complete_file(tmp_path):
    (tmp_path / "c.pcap").write_bytes(pcap())
    assert decode_capture(tmp_path / "c.pcap", epoch_s=EPOCH_S) == ((), True)


def test_no_file(tmp_path):
    with pytest.raises(CaptureError, match=r"none\.pcap: No such file or directory$"):
        load_capture(tmp_path / "none.pcap", epoch_s=0)


def test_another_kind_of_file(tmp_path):
    (tmp_path / "c.pcap").write_bytes(b"\x0a\x0d\x0d\x0a" + bytes(100))
    with pytest.raises(CaptureError, match=r"is not a pcap file: it begins with 0a 0d 0d 0a$"):
        load_capture(tmp_path / "c.pcap", epoch_s=0)


def test_another_kind_of_link(tmp_path):
    (tmp_path / "c.pcap").write_bytes(pcap(link_type=113))
    with pytest.raises(CaptureError, match=r"link type 113 instead of 1 \(Ethernet\)$"):
        load_capture(tmp_path / "c.pcap", epoch_s=0)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_file_is_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.pcap"
    for prefix in (b"", pcap()):
        path.write_bytes(prefix + content)
        try:
            decode_capture(path, epoch_s=0)
        except CaptureError:
            assert not prefix


def test_a_length_beyond_the_file_ends_it(tmp_path):
    huge = struct.pack("<IIII", EPOCH_S, 0, 0xFFFFFFFF, 0xFFFFFFFF)
    (tmp_path / "c.pcap").write_bytes(pcap(FRAMES[0]) + huge + bytes(100))
    capture = load_capture(tmp_path / "c.pcap", epoch_s=EPOCH_S)
    assert (len(capture.packets), capture.complete) == (1, False)


def _dhcp(message: str, xid: str = "1", *, from_guest: bool = True) -> WireFact:
    return WireFact("dhcp", 0.0, from_guest, {"message": message, "xid": xid, "reply": not from_guest})


@pytest.mark.parametrize(
    ("messages", "count"),
    [
        (["discover"], 0),
        (["discover", "discover"], 1),
        (["discover", "discover", "discover"], 2),
        (["discover", "OFFER", "discover", "OFFER", "request", "ACK"], 0),
        (["discover", "discover", "OFFER", "request", "request", "ACK"], 2),
    ],
)
def test_dhcp_messages_that_nobody_answered_count(messages, count):
    facts = [_dhcp(message.lower(), from_guest=message.islower()) for message in messages]
    assert count_retransmissions(facts) == count


def test_questions_of_others_do_not_count():
    facts = [_dhcp("discover", "1"), _dhcp("discover", "2")]
    assert count_retransmissions(facts) == 0


def test_arp_and_dns_questions_that_nobody_answered_count():
    def arp(operation: str, sender: str, target: str) -> WireFact:
        facts = {"operation": operation, "sender": sender, "target": target}
        return WireFact("arp", 0.0, sender == "guest", facts)

    asked, answered = arp("request", "guest", "server"), arp("reply", "server", "guest")
    assert count_retransmissions([asked, asked]) == 1
    assert count_retransmissions([asked, answered, asked]) == 0
    question = WireFact("dns", 0.0, True, {"reply": False, "questions": [{"name": "a", "type": 1}]})
    answer = WireFact("dns", 0.0, False, {"reply": True, "questions": [{"name": "a", "type": 1}]})
    assert count_retransmissions([question, question, answer]) == 1
    assert count_retransmissions([question, answer, question, answer]) == 0


def test_tftp_repetitions_count():
    data, ack = from_server(b"\0\3\0\1x"), from_guest(b"\0\4\0\1", 1069)
    facts = decode(FRAMES[0], FRAMES[0], data, data, ack)
    assert count_retransmissions(facts) == 2
