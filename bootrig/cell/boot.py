"""One boot, inside a cell's namespaces: servers, guest, observation, trace."""

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bootrig.cell.machine import NIC_ID, make_definition
from bootrig.cell.observer import Observation, Observer, Operator
from bootrig.cell.serving import Served, make_served
from bootrig.cell.specification import CAPTURE_FILE, CellSpecification
from bootrig.emulator.accelerator import revoke_kvm
from bootrig.emulator.definition.definition import FIXED_DATE, AcceleratorKind
from bootrig.emulator.errors import GuestHaltedError
from bootrig.emulator.guest.guest import Guest
from bootrig.emulator.guest.rom_evidence import DeviceRom
from bootrig.emulator.launch import start_guest
from bootrig.network.capture import count_retransmissions, decode_capture
from bootrig.network.decode.fact import WireFact
from bootrig.network.errors import CaptureError
from bootrig.network.servers.dnsmasq import DnsmasqConfiguration, start_dnsmasq
from bootrig.network.servers.http import HttpConfiguration, start_http
from bootrig.network.servers.tftp import TftpConfiguration, start_tftp
from bootrig.network.tap import open_tap
from bootrig.scenario.scenario import Scenario
from bootrig.trace.reading.milestones import (
    FEATURES,
    ROM_BANNER,
    find_missing,
    iter_wire_milestones,
    order_milestones,
)
from bootrig.trace.trace import (
    Milestone,
    Outcome,
    OutcomeStatus,
    RomEvidence,
    TimeMode,
    Trace,
    WireEvent,
)
from firmware.probe.registry import REPORT_MILESTONES

# The TFTP server's thread waits at most so long for the event loop's: in virtual time its answers are urgent.
SWITCH_INTERVAL_S = 0.0005
# The cell's scheduling priority, where it may be raised: its servers answer before anybody else computes.
PRIORITY = -10
POWER_ON_S = int(datetime.fromisoformat(FIXED_DATE).replace(tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of a guest before it was ended."""

    rom: DeviceRom
    observation: Observation
    events: tuple[dict[str, Any], ...]
    command: tuple[str, ...]
    qemu_wall_s: float


def boot(specification: CellSpecification, operator: Operator | None = None) -> Trace:
    """Boot a guest as `specification` says and return all that was seen. The namespaces are entered already.

    Raises:
        RigError: QEMU, a server or the host broke.
    """
    started_s = time.monotonic()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with suppress(PermissionError):  # root's alone
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    directory = specification.directory
    served = make_served(
        specification.scenario,
        specification.key.platform_firmware,
        specification.programs,
        specification.nonce,
        directory,
    )
    try:
        seen = asyncio.run(_boot(specification, served, operator))
    except GuestHaltedError as error:
        if specification.accelerator == AcceleratorKind.KVM:
            revoke_kvm(specification.emulator, str(error).partition("\n")[0])
            error.remedy = "run it again: from now on guests run under TCG here"
        raise
    facts = read_wire(directory / CAPTURE_FILE)
    trace = _make_trace(specification, served, seen, facts)
    wall_s = time.monotonic() - started_s
    usage = {
        "wall_s": wall_s,
        "qemu_wall_s": seen.qemu_wall_s,
        "rig_s": wall_s - seen.qemu_wall_s,
        "rig_memory_bytes": float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024),
        **({"guest_s": seen.observation.guest_s} if seen.observation.guest_s is not None else {}),
    }
    return replace(trace, usage=usage)


async def _boot(specification: CellSpecification, served: Served, operator: Operator | None) -> _Seen:
    """Start the servers, then the guest; observe it; end everything."""
    directory = specification.directory
    scenario = specification.scenario
    async with AsyncExitStack() as stack:
        services = stack.enter_context(ExitStack())
        tap = services.enter_context(open_tap())
        dnsmasq = services.enter_context(
            start_dnsmasq(DnsmasqConfiguration(personality=scenario.dhcp.personality), directory)
        )
        tftp = services.enter_context(start_tftp(TftpConfiguration(root=served.tftp_root), directory))
        watched = [dnsmasq.watch, tftp.watch]
        if served.http_root is not None:
            http = await stack.enter_async_context(start_http(HttpConfiguration(root=served.http_root), directory))
            watched.append(http.watch)
        definition = make_definition(specification, tap.file_descriptor, served.disk)
        begun_s = time.monotonic()
        async with start_guest(
            specification.launch, specification.emulator, definition, directory, [tap.file_descriptor]
        ) as guest:
            rom = await guest.rom_evidence(NIC_ID)
            observer = Observer(guest, scenario, specification.nonce, specification.time_mode, operator)
            observation = await observer.observe([watch() for watch in (guest.watch, *watched)])
            seen = _see(guest, rom, observation)
        return replace(seen, qemu_wall_s=time.monotonic() - begun_s)


def _see(guest: Guest, rom: DeviceRom, observation: Observation) -> _Seen:
    """Take from the guest what the trace needs."""
    events = tuple(json.loads(json.dumps(dict(event))) for event in guest.events)
    return _Seen(rom, observation, events, guest.command, 0.0)


def read_wire(capture: Path) -> tuple[WireFact, ...]:
    """Return what QEMU captured, decoded.

    Raises:
        CaptureError: there is no capture, or it ends in the middle of a packet: no space was left for it.
    """
    facts, complete = decode_capture(capture, epoch_s=POWER_ON_S)
    if not complete:
        raise CaptureError(f"{capture} ends in the middle of a packet", remedy="look whether its disk is full")
    return facts


def _make_trace(specification: CellSpecification, served: Served, seen: _Seen, facts: tuple[WireFact, ...]) -> Trace:
    """Join what was seen into the trace."""
    observation = seen.observation
    wire = tuple(WireEvent(fact.kind, fact.guest_s, fact.from_guest, fact.facts) for fact in facts)
    milestones = order_milestones([*iter_wire_milestones(wire), *observation.milestones])
    outcome = judge(
        specification.scenario,
        specification.time_mode,
        served.sums,
        observation,
        milestones,
        count_retransmissions(facts),
    )
    return Trace(
        key=specification.key,
        rom_set=specification.rom_set,
        time_mode=specification.time_mode,
        outcome=outcome,
        rom=RomEvidence(
            romfile=seen.rom.romfile,
            rombar=seen.rom.rombar,
            rom_bar_length=seen.rom.rom_bar_length,
            file_length=seen.rom.file_length,
            sha256=seen.rom.sha256,
            proof=tuple(_iter_proof(observation.console, wire)),
        ),
        milestones=milestones,
        wire=wire,
        console=observation.console,
        qmp_events=seen.events,
        emulator={
            "name": specification.emulator.name,
            "version": specification.emulator.version_number,
            "digest": specification.emulator.digest,
            "accelerator": specification.accelerator,
            "command": list(seen.command),
            "python": sys.version.split()[0],
        },
        directory=specification.directory.name,
    )


def _iter_proof(console: str, wire: Iterable[WireEvent]) -> Iterable[str]:
    """Yield what shows which ROM ran: its banner, its features, the user class that it sent."""
    for pattern in (ROM_BANNER, FEATURES):
        match = pattern.search(console)
        if match is not None:
            yield match[0].strip()
    for event in wire:
        user_class = event.facts.get("user_class") if event.kind == "dhcp" and event.from_guest else None
        if user_class:
            yield f"user class {user_class}"
            return


def judge(
    scenario: Scenario,
    time_mode: TimeMode,
    sums: Collection[int],
    observation: Observation,
    milestones: Sequence[Milestone],
    retransmissions: int,
) -> Outcome:
    """Say how a boot ended: passed only where every expected milestone is there and every byte arrived.

    Args:
        scenario: what is expected.
        time_mode: how the guest's clock ran.
        sums: sums of the probes that were offered, one of which a report has to show.
        observation: what the guest showed.
        milestones: all that were reached.
        retransmissions: packets that a peer had to send again.
    """
    report_milestone = REPORT_MILESTONES.get(scenario.report, scenario.report)
    expected = [*scenario.milestones, *([report_milestone] if scenario.report else [])]
    last, missing = find_missing(expected, milestones)
    report = observation.report
    total = report.find_number("sum") if report is not None else None
    if report is not None and total is not None and total not in sums:
        reason = f"the {report.kind} probe arrived damaged: the sum of its bytes is {total:08x}"
        return Outcome(OutcomeStatus.FAILED, last, reason, retransmissions)
    if missing:
        how = f": {observation.ended_by}" if observation.ended_by else ""
        return Outcome(OutcomeStatus.FAILED, last, f"{missing} was not reached{how}", retransmissions)
    reached = REPORT_MILESTONES.get(scenario.report, last)
    mode = "" if time_mode is TimeMode.VIRTUAL else " in real time"
    return Outcome(OutcomeStatus.PASSED, last, f"{reached} was reached{mode}", retransmissions)
