"""EFI drivers that mean harm: OVMF starts them from the ROM of the NIC, before it looks for anything to boot."""

from collections.abc import Mapping
from dataclasses import dataclass

from bootrig.builder.probe import assemble_program
from firmware.probe.probe import ProbeBuild
from tests.firmware.rom_bytes import Efi, Pe

BUILD = ProbeBuild("hostile-driver", "hostile.S", 64, "elf_x86_64", 0x1000)
ENTRY = ".text\n.globl _start\n_start:\n"
# OVMF finds no ROM where its BAR is shorter than a page: of 4 KiB the driver is started, of 2 KiB it is not.
CODE_LENGTH = 0xC00
WALL_DEADLINE = "s of wall time passed"
RESETS = "the guest reset itself"


@dataclass(frozen=True, slots=True)
class HostileDriver:
    """One driver.

    Attributes:
        code: what it does when it is started, for GNU as, in 64-bit mode.
        ended_by: what may be said of the end of its boot; which one may depend on how fast the host is.
    """

    code: str
    ended_by: tuple[str, ...]

    def build(self) -> bytes:
        """Return the bytes of the ROM, whose only image is the driver."""
        code = assemble_program(BUILD, ENTRY + self.code).ljust(CODE_LENGTH, b"\0")
        return Efi(pe=Pe(code=code).build(), compression=0).build()


DRIVERS: Mapping[str, HostileDriver] = {
    "floods": HostileDriver(
        """
        movw    $0x3f8, %dx
again:  leaq    text(%rip), %rsi
next:   lodsb
        testb   %al, %al
        jz      again
        outb    %al, %dx
        jmp     next
text:   .asciz  "iPXE 1.0\\r\\n"
""",
        (WALL_DEADLINE, "the guest wrote to its console more than"),
    ),
    "loops": HostileDriver("cli\nloop: jmp loop\n", (WALL_DEADLINE, "s of guest time passed")),
    "halts": HostileDriver("cli\nhalt: hlt\n jmp halt\n", ("the processor is halted and takes no interrupts",)),
    # reset control of the ICH9: a hard reset
    "resets": HostileDriver(
        "movw $0xcf9, %dx\n movb $6, %al\n outb %al, %dx\nwait: jmp wait\n", (RESETS, WALL_DEADLINE)
    ),
    "triple-fault": HostileDriver("lidt none(%rip)\n int3\nnone: .fill 16\n", (RESETS, WALL_DEADLINE)),
    "raises-an-exception": HostileDriver("ud2\n", ("the console says '!!!! Find image based on IP('",)),
    # PM1 control of the ICH9, at the port where OVMF puts it: S5
    "powers-off": HostileDriver(
        "movw $0x604, %dx\n movw $0x2000, %ax\n outw %ax, %dx\nwait: jmp wait\n", ("powered itself off",)
    ),
}
