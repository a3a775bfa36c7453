"""Recordings: what they hold, what they lack, which cells they serve."""

import lzma
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bootrig.jsonfile import JsonFileError
from bootrig.record.recording import (
    Heading,
    Recording,
    encode_recording,
    find_lacking,
    find_recording,
    parse_recording,
    select_recorded,
)
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Clock, ClockKind, MissingRom
from tests.compare.factory import REAL, VIRTUAL, Boot, trace

SLOW = Clock(ClockKind.VIRTUAL, 5)
HEADING = Heading(name="old", recorded="2026-11-27", bootrig="0.2.0", scenarios={"pxe-tftp": "d1"})
PLACE = ("pxe-tftp", "e1000", "pc", "seabios")


def test_a_recording_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = encode_recording(Recording(HEADING, (trace(Boot()),)))
    read = parse_recording(content, "old")
    assert parse_recording(encode_recording(read), "old") == read
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "old.jsonl.xz").write_bytes(content)
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path))
    found = find_recording("old")
    assert found is not None
    assert (found.heading, [one.cell for one in found.traces]) == (HEADING, ["pxe-tftp/e1000/pc/seabios/host"])
    assert find_recording("other") is find_recording("./old") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no xz", "old is not a recording: "),
        (encode_recording(Recording(HEADING, ()))[:-20], "old is not a recording: it is cut short"),
        (lzma.compress(b""), "old: line 1: "),
        (lzma.compress(b'{"format": "bootrig-trace/2"}\n'), "old: line 1: "),
        (lzma.compress(encode_recording.__doc__.encode() if encode_recording.__doc__ else b"?"), "old: line 1: "),
    ],
)
def test_what_is_not_a_recording_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(JsonFileError, match=message):
        parse_recording(content, "old")


def wanted(boots: Sequence[Boot], *, once: bool = False) -> list[str]:
    return [boot.clock.attempt for boot in find_lacking(map(trace, boots), once=once)]


def test_each_cell_is_booted_at_the_slowest_clock_and_failed_ones_in_real_time() -> None:
    lost = Boot(passed=False, milestone="dhcp-ack")
    assert wanted([Boot()]) == ["shift5"]
    assert wanted([Boot(first_packet_s=10.0, console="SeaBIOS")]) == ["shift5"]
    assert wanted([Boot(), Boot(clock=SLOW)]) == []
    assert wanted([lost]) == ["shift5", "real"]
    assert wanted([lost], once=True) == ["real"]
    assert wanted([lost, Boot(clock=SLOW), Boot(clock=REAL)]) == []
    assert wanted([Boot(clock=REAL, first_clock=REAL)]) == ["real"]
    unstarted = replace(trace(lost), missing_roms=(MissingRom("e1000", "efi-e1000.rom"),))
    assert not find_lacking([unstarted])


def test_of_disturbed_boots_none_is_held_and_the_one_that_counts_is_as_if_it_were_the_first() -> None:
    disturbed = [Boot(disturbed=1, attempt=name) for name in ("shift7", "shift7.2", "shift7.3")]
    boots = [*disturbed, Boot(clock=SLOW, disturbed=1), Boot(clock=REAL), Boot(clock=REAL, attempt="real.2")]
    held = select_recorded(map(trace, boots))
    assert [(one.attempt, one.first_clock) for one in held] == [("real", REAL), ("real.2", REAL)]
    held = select_recorded(map(trace, [Boot(), Boot(clock=SLOW), Boot(clock=SLOW, attempt="shift5.2")]))
    assert [(one.attempt, one.first_clock) for one in held] == [("shift7", VIRTUAL), ("shift5", VIRTUAL)]


def test_a_boot_serves_the_same_cell_of_the_same_scenario_whatever_the_emulator_is_called() -> None:
    recording = Recording(HEADING, (trace(Boot()),))
    key = CellKey(*PLACE, "qemu-11")
    (served,) = recording.serve({key: (PLACE, "d1")}, "baseline")
    assert (served.cell, served.side, served.rom_set) == (str(key), "baseline", "old")
    assert served.recorded == "old of 2026-11-27"
    assert recording.serve({key: (PLACE, "d2")}, "baseline") == ()
    assert recording.serve({key: (("pxe-tftp", "pcnet", "pc", "seabios"), "d1")}, "baseline") == ()
