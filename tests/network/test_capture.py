import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.network.capture import CapturedPacket, decode_capture, decode_packets, load_capture
from bootrig.network.errors import CaptureError
from bootrig.trace.events import TftpRequest, TftpTransfer
from tests.network.frames import EPOCH_S, from_guest, from_server, pcap, udp

FRAMES = (from_guest(b"\0\1a\0octet\0"), from_server(b"\0\3\0\1x"), from_guest(b"\0\4\0\1", 1069))


@pytest.mark.parametrize("order", ["<", ">"])
def test_reads_frames_and_the_guests_clock(tmp_path, order):
    (tmp_path / "c.pcap").write_bytes(pcap(*FRAMES, order=order))
    capture = load_capture(tmp_path / "c.pcap", epoch_s=EPOCH_S)
    assert capture.complete
    assert [packet.frame for packet in capture.packets] == list(FRAMES)
    assert [packet.guest_s for packet in capture.packets] == [0.0, 1.000001, 2.000002]


@pytest.mark.parametrize("microseconds", [0, 1, 123457, 500000, 999999])
@pytest.mark.parametrize("second", [0, 1, 77])
@pytest.mark.parametrize("order", ["<", ">"])
def test_stamps_are_exact_to_the_microsecond(tmp_path, order, second, microseconds):
    stamp = struct.pack(f"{order}IIII", EPOCH_S + second, microseconds, 2, 99) + b"ab"
    (tmp_path / "c.pcap").write_bytes(pcap(order=order) + stamp)
    (packet,) = load_capture(tmp_path / "c.pcap", epoch_s=EPOCH_S).packets
    assert packet == CapturedPacket(float(f"{second}.{microseconds:06}"), b"ab")


def test_decodes_a_file(tmp_path):
    (tmp_path / "c.pcap").write_bytes(pcap(*FRAMES))
    events, complete = decode_capture(tmp_path / "c.pcap", epoch_s=EPOCH_S)
    assert complete
    assert [(type(event), event.frame, event.guest_s) for event in events] == [
        (TftpRequest, 1, 0.0),
        (TftpTransfer, 2, 1.000001),
    ]


def test_events_are_in_the_order_of_the_guests_clock_and_of_the_frames():
    other = udp(("10.0.2.15", 50000), ("10.0.2.1", 69), b"\0\1b\0octet\0")
    packets = [CapturedPacket(guest_s, frame) for guest_s, frame in zip((0, 2, 1, 2), (*FRAMES, other), strict=True)]
    assert [(event.guest_s, event.frame) for event in decode_packets(packets)] == [(0, 1), (2, 2), (2, 4)]


def test_the_guest_is_known_by_its_hardware_address():
    packets = [CapturedPacket(0.0, FRAMES[0])]
    assert [event.from_guest for event in decode_packets(packets)] == [True]
    assert [event.from_guest for event in decode_packets(packets, ["52:54:00:00:00:01"])] == [False]


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
