"""ROMs that mean harm: each a few instructions at the entry that a BIOS calls, in a ROM that is right otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass

from bootrig.builder.probe import assemble_program
from firmware.probe.probe import ProbeBuild
from tests.firmware.rom_bytes import Bios, sum_to_zero

CODE_OFFSET = 0x200
CHECKSUM_OFFSET = 6
BUILD = ProbeBuild("hostile", "hostile.S", 32, "elf_i386", CODE_OFFSET)
ENTRY = ".code16\n.text\n.globl _start\n_start: cld\n movw %cs, %ax\n movw %ax, %ds\n movw %ax, %es\n"
UNTIL_THE_DEADLINE = "s of guest time passed"
RESETS = "the guest reset itself"


@dataclass(frozen=True, slots=True)
class HostileRom:
    """One ROM.

    Attributes:
        code: what it does, for GNU as, in its own segment.
        ended_by: what may be said of the end of its boot; which one may depend on how fast the host is.
    """

    code: str
    ended_by: tuple[str, ...] = (UNTIL_THE_DEADLINE,)

    def build(self) -> bytes:
        """Return the bytes of the ROM, all headers and checksums right."""
        code = assemble_program(BUILD, ENTRY + self.code)
        units = -(-(CODE_OFFSET + len(code)) // 512)
        content = bytearray(Bios(units=units, entry=b"\xe9" + (CODE_OFFSET - 6).to_bytes(2, "little")).build())
        content[CODE_OFFSET : CODE_OFFSET + len(code)] = code
        sum_to_zero(content, CHECKSUM_OFFSET)
        return bytes(content)


def flood(once: str, again: str) -> HostileRom:
    """Return a ROM that writes one text to the serial port, then another one for ever; both as GNU as has them."""
    code = f"""
        movw    $0x3f8, %dx
        movw    $once, %si
        call    write
again:  movw    $forever, %si
        call    write
        jmp     again
write:  lodsb
        testb   %al, %al
        jz      written
        outb    %al, %dx
        jmp     write
written: ret
once:   .asciz  "{once}"
forever: .asciz "{again}"
"""
    return HostileRom(code, (UNTIL_THE_DEADLINE, "the guest wrote to its console more than"))


ROMS: Mapping[str, HostileRom] = {
    "flood-attributes": flood("", r"\033[m"),
    "flood-words": flood("", "iPXE "),
    "flood-lines": flood("", r"iPXE 1.0\r\n"),
    "clipboard": flood(r"\033]0;title\007\033[2J", r"\033]52;c;cHduZWQ=\007\016\r\n"),
    "device-control": flood(r"\033P+q544e", r"\033_x\033X^"),
    "forged-report": flood("", r"BOOTRIG 0123456789abcdef nbp sum=00000000 ticks=00000000 tsc=0000000000000000\r\n"),
    "resets": HostileRom("ljmp $0xffff, $0\n", (RESETS, UNTIL_THE_DEADLINE)),
    "triple-fault": HostileRom("lidt none\n int $3\nnone: .word 0, 0, 0\n", (RESETS, UNTIL_THE_DEADLINE)),
    "halts": HostileRom("cli\n hlt\n"),
    # PM1 control of the PIIX4, at the port where SeaBIOS puts it: S5
    "powers-off": HostileRom("movw $0x604, %dx\n movw $0x2000, %ax\n outw %ax, %dx\n", ("powered itself off",)),
    "loops": HostileRom("cli\nloop: jmp loop\n"),
    # every turn writes the operand of its own next instruction, and jumps into what it has just written behind itself
    "modifies-itself": HostileRom("""
next:   incw    operand + 1
operand: movw   $0, %ax
        movw    $end, %di
        movb    $0xe9, %al              /* jmp next */
        stosb
        movw    $next - end - 3, %ax
        stosw
end:    .fill   3, 1, 0x90
"""),
    # fills the whole segment, itself too, but for a copy of the loop that does it in low memory
    "overwrites-itself": HostileRom("""
        xorw    %ax, %ax
        movw    %ax, %es
        movw    $filler, %si
        movw    $0x7e00, %di
        movw    $filled - filler, %cx
        rep movsb
        movw    %cs, %ax
        movw    %ax, %es
        ljmp    $0, $0x7e00
filler: xorw    %di, %di
        movw    $0x8000, %cx
        rep stosw
        incw    %ax
        jmp     filler
filled:
"""),
    # all ones into every register of every PCI function on the first bus, BARs and their enables included
    "overwrites-pci": HostileRom("""
        movl    $0x80000000, %ebx
next:   movw    $0xcf8, %dx
        movl    %ebx, %eax
        outl    %eax, %dx
        movw    $0xcfc, %dx
        movl    $0xffffffff, %eax
        outl    %eax, %dx
        addl    $4, %ebx
        andl    $0x8000fffc, %ebx
        jmp     next
"""),
}
