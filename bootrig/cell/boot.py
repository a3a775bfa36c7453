"""One boot, inside a cell's namespaces: services, guest, observation, trace."""

import asyncio
import json
import logging
import resource
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from msgspec.structs import replace

from bootrig.cell.confinement import Prepared
from bootrig.cell.draining import drain
from bootrig.cell.ends import Cable
from bootrig.cell.machine import make_definition
from bootrig.cell.observer import Observer, Operator
from bootrig.cell.pictures import END, Photographer
from bootrig.cell.recording import Ended, make_trace, make_unstarted_trace
from bootrig.cell.serving import Served, start_services
from bootrig.cell.slots import NIC_ID
from bootrig.cell.specification import CAPTURE_FILE, SENT_CAPTURE_FILE, CellSpecification
from bootrig.cell.stage import CellStage
from bootrig.cell.variables import keep_variables
from bootrig.emulator.definition.definition import FIXED_DATE, MachineDefinition
from bootrig.emulator.errors import FreezeError, GuestStartError
from bootrig.emulator.guest.guest import Guest
from bootrig.emulator.launch import start_guest
from bootrig.network.capture import GrowingCapture
from bootrig.network.tap import count_frames, open_tap
from bootrig.scenario.kinds.registry import find_kinds
from bootrig.scenario.platform import firmware_family
from bootrig.trace.cast import CAST_FILE, encode_cast
from bootrig.trace.events import Event
from bootrig.trace.trace import PrefixUse, Trace

logger = logging.getLogger(__name__)

POWER_ON_S = int(datetime.fromisoformat(FIXED_DATE).replace(tzinfo=UTC).timestamp())


def boot(specification: CellSpecification, prepared: Prepared, operator: Operator | None = None) -> Trace:
    """Boot a guest as `specification` says and return all that was seen. The namespaces are entered already.

    Raises:
        RigError: QEMU, a service or the host broke.
    """
    if specification.missing_roms or prepared.served is None:
        return make_unstarted_trace(specification)
    started_s = time.monotonic()
    trace = asyncio.run(_boot(specification, prepared, prepared.served, operator))
    wall_s, qemu_wall_s = time.monotonic() - started_s, trace.usage["qemu_wall_s"]
    usage = {
        **trace.usage,
        "wall_s": wall_s,
        "rig_s": wall_s - qemu_wall_s,
        "rig_memory_bytes": float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024),
    }
    return replace(trace, usage=usage)


async def _boot(
    specification: CellSpecification, prepared: Prepared, served: Served, operator: Operator | None
) -> Trace:
    """Start the services, then the guest; observe it; end it; ask the services whether they live where it failed."""
    directory, scenario = specification.directory, specification.scenario
    captures = directory / CAPTURE_FILE, directory / SENT_CAPTURE_FILE
    capture = GrowingCapture(*captures, epoch_s=POWER_ON_S)

    def read_wire() -> tuple[Event, ...]:
        return capture.decode().events

    async with AsyncExitStack() as stack:
        tap = stack.enter_context(open_tap(opened=prepared.device))
        services = await stack.enter_async_context(start_services(scenario, directory))
        made = make_definition(specification, tap, served.disk)
        begun_s = time.monotonic()
        async with AsyncExitStack() as guest_stack:
            guest, prefix = await _start(guest_stack, specification, prepared, made.definition, tap)
            rom = await guest.rom_evidence(NIC_ID)
            stage = CellStage(guest, scenario, specification.nonce, specification.clock)
            observer = Observer(guest, stage, specification.clock, Cable(count_frames, read_wire), operator)
            photographer = Photographer(guest, stage, directory)
            watched = (guest.watch, *services.watches, *([photographer.watch] if scenario.guest.screen else []))
            observation = await observer.observe(find_kinds()[scenario.kind], watched)
            if scenario.guest.screen:
                await photographer.take(END)
            if not observation.ended_by:
                await drain(guest, stage, read_wire)
            events = tuple(json.loads(json.dumps(dict(event))) for event in guest.events)
        qemu_wall_s = time.monotonic() - begun_s
        keep_variables(directory, specification.emulator, firmware_family(specification.key.platform_firmware))
        lacking = tuple(dict.fromkeys((*prepared.lacking, *guest.lacking)))
        ended = Ended(
            rom,
            stage,
            observation,
            services,
            made.added,
            lacking,
            events,
            guest.command,
            qemu_wall_s,
            prefix,
            tuple(photographer.pictures),
        )
        trace = make_trace(specification, ended, served.sums, capture.decode())
        cast = encode_cast(f"{trace.cell} {trace.attempt}", stage.cast.find_events(trace.milestones))
        (directory / CAST_FILE).write_bytes(cast)
        if trace.passed:
            return trace
        alive = await services.ask_alive()
        told = tuple(replace(service, alive=service.name in alive) for service in trace.services)
        return replace(trace, services=told)


async def _start(
    stack: AsyncExitStack, specification: CellSpecification, prepared: Prepared, definition: MachineDefinition, tap: int
) -> tuple[Guest, PrefixUse | None]:
    """Start the guest, which ends with the stack: a clone, or a cold one where QEMU refuses to clone."""
    for prefix in (None,) if prepared.prefix is None else (prepared.prefix, None):
        try:
            guest = await stack.enter_async_context(
                start_guest(
                    specification.launch,
                    specification.emulator,
                    definition,
                    specification.directory,
                    [tap],
                    is_confined=prepared.entry is not None,
                    catalog=prepared.catalog,
                    memory=None if prefix is None else prefix.frozen,
                )
            )
        except (FreezeError, GuestStartError) as error:
            if prefix is None:
                raise
            logger.debug("%s: it boots cold: %s", specification.key, error)
        else:
            return guest, None if prefix is None else prefix.use
    raise AssertionError("unreachable: a cold boot starts or raises")
