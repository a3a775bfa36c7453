"""Milestones: what a boot reached, read from its packets and the reports of its probes."""

from collections.abc import Iterable, Iterator, Sequence

from bootrig.trace.events import (
    Dhcp,
    HttpRequest,
    HttpResponse,
    TftpError,
    TftpRequest,
    TftpTransfer,
    WireEvent,
)
from bootrig.trace.trace import Clock, Evidence, Milestone
from firmware.probe.probe import ProbeReport
from firmware.probe.registry import REPORT_MILESTONES

WIRE_MILESTONES = (
    "dhcp-discover",
    "dhcp-offer",
    "dhcp-request",
    "dhcp-ack",
    "tftp-request",
    "tftp-complete",
    "tftp-error",
    "http-request",
    "http-complete",
)


def iter_wire_milestones(wire: Iterable[WireEvent]) -> Iterator[Milestone]:
    """Yield the milestones that packets show, each once, in the order of the capture."""
    seen: set[str] = set()
    for event in wire:
        found = _find_milestone(event)
        if found is not None and found[0] not in seen:
            name, guest_s, text = found
            seen.add(name)
            yield Milestone(name, guest_s, None, Evidence(event.frame, text))


def _find_milestone(event: WireEvent) -> tuple[str, float, str] | None:
    """Return the milestone that an event is: its name, its moment, the event in words; None for none."""
    found = None
    match event:
        case Dhcp(message="discover" | "offer" | "request" | "ack" as message):
            found = f"dhcp-{message}", event.guest_s, f"DHCP {message.upper()}, xid {event.xid}"
        case TftpRequest():
            found = "tftp-request", event.guest_s, f"TFTP request for {event.file}"
        case TftpTransfer(completed=True):
            text = f"{event.bytes} bytes of {event.file} in {event.blocks} blocks"
            found = "tftp-complete", event.end_guest_s, text
        case TftpError():
            found = "tftp-error", event.guest_s, f"TFTP error {event.code}: {event.text}"
        case HttpRequest():
            found = "http-request", event.guest_s, f"{event.method} {event.target} {event.version}"
        case HttpResponse(completed=True):
            found = "http-complete", event.end_guest_s, f"status {event.status}, {event.body_length} bytes"
    return found


def make_report_milestone(report: ProbeReport, clock: Clock, wall_s: float) -> Milestone:
    """Return the milestone that a probe's report is.

    In virtual time the time-stamp counter counts nanoseconds of the guest's clock (QEMU's icount); in real time the
    guest's clock is the wall clock since it was resumed.
    """
    tsc, total = report.find_number("tsc"), report.find_number("sum")
    guest_s = tsc / 1e9 if tsc is not None and clock.is_virtual else wall_s
    text = f"{report.kind} printed nonce {report.nonce}{'' if total is None else f', sum {total:08x}'}"
    return Milestone(REPORT_MILESTONES.get(report.kind, report.kind), guest_s, wall_s, Evidence(text=text))


def order_milestones(milestones: Iterable[Milestone]) -> tuple[Milestone, ...]:
    """Return milestones by the guest's clock; those that only the console told keep their place among themselves."""
    return tuple(sorted(milestones, key=lambda m: (m.guest_s is None, m.guest_s or 0.0)))


def find_missing(expected: Sequence[str], milestones: Iterable[Milestone]) -> tuple[str, str]:
    """Return the last expected milestone that was reached and the first that was not; empty strings for none."""
    reached = {milestone.name for milestone in milestones}
    last = ""
    for name in expected:
        if name not in reached:
            return last, name
        last = name
    return last, ""
