"""Two boots that were captured, from their packets to the differences that the rules find.

The captures are of e1000 under SeaBIOS in the scenario pxe-tftp, in virtual time, with the option ROMs that Debian 12
and Debian 13 ship: a line is the guest's clock, whether
the guest sent (`>`) or received (`<`), and a frame.
"""

from functools import cache
from pathlib import Path

from bootrig.compare import compare_traces
from bootrig.jsonfile import encode_json, parse_json
from bootrig.network.capture import CapturedPacket, decode_packets
from bootrig.trace.reading.milestones import iter_wire_milestones
from bootrig.trace.reading.outcome import settle_outcome
from bootrig.trace.trace import (
    Clock,
    ClockKind,
    Expectation,
    Outcome,
    OutcomeStatus,
    RomEvidence,
    Trace,
)

CAPTURES = Path(__file__).parent / "captures"


@cache
def _load_trace(rom_set: str) -> Trace:
    """Return the trace of a capture, as it is after it was written and read back."""
    lines = [line.split() for line in (CAPTURES / f"{rom_set}.txt").read_text().splitlines()]
    wire = decode_packets(
        (CapturedPacket(float(guest_s), bytes.fromhex(frame)), direction == ">") for guest_s, direction, frame in lines
    ).events
    trace = Trace(
        cell="pxe-tftp/e1000/pc/seabios/host",
        rom_set=rom_set,
        clock=Clock(ClockKind.VIRTUAL, 7),
        expected=Expectation(milestones=("dhcp-ack", "tftp-complete")),
        outcome=Outcome(OutcomeStatus.FAILED, "", ""),
        rom=RomEvidence("efi-e1000.rom", 1, 262144, 262144, ""),
        milestones=tuple(iter_wire_milestones(wire)),
        wire=wire,
    )
    return parse_json(encode_json(settle_outcome(trace)), Trace, "trace")


def test_the_boots_passed_undisturbed():
    for trace in map(_load_trace, ("ipxe-debian-12", "ipxe-debian-13")):
        assert (trace.passed, trace.outcome.milestone, trace.outcome.disturbed) == (True, "tftp-complete", ())


def test_the_rules_find_what_differs():
    verdict = compare_traces([_load_trace("ipxe-debian-12")], [_load_trace("ipxe-debian-13")])
    assert [(entry.rule, entry.finding.subject) for entry in verdict.differences] == [
        ("dhcp-parameter-list", "parameter list"),
        ("dhcp-ipxe-options", "option 175, HTTPS (20)"),
        ("dhcp-ipxe-options", "option 175, VLAN (38)"),
        ("traffic", "traffic: EAPOL (802.1X)"),
    ]


def test_a_boot_does_not_differ_from_itself():
    trace = _load_trace("ipxe-debian-13")
    assert compare_traces([trace], [trace]).differences == ()
