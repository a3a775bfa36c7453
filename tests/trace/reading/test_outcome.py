"""The outcome of a boot, from its trace alone."""

import pytest
from msgspec.structs import replace

from bootrig.trace.reading.outcome import find_outcome, settle_outcome
from bootrig.trace.trace import Clock, ClockKind, Expectation, Milestone, OutcomeStatus, RomEvidence, Trace
from firmware.probe.probe import ProbeReport

REACHED = ("dhcp-ack", "tftp-complete", "nbp-entered")
EXPECTED = Expectation(report="nbp", milestones=("dhcp-ack", "tftp-complete"), sums=(0x1234,))


def report(kind: str = "nbp", total: int = 0x1234) -> ProbeReport:
    return ProbeReport(kind, "fedcba9876543210", ({"sum": total, "ticks": 0, "tsc": 1},))


def trace(*reached: str, reports: tuple[ProbeReport, ...] = (), clock: str = "virtual", ended_by: str = "") -> Trace:
    return Trace(
        cell="pxe-tftp/e1000/pc/seabios/host",
        rom_set="set",
        clock=Clock(ClockKind(clock), 7 if clock == "virtual" else None),
        expected=EXPECTED,
        ended_by=ended_by,
        rom=RomEvidence("efi-e1000.rom", 1, 0x40000, 1, "00"),
        milestones=tuple(Milestone(name, 1.0, None) for name in reached),
        reports=reports,
    )


@pytest.mark.parametrize(
    ("seen", "status", "last", "reason"),
    [
        (trace(*REACHED, reports=(report(),)), "passed", "nbp-entered", "nbp-entered was reached"),
        (
            trace(*REACHED, reports=(report(),), clock="real"),
            "passed",
            "nbp-entered",
            "nbp-entered was reached in real time",
        ),
        (
            trace(*REACHED, reports=(report(total=0x1235),)),
            "failed",
            "nbp-entered",
            "the nbp probe arrived damaged: the sum of its bytes is 00001235",
        ),
        (
            trace("dhcp-ack", ended_by="the console says 'No bootable device.'"),
            "failed",
            "dhcp-ack",
            "tftp-complete was not reached: the console says 'No bootable device.'",
        ),
        (trace(clock="real"), "failed", "", "dhcp-ack was not reached"),
        (
            trace(*REACHED[:2], "disk-booted", reports=(report("disk"),), ended_by="the disk probe ran instead"),
            "failed",
            "tftp-complete",
            "nbp-entered was not reached: the disk probe ran instead",
        ),
        (trace("nbp-entered", reports=(report(),)), "failed", "", "dhcp-ack was not reached"),
    ],
)
def test_the_outcome(seen: Trace, status: str, last: str, reason: str) -> None:
    outcome = find_outcome(seen)
    assert (outcome.status, outcome.milestone, outcome.reason) == (OutcomeStatus(status), last, reason)
    assert settle_outcome(seen).outcome == outcome


def test_a_console_scenario_passes_without_a_report() -> None:
    names = ("prompt-offered", "prompt", "ifstat")
    seen = replace(trace(*names, clock="real"), expected=Expectation(milestones=names))
    outcome = find_outcome(seen)
    assert (outcome.status, outcome.reason) == (OutcomeStatus.PASSED, "ifstat was reached in real time")
