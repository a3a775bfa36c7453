"""Rules about what BIOS images unpack when they are started."""

from collections.abc import Iterator

from firmware.lint.finding import Fault, Severity
from firmware.lint.rule import rom_rule
from firmware.lint.subject import RomSubject
from firmware.optionrom.packed import iter_packed_blocks

NAME = b"iPXE"


@rom_rule("packed-block", Severity.ERROR)
def check_packed_blocks(rom: RomSubject) -> Iterator[Fault]:
    """Each packed block of an iPXE image has the checksum that is stored behind it.

    A block that was damaged is not started: the guest stops in the ROM. The image's own checksum does not show it where
    somebody has set that anew. Only iPXE of 2015 and later stores these checksums.
    """
    for offset, image in rom.iter_bios_images():
        content = rom.content[offset : offset + image.length]
        # the machine code of other firmware may look like a block that was damaged
        for block in iter_packed_blocks(content) if NAME in content else ():
            if not block.is_intact:
                message = (
                    f"the packed block of {block.length} bytes has the CRC-32 {block.computed:08x}, "
                    f"{block.stored:08x} is stored behind it"
                )
                yield Fault(message, offset + block.offset, block.length)
