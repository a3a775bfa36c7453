"""Where a guest is stopped, and which clones are alike; making prefixes is tried with real guests."""

import pytest

from bootrig.cell.prefix import Lack, Seen, find_lack, find_places, is_alike

PROMPT = b"Press Ctrl-B for the iPXE command line..."


def test_the_first_choice_is_behind_the_text_at_which_roms_wait() -> None:
    console = b"iPXE\n" + PROMPT + b"\b \bnet0"
    marks = [(0.0, 5), (1.0, len(console)), (1.01, len(console))]
    assert find_places(console, marks)[0] == 5 + len(PROMPT)


def test_else_it_is_the_latest_place_behind_which_it_was_quiet_for_long() -> None:
    marks = [(0.0, 2), (0.5, 4), (1.1, 6), (1.13, 8), (1.14, 8)]
    assert find_places(b"abcdefgh", marks)[:3] == (4, 2, 6)


@pytest.mark.parametrize(("console", "marks"), [(b"", []), (b"", [(1.0, 0)]), (b"", [(0.0, 9), (1.0, 9)])])
def test_a_guest_that_prints_nothing_has_no_place(console: bytes, marks: list[tuple[float, int]]) -> None:
    assert find_places(console, marks) == ()


@pytest.mark.parametrize(
    ("console", "packet_guest_s", "alike"),
    [(b"iPXE", 4.0, True), (b"iPXE ok", 4.0009, True), (b"iPXE", 4.002, False), (b"gPXE", 4.0, False)],
)
def test_a_clone_prints_the_same_and_sends_its_first_packet_at_the_same_time(
    console: bytes, packet_guest_s: float, alike: bool
) -> None:
    assert is_alike(Seen(b"iPXE", 4.0, ()), Seen(console, packet_guest_s, ()), 0.001) is alike


@pytest.mark.parametrize(
    ("ended_by", "lack"),
    [
        ("the console says: No bootable device", Lack.NOTHING),
        ("the deadline of 90 s of guest time passed", Lack.NOTHING),
        ("the deadline of 40 s of wall time passed", Lack.IN_VAIN),
        ("", Lack.IN_VAIN),
    ],
)
def test_a_slow_host_says_nothing_of_a_guest_that_sent_no_packet(ended_by: str, lack: Lack) -> None:
    assert find_lack(ended_by) is lack
