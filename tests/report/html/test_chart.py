"""Sequence charts: both boots on one axis of the guest's clock, and what differs between them."""

from dataclasses import replace
from itertools import pairwise

from msgspec import structs

from bootrig.report.html.chart import ROW, draw_chart
from bootrig.report.html.packets import MOST, describe_wire, mark_differences
from bootrig.trace.events import Arp, Dhcp, Other, TftpRequest
from bootrig.trace.trace import Trace
from tests.compare.factory import DISCOVER, Boot, trace

BOOT = Boot()
LABELS = ("baseline", "candidate")


def states(first: Trace, second: Trace) -> list[tuple[str, str]]:
    left, right, _ = mark_differences(describe_wire(first.wire), describe_wire(second.wire))
    return [(one.heading, one.state) for one in (*left, *right) if one.state != "same"]


def test_boots_that_do_the_same_later_are_the_same() -> None:
    """Times, identifiers and ports vary; they make no packet another one."""
    later = trace(replace(BOOT, first_packet_s=9.0))
    wire = tuple(structs.replace(one, xid="ffffffff") if isinstance(one, Dhcp) else one for one in later.wire)
    assert states(trace(BOOT), structs.replace(later, wire=wire)) == []


def test_a_field_that_differs_is_named_and_told_on_both_sides() -> None:
    options = {**DISCOVER, 77: b"gPXE".hex()}
    chart = draw_chart([trace(BOOT), trace(replace(BOOT, options=options))], LABELS)
    told = [one for one in chart.unequal if one.label == "DHCP DISCOVER"]
    assert told
    for packet in told:
        assert [(field.name, field.values) for field in packet.fields] == [("user class (77)", ("iPXE", "gPXE"))]
    titles = [arrow.title for arrow in chart.arrows if arrow.label == "DHCP DISCOVER"]
    assert all("* user class (77): " in title and "client architecture (93): 0000" in title for title in titles)


def test_what_is_too_long_to_be_shown_is_held_against_each_other_all_the_same() -> None:
    long = [replace(BOOT, options={**DISCOVER, 77: (b"i" * 400 + end).hex()}) for end in (b"PXE", b"DHCP")]
    chart = draw_chart([trace(one) for one in long], LABELS)
    shown = {field.values for packet in chart.unequal for field in packet.fields}
    assert shown == {(f"{'i' * 320}...", f"{'i' * 320}...")}


def test_what_only_one_side_sends_is_marked_there() -> None:
    boot = trace(BOOT)
    fewer = structs.replace(boot, wire=tuple(one for one in boot.wire if not isinstance(one, TftpRequest)))
    assert states(boot, fewer) == [("TFTP RRQ", "only")]
    (told,) = draw_chart([boot, fewer], LABELS).unequal
    assert (told.words, told.times[1]) == ("only with the baseline", "")


def test_one_axis_serves_both_sides() -> None:
    """What is later is lower, on whichever side; the same time is the same height; a long silence is folded."""
    first, second = trace(BOOT), trace(replace(BOOT, first_packet_s=30.0))
    chart = draw_chart([first, second], LABELS)
    placed = sorted((float(arrow.time), arrow.start_y) for arrow in chart.arrows)
    assert [y for _, y in placed] == sorted(y for _, y in placed)
    assert [gap.words for gap in chart.gaps if float(gap.words.split()[0]) > 15]
    alike = draw_chart([first, first], LABELS)
    half = len(alike.arrows) // 2
    assert [one.start_y for one in alike.arrows[:half]] == [one.start_y for one in alike.arrows[half:]]
    for own in (alike.arrows[:half], chart.arrows[:half]):
        heights = [one.start_y for one in own]
        assert min(below - above for above, below in pairwise(heights)) >= ROW - 0.1
    assert chart.height < 2000


def test_arrows_point_to_the_receiver_and_one_side_has_one_lane() -> None:
    chart = draw_chart([trace(BOOT)], ("set",))
    assert len(chart.lanes) == 1
    sent = {arrow.label: arrow.start_x < arrow.end_x for arrow in chart.arrows}
    assert sent["DHCP DISCOVER"] is True
    assert chart.unequal == ()


def test_chatter_in_a_row_is_one_arrow_and_an_endless_boot_is_cut() -> None:
    asked = Arp(
        guest_s=1.0, from_guest=True, operation="request", sender_mac="a", sender="b", target_mac="c", target="d"
    )
    boot = structs.replace(trace(BOOT), wire=tuple(structs.replace(asked, guest_s=1.0 + one) for one in range(9)))
    (arrow,) = draw_chart([boot], ("set",)).arrows
    assert arrow.label == "ARP who-has d x9"
    many = tuple(Other(guest_s=float(one), from_guest=True, protocol=str(one)) for one in range(MOST + 7))
    chart = draw_chart([structs.replace(boot, wire=many)], ("set",))
    assert (len(chart.arrows), chart.left_out) == (MOST, 7)
