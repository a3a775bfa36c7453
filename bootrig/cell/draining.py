"""After a report: giving QEMU the time to send what the guest has given it, so that the capture is complete.

A NIC model may send from QEMU's main loop, after the guest has gone on: virtio-net does (`qemu_bh_schedule` in
hw/net/virtio-net.c). A guest that is ended in the moment in which its console shows the report may not have sent the
acknowledgement of the last block of the very program that reports.
"""

import asyncio
from collections.abc import Callable

from bootrig.cell.stage import CellStage
from bootrig.deadline import Deadline
from bootrig.emulator.guest.guest import Guest
from bootrig.trace.events import Event
from bootrig.trace.reading.milestones import find_missing, iter_wire_milestones

DRAIN_S, PERIOD_S = 1.0, 0.02


async def settle(guest: Guest) -> None:
    """Let QEMU's main loop do what it has before it, then stop the guest: the capture does not change any more.

    Raises:
        EmulatorError: QEMU does not answer.
    """
    await guest.session.execute("query-status")
    await guest.pause()


async def drain(guest: Guest, stage: CellStage, read_wire: Callable[[], tuple[Event, ...]]) -> None:
    """Settle a guest whose boot came to its end; let it run on while the capture lacks an expected milestone.

    That takes `DRAIN_S` of wall time at most; what is missing then is missing. `read_wire` decodes the
    capture, where it has grown.

    Raises:
        EmulatorError: QEMU does not answer.
        CaptureError: the capture is damaged.
    """
    deadline = Deadline.after(DRAIN_S, "the capture is complete")
    await settle(guest)
    while _find_missing(stage, read_wire()) and not deadline.passed:
        await guest.resume()
        await asyncio.sleep(PERIOD_S)
        await settle(guest)


def _find_missing(stage: CellStage, wire: tuple[Event, ...]) -> str:
    """Return the first milestone that is expected and neither in the packets nor on the console, empty for none."""
    return find_missing(stage.scenario.expectation.milestones, [*iter_wire_milestones(wire), *stage.milestones])[1]
