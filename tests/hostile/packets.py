"""A program that floods the network: it sends one frame many times by the PXE API, with a number in it that counts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from bootrig.builder.probe import assemble_program
from firmware.probe.probe import ProbeBuild
from tests.network.frames import GUEST, HTTP_CLIENT, HTTP_SERVER, SERVER, ethernet, ip4, tcp, udp

TOO_MUCH = "the guest sent packets of more than 16 MiB"
BUILD = ProbeBuild("packets", "packets.S", 32, "elf_i386", 0x7C00)
# PXENV_UNDI_TRANSMIT of a raw frame, then PXENV_UNDI_ISR, without which no frame is ever done, by the entry of PXENV+
# (PXE 2.1, sections 4.4.7 and 4.4.21; it is in ES:BX).
SOURCE = """
        .code16
        .text
        .globl _start
_start: movl    %es:10(%bx), %eax
        xorw    %bx, %bx
        movw    %bx, %ds
        movw    %bx, %es
        movl    %eax, entry
again:  movw    frame + {counted}, %ax
        xchgb   %al, %ah
        addw    ${step}, %ax
        xchgb   %al, %ah
        movw    %ax, frame + {counted}
        movw    $8, %bx
        movw    $transmit, %di
        lcall   *entry
        movw    $0x14, %bx
        movw    $poll, %di
        movw    $2, poll + 2
        lcall   *entry
        decl    left
        jnz     again
        cli
        hlt
left:   .long   {count}
entry:  .long   0
poll:   .word   0, 0, 0, 0, 0, 0, 0, 0
transmit: .word 0, 0, 0, 0, block, 0, 0, 0, 0, 0
block:  .word   {length}, frame, 0, 0
frame:  .byte   {content}
"""


@dataclass(frozen=True, slots=True)
class PacketFlood:
    """One flood.

    Attributes:
        frame: what is sent.
        counted: where in it a number of two bytes is that changes from frame to frame.
        step: by how much.
        count: how many frames are sent; the guest halts then.
        ended_by: what is said of the end of its boot.
    """

    frame: bytes
    counted: int
    step: int = 1
    count: int = 4000
    ended_by: str = "the processor is halted and takes no interrupts"

    def build(self) -> bytes:
        """Return the bytes of the program."""
        content = ", ".join(map(str, self.frame))
        source = SOURCE.format(**asdict(self), length=len(self.frame), content=content)
        return assemble_program(BUILD, source)


FLOODS: Mapping[str, PacketFlood] = {
    # never the last one
    "fragments": PacketFlood(ethernet(0x0800, ip4(17, GUEST[0], SERVER[0], bytes(8), fragment=0x2000)), 20),
    "tcp-gaps": PacketFlood(tcp(HTTP_CLIENT, HTTP_SERVER, "A", 1, b"G"), 40, step=2),
    "broadcasts": PacketFlood(
        b"\xff" * 12 + bytes(1500) + b"\1\2", 12, 0x101, 20_000, "the guest sent packets of more than 16 MiB"
    ),
    "tftp-requests": PacketFlood(udp(GUEST, SERVER, b"\0\1nbp.0\0octet\0"), 34),
}
