"""The state of a guest's first processor, read from QEMU's monitor: whether it can come any further.

Source: x86_cpu_dump_state in QEMU's target/i386/cpu-dump.c, the same since 5.2; Intel SDM, volume 1, 3.4.3 (EFLAGS),
volume 3, 2.5 (CR0), 8.1.4 of PC BIOS documents for the vectors and the BIOS data area below 0x500.
"""

import re
from dataclasses import dataclass

from bootrig.emulator.monitor.session import QmpSession

INTERRUPT_FLAG = 1 << 9
PROTECTION_ENABLED = 1
# Interrupt vectors and the BIOS data area: no program of a PC is there.
DATA_END = 0x500

_PLACE = re.compile(r"\b[ER]IP=([0-9a-f]+) [ER]FL=([0-9a-f]+) .*\bHLT=([01])")
_CODE = re.compile(r"^CS =[0-9a-f]{4} ([0-9a-f]+) ", re.MULTILINE)
_CONTROL = re.compile(r"\bCR0=([0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class Processor:
    """The first processor of a guest.

    Attributes:
        address: the linear address of the next instruction.
        is_halted: whether it waits for an interrupt.
        takes_interrupts: whether it would take one.
        is_real: whether it is in real mode.
    """

    address: int
    is_halted: bool
    takes_interrupts: bool
    is_real: bool

    def describe_death(self) -> str:
        """Return why it can come no further, empty where it may."""
        if self.is_halted and not self.takes_interrupts:
            return "the processor is halted and takes no interrupts"
        if self.is_real and self.address < DATA_END:
            return "the guest has crashed: its processor runs in the interrupt vectors"
        return ""


async def read_processor(session: QmpSession) -> Processor | None:
    """Return the state of the first processor; None where QEMU does not tell it in the way that is known.

    Raises:
        QmpError: QEMU does not answer.
    """
    return parse_registers(await session.execute("human-monitor-command", {"command-line": "info registers"}))


def parse_registers(text: str) -> Processor | None:
    """Return the processor that `info registers` shows; None where the text is another."""
    place, code, control = _PLACE.search(text), _CODE.search(text), _CONTROL.search(text)
    if place is None or code is None or control is None:
        return None
    return Processor(
        address=int(code[1], 16) + int(place[1], 16),
        is_halted=place[3] == "1",
        takes_interrupts=bool(int(place[2], 16) & INTERRUPT_FLAG),
        is_real=not int(control[1], 16) & PROTECTION_ENABLED,
    )
