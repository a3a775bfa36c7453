"""From what a boot showed to its trace."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootrig.cache import digest_file
from bootrig.cell.specification import CellSpecification
from bootrig.emulator.guest.rom_evidence import DeviceRom
from bootrig.trace.events import Dhcp, Event
from bootrig.trace.reading.firmware_words import iter_identity
from bootrig.trace.reading.milestones import iter_wire_milestones, order_milestones
from bootrig.trace.reading.outcome import settle_outcome
from bootrig.trace.trace import (
    ConsoleLine,
    EmulatorEvidence,
    Milestone,
    PlatformFirmwareEvidence,
    RomEvidence,
    ServiceEvidence,
    Trace,
)
from firmware.probe.probe import ProbeReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a guest before it was ended.

    Attributes:
        rom: which ROM the device had.
        platform_firmware: the platform firmware's file.
        console: the lines of the console.
        reports: what probes with this boot's nonce reported.
        milestones: those that the console showed.
        ended_by: why watching ended; empty where everything expected had come.
        sums: sums of the probes that were offered.
        services: the services of the network.
        added: what the rig put into the world.
        truncated: which limit cut what.
        events: QMP events.
        command: QEMU's command line.
    """

    rom: DeviceRom
    platform_firmware: Path
    console: tuple[ConsoleLine, ...]
    reports: tuple[ProbeReport, ...]
    milestones: tuple[Milestone, ...]
    ended_by: str
    sums: frozenset[int]
    services: tuple[ServiceEvidence, ...]
    added: tuple[str, ...]
    truncated: tuple[str, ...]
    events: tuple[Mapping[str, Any], ...]
    command: tuple[str, ...]


def make_trace(specification: CellSpecification, seen: Seen, wire: tuple[Event, ...]) -> Trace:
    """Join what was seen into the trace, its outcome found."""
    emulator = specification.emulator
    trace = Trace(
        cell=str(specification.key),
        side=specification.side,
        rom_set=specification.rom_set,
        attempt=specification.attempt,
        clock=specification.clock,
        expected=specification.scenario.expect(sums=seen.sums),
        ended_by=seen.ended_by,
        rom=_describe_rom(seen, wire),
        platform_firmware=PlatformFirmwareEvidence(
            name=specification.key.platform_firmware,
            file=seen.platform_firmware.name,
            sha256=digest_file(seen.platform_firmware),
        ),
        emulator=EmulatorEvidence(
            name=emulator.name,
            version=emulator.version_number,
            sha256=emulator.digest,
            accelerator=specification.accelerator,
            command=seen.command,
        ),
        added=seen.added,
        truncated=seen.truncated,
        milestones=order_milestones([*iter_wire_milestones(wire), *seen.milestones]),
        wire=wire,
        console=seen.console,
        reports=seen.reports,
        services=seen.services,
        qmp_events=seen.events,
        directory=specification.attempt_path,
    )
    return settle_outcome(trace)


def _describe_rom(seen: Seen, wire: tuple[Event, ...]) -> RomEvidence:
    """Return which ROM ran: what the device says, and what the guest showed of it."""
    classes = (event.find_text(77) for event in wire if isinstance(event, Dhcp) and event.from_guest)
    user_class = next((text for text in classes if text), None)
    return RomEvidence(
        romfile=seen.rom.romfile,
        rombar=seen.rom.rombar,
        rom_bar_length=seen.rom.rom_bar_length,
        file_length=seen.rom.file_length,
        sha256=seen.rom.sha256,
        proof=(*iter_identity(seen.console), *([f"user class {user_class}"] if user_class else [])),
    )
