"""The outcome of a boot, from its trace alone."""

import pytest
from msgspec.structs import replace

from bootrig.trace.events import HttpRequest, TftpError, TftpRequest, WireEvent
from bootrig.trace.reading.outcome import find_outcome, settle_outcome
from bootrig.trace.trace import (
    Clock,
    ClockKind,
    ConsoleLine,
    Expectation,
    Milestone,
    OutcomeStatus,
    RomEvidence,
    Trace,
)
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


def write(seen: Trace, *texts: str) -> Trace:
    """Return a trace with lines on its console."""
    return replace(seen, console=tuple(ConsoleLine(text) for text in texts))


ASKED = TftpRequest(guest_s=1.0, from_guest=True, operation="read", file="boot/grub.cfg", mode="octet")
REFUSED = TftpError(guest_s=1.0, from_guest=False, code=1, text="File not found")
LOADED = HttpRequest(guest_s=1.0, from_guest=True, method="GET", target="/nbp.0", version="HTTP/1.1")
SET = 'Could not set "number:int32": Invalid argument (http://ipxe.org/1c0c2002)'
CHAIN = "Could not chain image: Invalid argument (http://ipxe.org/1c0c2002)"
SPELT = ": the console says 'Could not set \"number:int32\": Invalid argument (1c0c2002)'"
LATE = "the deadline of 60 s of guest time passed"
UNANSWERED = "TFTP: boot/grub.cfg not found, asked once"
LAST_LINE = ": the last that the console says is 'boot.ipxe : 36 bytes [PXE-NBP]'"
ENDED = {"no disk": "the console says 'No bootable device.'", "late": LATE}


@pytest.mark.parametrize(
    ("texts", "wire", "ended_by", "why"),
    [
        ((SET, CHAIN, "No bootable device."), (), "no disk", SPELT),
        ((), (), "no disk", ": the console says 'No bootable device.'"),
        (("Boot failed: no disk", "x"), (), "no disk", ": the console says 'Boot failed: no disk'"),
        (("x",), (ASKED, REFUSED), "no disk", f": {UNANSWERED}"),
        ((SET,), (ASKED, REFUSED), "late", f"{SPELT}; {UNANSWERED}; {LATE}"),
        (("boot.ipxe : 36 bytes [PXE-NBP]",), (), "late", f"{LAST_LINE}; {LATE}"),
        ((), (), "late", f": {LATE}"),
        (("vcreate: command not found",), (), "", ": the console says 'vcreate: command not found'"),
        ((), (), "", ""),
    ],
)
def test_the_reason_of_a_failure(texts: tuple[str, ...], wire: tuple[WireEvent, ...], ended_by: str, why: str) -> None:
    seen = replace(write(trace("dhcp-ack", ended_by=ENDED.get(ended_by, "")), *texts), wire=wire)
    outcome = find_outcome(seen)
    assert outcome.reason == f"tftp-complete was not reached{why}"
    assert outcome.last_unanswered == (UNANSWERED if wire else None)


def test_what_a_wrong_probe_printed_is_not_the_reason() -> None:
    seen = trace("dhcp-ack", reports=(report("disk"),), ended_by="the disk probe ran instead")
    assert find_outcome(write(seen, "BOOTRIG 12")).reason == "tftp-complete was not reached: the disk probe ran instead"


def test_what_failed_on_the_way() -> None:
    seen = trace(*REACHED, reports=(report(),))
    lines = ("cpuid: command not found", "x", "params: command not found", "params: command not found")
    outcome = find_outcome(write(seen, *lines))
    assert outcome.on_the_way == ("cpuid: command not found", "params: command not found")
    assert (outcome.reason, outcome.last_unanswered) == ("nbp-entered was reached", None)
    failed = find_outcome(write(trace("dhcp-ack"), *lines[:2], SET, CHAIN))
    assert failed.on_the_way == ("cpuid: command not found",)
    damaged = find_outcome(write(trace(*REACHED, reports=(report(total=1),)), *lines[:2]))
    assert damaged.on_the_way == ("cpuid: command not found",)


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        (trace("dhcp-ack", "nbp-entered", reports=(report(),)), ""),
        # what the report does not prove
        (trace("nbp-entered", reports=(report(),)), "dhcp-ack"),
        (trace("dhcp-ack", "nbp-entered", reports=(report("disk"),)), "tftp-complete"),
        (trace("dhcp-ack", "nbp-entered", reports=()), "tftp-complete"),
        (trace("dhcp-ack", "nbp-entered", reports=(ProbeReport("nbp", "0", ({"ticks": 0},)),)), "tftp-complete"),
    ],
)
def test_a_report_with_the_right_sum_proves_that_all_of_its_program_came(seen: Trace, missing: str) -> None:
    outcome = find_outcome(replace(seen, wire=(ASKED,)))
    assert outcome.status is (OutcomeStatus.FAILED if missing else OutcomeStatus.PASSED)
    assert outcome.reason.startswith(f"{missing} was not reached" if missing else "nbp-entered was reached")


@pytest.mark.parametrize(
    ("over", "wire", "passed"),
    [
        ("", (ASKED,), True),
        ("", (ASKED, LOADED), False),
        ("", (), False),
        ("tftp", (ASKED, LOADED), True),
        ("http", (ASKED,), False),
    ],
)
def test_it_proves_the_way_that_the_program_came(over: str, wire: tuple[WireEvent, ...], passed: bool) -> None:
    seen = trace("dhcp-ack", reports=(report(),))
    entered = Milestone("nbp-entered", 2.0, None, over=over)
    outcome = find_outcome(replace(seen, wire=wire, milestones=(*seen.milestones, entered)))
    assert (outcome.status is OutcomeStatus.PASSED) is passed


def test_a_disk_that_reports_proves_nothing_of_the_network() -> None:
    expected = replace(EXPECTED, report="disk")
    seen = replace(trace("dhcp-ack", "disk-booted", reports=(report("disk"),)), expected=expected, wire=(ASKED,))
    assert find_outcome(seen).reason.startswith("tftp-complete was not reached")
