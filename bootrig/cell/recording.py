"""From what a boot showed to its trace."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from bootrig.cache import digest_file
from bootrig.cell.observer import Observation
from bootrig.cell.serving import RunningServices
from bootrig.cell.specification import CAPTURE_FILE, SENT_CAPTURE_FILE, CellSpecification
from bootrig.cell.stage import CellStage
from bootrig.confinement.barriers import find_held
from bootrig.emulator.guest.rom_evidence import DeviceRom
from bootrig.emulator.release.discovery import find_platform_firmware
from bootrig.network.capture import DecodedCapture
from bootrig.network.errors import CaptureError
from bootrig.romset.kinds.rom import is_single_rom
from bootrig.romset.manifest import find_manifest
from bootrig.trace.events import Dhcp, Event
from bootrig.trace.reading.firmware_words import iter_identity
from bootrig.trace.reading.milestones import WIRE_MILESTONES, iter_wire_milestones, order_milestones
from bootrig.trace.reading.outcome import settle_outcome
from bootrig.trace.reading.ways import name_ways
from bootrig.trace.trace import (
    EmulatorEvidence,
    PlatformFirmwareEvidence,
    PrefixUse,
    RomEvidence,
    ScreenPicture,
    Trace,
)


@dataclass(frozen=True, slots=True)
class Ended:
    """A guest that has ended: what is left of it and its network."""

    rom: DeviceRom
    stage: CellStage
    observation: Observation
    services: RunningServices
    added: tuple[str, ...]
    lacking: tuple[str, ...]
    events: tuple[Mapping[str, Any], ...]
    command: tuple[str, ...]
    qemu_wall_s: float
    prefix: PrefixUse | None = None
    pictures: tuple[ScreenPicture, ...] = ()


def make_trace(specification: CellSpecification, ended: Ended, sums: Collection[int], capture: DecodedCapture) -> Trace:
    """Join what was seen into the trace, its outcome found; `sums` are those of the probes that were offered.

    Raises:
        ServiceError: the packets show a network that is not what the scenario's file says.
        CaptureError: the boot came from the network, and no packet of the guest was captured.
    """
    stage, wire, begun = ended.stage, capture.events, _begin_trace(specification, sums)
    trace = replace(
        begun,
        ended_by=ended.observation.ended_by,
        rom=_describe_rom(specification, ended, wire),
        emulator=replace(begun.emulator, command=ended.command),
        added=ended.added,
        prefix=ended.prefix,
        confinement=find_held(ended.lacking),
        lacking=ended.lacking,
        truncated=(*stage.console.truncated, *filter(None, (ended.observation.truncated,)), *capture.truncated),
        milestones=order_milestones([*iter_wire_milestones(wire), *stage.milestones]),
        wire=wire,
        console=stage.console.lines,
        pictures=ended.pictures,
        reports=(stage.report,) if stage.report else (),
        services=tuple(ended.services.describe(specification.scenario, wire)),
        qmp_events=ended.events,
        usage={
            "qemu_wall_s": ended.qemu_wall_s,
            **({} if ended.observation.guest_s is None else {"guest_s": ended.observation.guest_s}),
        },
    )
    settled = settle_outcome(replace(trace, milestones=name_ways(trace)))
    require_packets(settled)
    return settled


def require_packets(trace: Trace) -> None:
    """Refuse a boot that passed over the network without a packet of the guest: no rule would find anything in it.

    Raises:
        CaptureError: it is such a boot.
    """
    over_network = any(name in WIRE_MILESTONES for name in trace.expected.milestones)
    if trace.passed and over_network and not any(event.from_guest for event in trace.wire):
        raise CaptureError(
            "the guest booted from the network, and none of its packets was captured",
            remedy=f"look at {CAPTURE_FILE} and {SENT_CAPTURE_FILE} in the attempt's directory",
        )


def make_unstarted_trace(specification: CellSpecification) -> Trace:
    """Return the trace of a guest that QEMU refuses to start, because it asks for ROM files that are not there."""
    missing = specification.missing_roms
    words = " and ".join(f"{rom.file}, for which the NIC {rom.nic_model} asks" for rom in missing)
    trace = replace(
        _begin_trace(specification, ()),
        ended_by=f"QEMU refuses to start the guest: the ROM set lacks {words}",
        missing_roms=missing,
    )
    return settle_outcome(trace)


def _begin_trace(specification: CellSpecification, sums: Collection[int]) -> Trace:
    """Return what is known of a boot before it begins."""
    key, emulator = specification.key, specification.emulator
    built = specification.platform_firmware_file
    firmware = built or find_platform_firmware(emulator, specification.family).code
    return Trace(
        cell=str(key),
        side=specification.side,
        rom_set=specification.rom_set,
        attempt=str(specification.attempt),
        clock=specification.clock,
        first_clock=specification.first_clock,
        expected=specification.scenario.expect(sums),
        rom=RomEvidence("", rombar=0, rom_bar_length=0, file_length=0, sha256=""),
        platform_firmware=PlatformFirmwareEvidence(
            name=specification.firmware_name, file=firmware.name, sha256=digest_file(firmware)
        ),
        emulator=EmulatorEvidence(
            name=emulator.name,
            version=emulator.version_number,
            sha256=emulator.digest,
            accelerator=specification.clock.accelerator,
        ),
        directory=specification.attempt_path,
    )


def _describe_rom(specification: CellSpecification, ended: Ended, wire: tuple[Event, ...]) -> RomEvidence:
    """Return which ROM ran: what the device says, and what the guest showed of it."""
    classes = (event.find_text(77) for event in wire if isinstance(event, Dhcp) and event.from_guest)
    user_class = next((text for text in classes if text), None)
    return RomEvidence(
        romfile=ended.rom.romfile,
        rombar=ended.rom.rombar,
        rom_bar_length=ended.rom.rom_bar_length,
        file_length=ended.rom.file_length,
        sha256=ended.rom.sha256,
        proof=(*iter_identity(ended.stage.console.lines), *([f"user class {user_class}"] if user_class else [])),
        mac=ended.rom.mac,
        own_name=find_own_name(specification, ended.rom.romfile),
    )


def find_own_name(specification: CellSpecification, romfile: str) -> str:
    """Return what a ROM set itself calls a file; empty where it is the same, or the set is one file, however called."""
    manifest = find_manifest(specification.data_directory)
    if manifest is not None and is_single_rom(manifest.origin):
        return ""
    names = {file.name: file.rom for file in manifest.files} if manifest else {}
    found = names.get(romfile, romfile)
    return "" if found == romfile else found
