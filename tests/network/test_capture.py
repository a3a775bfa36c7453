import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.network.addresses import GUEST_MAC, TAP_MAC
from bootrig.network.capture import CapturedPacket, decode_capture, decode_packets, find_senders, load_capture
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


def write_captures(directory: Path, frames: bytes, sent: bytes) -> tuple[Path, Path]:
    paths = directory / "c.pcap", directory / "sent.pcap"
    for path, content in zip(paths, (frames, sent), strict=True):
        path.write_bytes(content)
    return paths


def test_decodes_files(tmp_path):
    paths = write_captures(tmp_path, pcap(*FRAMES), pcap(FRAMES[0], FRAMES[2]))
    found = [
        (type(event), event.frame, event.guest_s, event.from_guest, event.interface, event.ethernet_source)
        for event in decode_capture(*paths, epoch_s=EPOCH_S)
    ]
    assert found == [
        (TftpRequest, 1, 0.0, True, "nic0", GUEST_MAC),
        (TftpTransfer, 2, 1.000001, False, "nic0", TAP_MAC),
    ]


def test_events_are_in_the_order_of_the_guests_clock_and_of_the_frames():
    other = udp(("10.0.2.15", 50000), ("10.0.2.1", 69), b"\0\1b\0octet\0")
    packets = [CapturedPacket(guest_s, frame) for guest_s, frame in zip((0, 2, 1, 2), (*FRAMES, other), strict=True)]
    events = decode_packets(packets, (True, False, True, True))
    assert [(event.guest_s, event.frame) for event in events] == [(0, 1), (2, 2), (2, 4)]


@pytest.mark.parametrize(
    ("frames", "sent", "senders"),
    [
        ("", "", ""),
        ("a", "", "<"),
        ("a", "a", ">"),
        ("ab", "b", "<>"),
        ("aab", "ab", "><>"),
        ("aab", "aa", ">><"),
        ("abab", "ba", "<>><"),
    ],
)
def test_the_guest_sent_what_is_next_in_its_own_capture(frames, sent, senders):
    packets, of_guest = ([CapturedPacket(0.0, bytes(x, "ascii")) for x in letters] for letters in (frames, sent))
    assert find_senders(packets, of_guest) == tuple(sender == ">" for sender in senders)


@pytest.mark.parametrize(("sent", "number"), [((1, 0), 2), ((0, 0), 2), ((3,), 1)])
def test_captures_that_do_not_fit_each_other_are_a_broken_rig(tmp_path, sent, number):
    frames = (*FRAMES, udp(("10.0.2.15", 1), ("10.0.2.1", 2), b"x"))
    paths = write_captures(tmp_path, pcap(*FRAMES), pcap(*(frames[index] for index in sent)))
    message = rf"sent\.pcap: frame {number} of those that the guest sent is not in the capture of all frames$"
    with pytest.raises(CaptureError, match=message):
        decode_capture(*paths, epoch_s=EPOCH_S)


def test_no_hardware_address_says_who_sent_a_frame(tmp_path):
    paths = write_captures(tmp_path, pcap(*FRAMES), pcap(FRAMES[1]))
    assert [event.from_guest for event in decode_capture(*paths, epoch_s=EPOCH_S)] == [False, True]


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


def test_a_header_alone_is_a_complete_file(tmp_path):
    assert decode_capture(*write_captures(tmp_path, pcap(), pcap()), epoch_s=EPOCH_S) == ()


@pytest.mark.parametrize("cut", [0, 1])
def test_a_capture_that_a_full_disk_cut_off_is_a_broken_rig(tmp_path, cut):
    contents = [pcap(*FRAMES), pcap(FRAMES[0], FRAMES[2])]
    contents[cut] = contents[cut][:-1]
    paths = write_captures(tmp_path, *contents)
    with pytest.raises(CaptureError, match=rf"{paths[cut].name} ends in the middle of a packet$") as caught:
        decode_capture(*paths, epoch_s=EPOCH_S)
    assert caught.value.remedy == "look whether its disk is full"


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
            decode_capture(path, path, epoch_s=0)
        except CaptureError as error:
            assert not prefix or str(error).endswith("ends in the middle of a packet")


def test_a_length_beyond_the_file_ends_it(tmp_path):
    huge = struct.pack("<IIII", EPOCH_S, 0, 0xFFFFFFFF, 0xFFFFFFFF)
    (tmp_path / "c.pcap").write_bytes(pcap(FRAMES[0]) + huge + bytes(100))
    capture = load_capture(tmp_path / "c.pcap", epoch_s=EPOCH_S)
    assert (len(capture.packets), capture.complete) == (1, False)
