import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.network import capture
from bootrig.network.addresses import GUEST_MAC, TAP_MAC
from bootrig.network.capture import (
    CapturedPacket,
    DecodedCapture,
    GrowingCapture,
    decode_capture,
    decode_packets,
    iter_senders,
    open_capture,
)
from bootrig.network.errors import CaptureError
from bootrig.trace.events import TftpRequest, TftpTransfer
from tests.network.frames import EPOCH_S, from_guest, from_server, pcap, udp

FRAMES = (from_guest(b"\0\1a\0octet\0"), from_server(b"\0\3\0\1x"), from_guest(b"\0\4\0\1", 1069))


def read(path: Path) -> list[CapturedPacket]:
    with open_capture(path, epoch_s=EPOCH_S) as packets:
        return list(packets)


@pytest.mark.parametrize("order", ["<", ">"])
def test_reads_frames_and_the_guests_clock(tmp_path, order):
    (tmp_path / "c.pcap").write_bytes(pcap(*FRAMES, order=order))
    packets = read(tmp_path / "c.pcap")
    assert [packet.frame for packet in packets] == list(FRAMES)
    assert [packet.guest_s for packet in packets] == [0.0, 1.000001, 2.000002]


@pytest.mark.parametrize("order", ["<", ">"])
def test_stamps_in_nanoseconds(tmp_path, order):
    magic = struct.pack(f"{order}I", 0xA1B23C4D)
    stamp = struct.pack(f"{order}IIII", EPOCH_S + 2, 123_456_789, 2, 2) + b"ab"
    (tmp_path / "c.pcap").write_bytes(magic + pcap(order=order)[4:] + stamp)
    assert read(tmp_path / "c.pcap") == [CapturedPacket(2.123456, b"ab")]


@pytest.mark.parametrize("microseconds", [0, 1, 123457, 500000, 999999])
@pytest.mark.parametrize("second", [0, 1, 77])
@pytest.mark.parametrize("order", ["<", ">"])
def test_stamps_are_exact_to_the_microsecond(tmp_path, order, second, microseconds):
    stamp = struct.pack(f"{order}IIII", EPOCH_S + second, microseconds, 2, 99) + b"ab"
    (tmp_path / "c.pcap").write_bytes(pcap(order=order) + stamp)
    (packet,) = read(tmp_path / "c.pcap")
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
        for event in decode_capture(*paths, epoch_s=EPOCH_S).events
    ]
    assert found == [
        (TftpRequest, 1, 0.0, True, "nic0", GUEST_MAC),
        (TftpTransfer, 2, 1.000001, False, "nic0", TAP_MAC),
    ]


def test_events_are_in_the_order_of_the_guests_clock_and_of_the_frames():
    other = udp(("10.0.2.15", 50000), ("10.0.2.1", 69), b"\0\1b\0octet\0")
    packets = [CapturedPacket(guest_s, frame) for guest_s, frame in zip((0, 2, 1, 2), (*FRAMES, other), strict=True)]
    events = decode_packets(zip(packets, (True, False, True, True), strict=True)).events
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
    found = list(iter_senders(packets, iter(of_guest), "they"))
    assert found == [(packet, sender == ">") for packet, sender in zip(packets, senders, strict=True)]


@pytest.mark.parametrize(("sent", "number"), [((1, 0), 2), ((0, 0), 2), ((3,), 1)])
def test_captures_that_do_not_fit_each_other_are_a_broken_rig(tmp_path, sent, number):
    frames = (*FRAMES, udp(("10.0.2.15", 1), ("10.0.2.1", 2), b"x"))
    paths = write_captures(tmp_path, pcap(*FRAMES), pcap(*(frames[index] for index in sent)))
    message = rf"sent\.pcap: frame {number} of those that the guest sent is not in the capture of all frames$"
    with pytest.raises(CaptureError, match=message):
        decode_capture(*paths, epoch_s=EPOCH_S)


def test_no_hardware_address_says_who_sent_a_frame(tmp_path):
    paths = write_captures(tmp_path, pcap(*FRAMES), pcap(FRAMES[1]))
    assert [event.from_guest for event in decode_capture(*paths, epoch_s=EPOCH_S).events] == [False, True]


@pytest.mark.parametrize("lost", range(1, 60))
def test_a_file_that_a_full_disk_cut_off_is_read_up_to_there(tmp_path, lost):
    (tmp_path / "c.pcap").write_bytes(pcap(*FRAMES)[:-lost])
    with open_capture(tmp_path / "c.pcap", epoch_s=EPOCH_S) as packets:
        assert [next(packets).frame, next(packets).frame] == list(FRAMES[:2])
        if lost == 16 + len(FRAMES[2]):
            assert next(packets, None) is None
        else:
            with pytest.raises(CaptureError, match=r"ends in the middle of a packet$"):
                next(packets)


@pytest.mark.parametrize("length", [0, 3, 4, 23])
def test_a_file_without_a_whole_header_is_cut_off(tmp_path, length):
    (tmp_path / "c.pcap").write_bytes(pcap()[:length])
    with pytest.raises(CaptureError, match=r"ends in the middle of a packet$"):
        read(tmp_path / "c.pcap")


def test_a_header_alone_is_a_complete_file(tmp_path):
    assert decode_capture(*write_captures(tmp_path, pcap(), pcap()), epoch_s=EPOCH_S) == DecodedCapture(())


@pytest.mark.parametrize("cut", [0, 1])
def test_a_capture_that_a_full_disk_cut_off_is_a_broken_rig(tmp_path, cut):
    contents = [pcap(*FRAMES), pcap(FRAMES[0], FRAMES[2])]
    contents[cut] = contents[cut][:-1]
    paths = write_captures(tmp_path, *contents)
    with pytest.raises(CaptureError, match=rf"{paths[cut].name} ends in the middle of a packet$") as caught:
        decode_capture(*paths, epoch_s=EPOCH_S)
    assert caught.value.remedy == "look whether its disk is full"


def test_a_capture_is_decoded_anew_only_where_it_has_grown(tmp_path, monkeypatch):
    paths, decoded = write_captures(tmp_path, pcap(*FRAMES[:1]), pcap(FRAMES[0])), list[Path]()

    def count(path: Path, sent_path: Path, *, epoch_s: int) -> DecodedCapture:
        decoded.append(path)
        return decode_capture(path, sent_path, epoch_s=epoch_s)

    monkeypatch.setattr(capture, "decode_capture", count)
    growing = GrowingCapture(*paths, epoch_s=EPOCH_S)
    found = [growing.decode() for _ in range(50)]
    assert len(decoded) == 1
    assert [type(event) for event in found[-1].events] == [TftpRequest]
    write_captures(tmp_path, pcap(*FRAMES[:2]), pcap(FRAMES[0]))
    found = [growing.decode() for _ in range(50)]
    assert len(decoded) == 2
    assert found[-1] == decode_capture(*paths, epoch_s=EPOCH_S)


def test_a_capture_that_does_not_end_with_a_packet_is_read_again_when_it_has_grown(tmp_path):
    growing = GrowingCapture(*write_captures(tmp_path, pcap(*FRAMES)[:-1], pcap(*FRAMES)), epoch_s=EPOCH_S)
    for _ in range(2):
        with pytest.raises(CaptureError, match=r"c\.pcap ends in the middle of a packet$"):
            growing.decode()
    write_captures(tmp_path, pcap(*FRAMES), pcap(*FRAMES))
    assert len(growing.decode().events) == 2


def test_no_file_that_grows(tmp_path):
    with pytest.raises(CaptureError, match=r"none\.pcap: No such file or directory$"):
        GrowingCapture(tmp_path / "none.pcap", tmp_path / "sent.pcap", epoch_s=EPOCH_S).decode()


def test_no_file(tmp_path):
    with pytest.raises(CaptureError, match=r"none\.pcap: No such file or directory$"):
        read(tmp_path / "none.pcap")


def test_another_kind_of_file(tmp_path):
    (tmp_path / "c.pcap").write_bytes(b"\x0a\x0d\x0d\x0a" + bytes(100))
    with pytest.raises(CaptureError, match=r"is not a pcap file: it begins with 0a 0d 0d 0a$"):
        read(tmp_path / "c.pcap")


def test_another_kind_of_link(tmp_path):
    (tmp_path / "c.pcap").write_bytes(pcap(link_type=113))
    with pytest.raises(CaptureError, match=r"link type 113 instead of 1 \(Ethernet\)$"):
        read(tmp_path / "c.pcap")


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


@pytest.mark.parametrize(
    ("captured", "left", "reason"),
    [
        (0xFFFFFFFF, 100, "ends in the middle of a packet"),
        (101, 100, "ends in the middle of a packet"),
        (262_145, 262_145, "a packet of 262145 bytes"),
    ],
)
def test_absurd_lengths(tmp_path, captured, left, reason):
    stamp = struct.pack("<IIII", EPOCH_S, 0, captured, captured)
    (tmp_path / "c.pcap").write_bytes(pcap(FRAMES[0]) + stamp + bytes(left))
    with pytest.raises(CaptureError, match=rf"c\.pcap:? {reason}$"):
        read(tmp_path / "c.pcap")


def test_packets_that_are_written_meanwhile_are_left_for_the_next_time(tmp_path):
    path = tmp_path / "c.pcap"
    path.write_bytes(pcap(FRAMES[0]))
    with open_capture(path, epoch_s=EPOCH_S) as packets:
        path.write_bytes(pcap(*FRAMES))
        assert [packet.frame for packet in packets] == [FRAMES[0]]
    assert len(read(path)) == len(FRAMES)
