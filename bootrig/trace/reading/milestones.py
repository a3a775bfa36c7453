"""Milestones: what a boot reached, read from its packets, its console and the report of its probe."""

import re
from collections.abc import Iterable, Iterator, Sequence

from bootrig.trace.trace import Milestone, TimeMode, WireEvent
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

ROM_BANNER = re.compile(r"[gi]PXE [^\n]* -- Open Source (?:Network )?Boot Firmware")
FEATURES = re.compile(r"Features: [^\n]+")

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][0-9A-Za-z]|[=>cDEHM78])")


# SeaBIOS tells the serial port of a character twice when its place on the screen is written to again: the character,
# the cursor's way back, attributes, and the same character.
_DRAWN_AGAIN = re.compile(r"(.)(?:\x1b\[[0-9;]*m)*\x1b\[\d+;\d+H(?:\x1b\[[0-9;]*m)*\1")


def strip_escapes(text: str) -> str:
    """Return what a console showed, without escape sequences and carriage returns (ECMA-48, section 5.4)."""
    return _ESCAPE.sub("", _DRAWN_AGAIN.sub(r"\1", text)).replace("\r\n", "\n").replace("\r", "")


def iter_wire_milestones(wire: Iterable[WireEvent]) -> Iterator[Milestone]:
    """Yield the milestones that packets show, each once, in the order of the capture."""
    seen: set[str] = set()
    for event in wire:
        for name, guest_s, evidence in _name(event):
            if name not in seen:
                seen.add(name)
                yield Milestone(name, guest_s, None, evidence)


def _name(event: WireEvent) -> Iterator[tuple[str, float, str]]:
    """Yield the milestones that one event is, with their moment and evidence."""
    facts = event.facts
    message = str(facts.get("message", "")).lower()
    if event.kind == "dhcp" and message in ("discover", "offer", "request", "ack"):
        yield f"dhcp-{message}", event.guest_s, f"DHCP {message.upper()}, xid {facts.get('xid')}"
    elif event.kind == "tftp-request":
        yield "tftp-request", event.guest_s, f"TFTP request for {facts.get('file')}"
    elif event.kind == "tftp-transfer" and facts.get("completed"):
        evidence = f"{facts.get('bytes')} bytes of {facts.get('file')} in {facts.get('blocks')} blocks"
        yield "tftp-complete", float(facts.get("end_guest_s", event.guest_s)), evidence
    elif event.kind == "tftp-error":
        yield "tftp-error", event.guest_s, f"TFTP error {facts.get('code')}: {facts.get('text')}"
    elif event.kind == "http-request":
        yield "http-request", event.guest_s, f"{facts.get('method')} {facts.get('target')} {facts.get('version')}"
    elif event.kind == "http-response" and facts.get("completed", True):
        yield (
            "http-complete",
            float(facts.get("end_guest_s", event.guest_s)),
            f"status {facts.get('status')}, {facts.get('body_length')} bytes",
        )


def report_milestone(report: ProbeReport, time_mode: TimeMode, wall_s: float) -> Milestone:
    """Return the milestone that a probe's report is.

    In virtual time the time-stamp counter counts nanoseconds of the guest's clock (QEMU's icount); in real time the
    guest's clock is the wall clock since it was resumed.
    """
    tsc, total = report.find_number("tsc"), report.find_number("sum")
    guest_s = tsc / 1e9 if tsc is not None and time_mode is TimeMode.VIRTUAL else wall_s
    evidence = f"{report.kind} printed nonce {report.nonce}{'' if total is None else f', sum {total:08x}'}"
    return Milestone(REPORT_MILESTONES.get(report.kind, report.kind), guest_s, wall_s, evidence)


def order_milestones(milestones: Iterable[Milestone]) -> tuple[Milestone, ...]:
    """Return milestones by the guest's clock; those that only the console told keep their place among themselves."""
    timed = sorted((m for m in milestones if m.guest_s is not None), key=lambda m: m.guest_s or 0.0)
    return (*timed, *(m for m in milestones if m.guest_s is None))


def find_missing(expected: Sequence[str], milestones: Sequence[Milestone]) -> tuple[str, str]:
    """Return the last expected milestone that was reached and the first that was not; empty strings for none."""
    reached = {milestone.name for milestone in milestones}
    last = ""
    for name in expected:
        if name not in reached:
            return last, name
        last = name
    return last, ""
