"""What QEMU's monitor says of a processor, and which processors come no further."""

import pytest

from bootrig.emulator.guest.processor import Processor, parse_registers

# QEMU 7.2.22, `-M pc -nodefaults -display none -S`, `info registers`: the processor at power-on
POWER_ON = """\

CPU#0
EAX=00000000 EBX=00000000 ECX=00000000 EDX=00060fb1
ESI=00000000 EDI=00000000 EBP=00000000 ESP=00000000
EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0
ES =0000 00000000 0000ffff 00009300
CS =f000 ffff0000 0000ffff 00009b00
SS =0000 00000000 0000ffff 00009300
CR0=60000010 CR2=00000000 CR3=00000000 CR4=00000000
"""


def show(place: str, *, code: str = "0000 00000000", control: str = "60000010") -> Processor | None:
    """Return the processor at power-on with other registers."""
    text = POWER_ON.replace("EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0", place)
    return parse_registers(text.replace("f000 ffff0000", code).replace("60000010", control))


def test_the_processor_at_power_on() -> None:
    processor = parse_registers(POWER_ON)
    assert processor == Processor(0xFFFFFFF0, is_halted=False, takes_interrupts=False, is_real=True)
    assert processor.describe_death() == ""


HALTED = "the processor is halted and takes no interrupts"
CRASHED = "the guest has crashed: its processor runs in the interrupt vectors"


@pytest.mark.parametrize(
    ("place", "code", "control", "death"),
    [
        ("EIP=00007c02 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1", "0000 00000000", "10", HALTED),
        ("EIP=00007c02 EFL=00000202 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1", "0000 00000000", "10", ""),
        ("EIP=00000003 EFL=00000202 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0", "0000 00000000", "10", CRASHED),
        ("EIP=000000f0 EFL=00000202 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0", "0040 00000400", "10", CRASHED),
        ("EIP=00000000 EFL=00000202 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0", "0050 00000500", "10", ""),
        ("EIP=00000003 EFL=00000202 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0", "0008 00000000", "11", ""),
        (
            "RIP=000000000f8a4c11 RFL=00000046 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1",
            "0038 0000000000000000",
            "80010033",
            HALTED,
        ),
    ],
)
def test_which_processors_come_no_further(place: str, code: str, control: str, death: str) -> None:
    processor = show(place, code=code, control=control)
    assert processor is not None
    assert processor.describe_death() == death


@pytest.mark.parametrize("text", ["", "CPU#0\n", POWER_ON.replace("EFL", "FLAGS"), POWER_ON.replace("CR0", "C0")])
def test_a_text_that_is_not_known_says_nothing(text: str) -> None:
    assert parse_registers(text) is None
