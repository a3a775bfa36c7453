"""Traces as documents: written to a file, read back the same, refused where they are not."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bootrig.jsonfile import JsonFileError, encode_json
from bootrig.trace.events import Dhcp
from bootrig.trace.trace import (
    Clock,
    ClockKind,
    ConsoleLine,
    Evidence,
    Milestone,
    Outcome,
    OutcomeStatus,
    PlatformFirmwareEvidence,
    RomEvidence,
    ServiceEvidence,
    Trace,
    load_trace,
    parse_trace,
    write_trace,
)
from firmware.probe.probe import ProbeReport

EXAMPLE = Trace(
    cell="pxe-tftp/e1000/pc/seabios/host",
    rom_set="set",
    clock=Clock(ClockKind.VIRTUAL, 7),
    outcome=Outcome(OutcomeStatus.PASSED, "nbp-entered", "nbp-entered was reached"),
    rom=RomEvidence("efi-e1000.rom", 1, 0x40000, 160000, "00" * 32),
    platform_firmware=PlatformFirmwareEvidence(name="seabios"),
    milestones=(Milestone("dhcp-ack", 3.0, None, Evidence(6)), Milestone("dhcp-ack", 4.0, None)),
    wire=(Dhcp(guest_s=1.0, from_guest=True, frame=2, message="discover", reply=False, xid="00000012"),),
    console=(ConsoleLine("SeaBIOS", 0.0),),
    reports=(ProbeReport("nbp", "fedcba9876543210", ({"sum": 1},)),),
    services=(ServiceEvidence(name="dhcp", kind="dhcp", server="dnsmasq"),),
)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=20), st.none() | st.floats(0, 1e6), st.lists(st.text(max_size=20), max_size=3).map(tuple))
def test_any_trace_survives_its_file(text: str, guest_s: float | None, words: tuple[str, ...]) -> None:
    milestone = Milestone(text, guest_s, None, Evidence(text=text))
    trace = replace(
        EXAMPLE,
        rom_set=text,
        ended_by=text,
        added=words,
        milestones=(milestone,),
        console=(ConsoleLine(text, guest_s),),
    )
    assert parse_trace(encode_json(trace)) == trace


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(JsonFileError):
        parse_trace(content)


def test_the_first_milestone_of_a_name() -> None:
    found = EXAMPLE.find_milestone("dhcp-ack")
    assert found is not None
    assert found.guest_s == 3.0
    assert EXAMPLE.find_milestone("nbp-entered") is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "bootrig-trace/1"}, "$.format"),
        ({"clock": {"kind": "imaginary"}}, "$.clock.kind"),
        ({"outcome": {"status": "won", "milestone": "", "reason": ""}}, "$.outcome.status"),
        ({"wire": 3}, "$.wire"),
        ({"wire": [{"kind": "morse"}]}, "$.wire[0].kind"),
        ({"console": ["text"]}, "$.console[0]"),
        ({"rom": None}, "$.rom"),
    ],
)
def test_what_is_not_a_trace_is_told_with_its_place(changes: dict[str, object], message: str) -> None:
    content = json.dumps({**json.loads(encode_json(EXAMPLE)), **changes}).encode()
    with pytest.raises(JsonFileError) as caught:
        parse_trace(content, "x.json")
    assert str(caught.value).startswith("x.json: ")
    assert message in str(caught.value)


def test_what_a_newer_bootrig_adds_is_passed_over() -> None:
    content = json.dumps({**json.loads(encode_json(EXAMPLE)), "surprise": 1}).encode()
    assert parse_trace(content) == EXAMPLE


def test_a_trace_s_file(tmp_path: Path) -> None:
    write_trace(EXAMPLE, tmp_path / "trace.json")
    assert load_trace(tmp_path / "trace.json") == EXAMPLE
    with pytest.raises(JsonFileError, match=r"other\.json: No such file or directory"):
        load_trace(tmp_path / "other.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(JsonFileError, match=r"bad\.json: "):
        load_trace(tmp_path / "bad.json")
