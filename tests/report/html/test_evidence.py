"""What a page carries: captures of the run and of nowhere else, each content once; stages; consoles."""

import base64
import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from bootrig.report.html.anchors import Anchors
from bootrig.report.html.bars import draw_bars
from bootrig.report.html.console import hold_consoles
from bootrig.report.html.downloads import CAST, COMPRESSED_ABOVE, PCAP, Downloads
from bootrig.report.html.evidence import RecordedSide, load_pair
from bootrig.trace.cast import CastEvent, CastKind, encode_cast
from bootrig.trace.trace import ConsoleLine
from tests.compare.factory import Boot, trace
from tests.record.test_run import make_run

BOOT = Boot()


def decode(address: str) -> bytes:
    return base64.b64decode(address.partition(",")[2])


def test_each_capture_is_carried_once() -> None:
    downloads = Downloads()
    first, again, other = (
        downloads.add(content, PCAP, "label", "name.pcap", "place") for content in (b"one", b"one", b"two")
    )
    assert (decode(first.address), first.name, first.anchor) == (b"one", "name.pcap", "file-1")
    assert (again.address, again.anchor) == ("", "file-1")
    assert (decode(other.address), other.anchor) == (b"two", "file-2")


def test_a_long_capture_is_compressed_and_one_that_stays_long_is_only_named() -> None:
    long = b"\0" * (COMPRESSED_ABOVE + 1)
    told = Downloads().add(long, PCAP, "label", "name.pcap", "place")
    assert (told.name, gzip.decompress(decode(told.address))) == ("name.pcap.gz", long)
    noise = os.urandom(99_000)
    assert Downloads().add(noise, CAST, "label", "name.pcap", "place").address == ""
    assert gzip.decompress(decode(Downloads(None).add(noise, CAST, "label", "name.pcap", "place").address)) == noise


def make_side(tmp_path: Path) -> RecordedSide:
    recorded = make_run(tmp_path / "run", ("baseline", (BOOT,)), ("candidate", (BOOT,)))
    return replace(load_pair([recorded.directory])[0], label="baseline")


def test_a_capture_comes_from_the_run_and_from_nowhere_else(tmp_path: Path) -> None:
    side = make_side(tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "capture.pcap").write_bytes(b"secret")
    (tmp_path / "run" / "link").symlink_to(outside)
    (tmp_path / "run" / "own").mkdir()
    (tmp_path / "run" / "own" / "capture.pcap").write_bytes(b"packets")
    boot = trace(BOOT)
    found = {
        place: side.read_capture(structs.replace(boot, directory=place))
        for place in ("own", "../outside", str(outside), "link", "own/\0", "nothing", "")
    }
    assert found == {**dict.fromkeys(found), "own": b"packets"}


def test_a_console_that_is_no_asciicast_has_no_screens(tmp_path: Path) -> None:
    side, boot = make_side(tmp_path), structs.replace(trace(BOOT), directory="own")
    assert side.find_events(boot) == []
    (tmp_path / "run" / "own").mkdir()
    (tmp_path / "run" / "own" / "console.cast").write_bytes(b"nothing")
    assert side.find_events(boot) == []
    events = [CastEvent(1.0, CastKind.OUTPUT, "x")]
    (tmp_path / "run" / "own" / "console.cast").write_bytes(encode_cast("", events))
    assert side.find_events(boot) == events


def test_a_pipe_in_the_place_of_a_capture_does_not_block(tmp_path: Path) -> None:
    side = make_side(tmp_path)
    (tmp_path / "run" / "own").mkdir()
    os.mkfifo(tmp_path / "run" / "own" / "capture.pcap")
    assert side.read_capture(structs.replace(trace(BOOT), directory="own")) is None


def test_stages_of_all_boots_are_on_one_scale() -> None:
    slow = replace(BOOT, first_packet_s=8.0)
    bars = draw_bars([("baseline", trace(BOOT), True), ("candidate", trace(slow), True)])
    assert bars is not None
    first, second = (bar.parts[0] for bar in bars.bars)
    assert second.width == pytest.approx(2 * first.width, abs=0.2)
    assert next(words for _, words in bars.legend) == "from power-on to the first DISCOVER"
    assert draw_bars([("baseline", structs.replace(trace(BOOT), wire=()), True)]) is None


def test_consoles_are_held_against_each_other_line_by_line() -> None:
    old = [ConsoleLine("SeaBIOS", 0), ConsoleLine("net0: 52:54:00:12:34:56 using e1000", 3), ConsoleLine("ok", 4)]
    new = [
        ConsoleLine("SeaBIOS", 0),
        ConsoleLine("net0: 52:54:00:65:43:21 using e1000", 3),
        ConsoleLine("No", None, True),
    ]
    view = hold_consoles([structs.replace(trace(BOOT), console=tuple(lines)) for lines in (old, [*new, new[2]])])
    assert [row.state for row in view.rows] == ["same", "varies", "changed", "only"]
    left, right = view.rows[2].lines
    assert left is not None
    assert right is not None
    assert (left.time, left.text, right.time, right.is_wiped) == ("4", "ok", "", True)
    assert view.rows[3].lines[0] is None


def test_every_name_has_an_anchor_of_its_own() -> None:
    anchors = Anchors()
    assert anchors.find("script[ipxe]/e1000/pc") == "script[ipxe]/e1000/pc"
    assert (anchors.find('a"b'), anchors.find("a<b"), anchors.find('a"b')) == ("a_b", "a_b.2", "a_b")
