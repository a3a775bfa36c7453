"""Rules about the expansion ROM headers, the chain of images, and their lengths and checksums."""

from collections.abc import Iterator

from firmware.lint.finding import Fault, Severity
from firmware.lint.rule import rom_rule
from firmware.lint.subject import RomSubject
from firmware.optionrom.checksum import byte_sum
from firmware.optionrom.header import UNIT_LENGTH, LegacyHeader
from firmware.optionrom.image import RomImage

_SHORT_JUMP, _NEAR_JUMP = 0xEB, 0xE9


@rom_rule("rom-signature", Severity.ERROR)
def check_signature(rom: RomSubject) -> Iterator[Fault]:
    """The file begins with 55 AA and holds a whole ROM header.

    Platform firmware looks for these two bytes at the start of the ROM BAR and for nothing else if they are not there.
    A file without them is empty, cut off, or no option ROM at all.
    """
    if not rom.survey.rom.images:
        fault = rom.survey.damage[0]
        yield Fault(fault.reason, 0 if rom.content else None, min(2, len(rom.content)))


@rom_rule("rom-length", Severity.ERROR)
def check_lengths(rom: RomSubject) -> Iterator[Fault]:
    """Each image's stated lengths are not zero and end inside the file.

    The header's length (one byte in a BIOS image, two in an EFI image) and the PCI Data Structure's image length count
    units of 512 bytes. Zero, or more than the file has, makes the BIOS refuse the image and UEFI end its search.
    """
    for offset, image in rom.iter_images():
        left = len(rom.content) - offset
        stated = [("header", image.header.length, offset + 2, 1 if isinstance(image.header, LegacyHeader) else 2)]
        if image.pcir is not None:
            stated.append(("PCI Data Structure", image.pcir.image_length, offset + image.pcir.offset + 0x10, 2))
        for structure, length, place, width in stated:
            if length == 0:
                yield Fault(f"the {structure} says that the image has 0 bytes", place, width)
            elif length > left:
                yield Fault(f"the {structure} says that the image has {length} bytes, {left} are left", place, width)


@rom_rule("length-agreement", Severity.ERROR)
def check_length_agreement(rom: RomSubject) -> Iterator[Fault]:
    """The header and the PCI Data Structure state the same image length.

    The BIOS copies and sums what the header says, and steps to the next image by what the PCI Data Structure says. A
    header that says more takes in bytes of the next image. One that says less leaves out bytes that the code needs: a
    guest with such a ROM hangs in it.
    """
    for offset, image in rom.iter_images():
        if image.pcir is None or 0 in (image.header.length, image.pcir.image_length):
            continue
        ours, theirs = image.header.length, image.pcir.image_length
        if ours != theirs:
            yield Fault(f"the header says {ours} bytes, the PCI Data Structure {theirs}", offset + 2, 1)


@rom_rule("image-checksum", Severity.ERROR)
def check_image_checksum(rom: RomSubject) -> Iterator[Fault]:
    """The bytes of each BIOS image sum to zero.

    The sum is over the length in the header. SeaBIOS does not run an image with another sum: the guest ends at "No
    bootable device". EFI images need none. `bootrig assemble fix` sets the checksum.
    """
    for offset, image in rom.iter_bios_images():
        length = image.header.length
        covered = rom.content[offset : offset + length]
        if length and len(covered) == length and (total := byte_sum(covered)):
            right = (covered[6] - total) & 0xFF
            message = f"the {length} bytes sum to 0x{total:02x}, expected 0; 0x{right:02x} here would make it so"
            yield Fault(message, offset + 6, 1)


@rom_rule("entry-point", Severity.ERROR)
def check_entry_point(rom: RomSubject) -> Iterator[Fault]:
    """The jump at the start of each BIOS image leads into the image.

    The BIOS calls offset 3. Where there is a jump, its target must be behind the header and inside the image.
    """
    for offset, image in rom.iter_bios_images():
        target = _entry_target(image)
        if target is not None and not 6 <= target < image.length:
            yield Fault(f"the jump leads to 0x{target & 0xFFFF:x}, the image ends at 0x{image.length:x}", offset + 3, 3)


def _entry_target(image: RomImage) -> int | None:
    """Return where the jump at offset 3 leads, None where there is no jump."""
    if not isinstance(image.header, LegacyHeader):
        return None
    entry = image.header.entry
    if entry[0] == _NEAR_JUMP:
        return 6 + int.from_bytes(entry[1:3], "little", signed=True)
    if entry[0] == _SHORT_JUMP:
        return 5 + int.from_bytes(entry[1:2], "little", signed=True)
    return None


@rom_rule("rom-padding", Severity.WARNING)
def check_padding(rom: RomSubject) -> Iterator[Fault]:
    """Nothing but padding follows the last image, and the file is a whole number of 512-byte units.

    Bytes other than 00 and FF behind the last image are not found by any firmware: leftovers, or an image that the
    chain does not reach.
    """
    padding = rom.survey.rom.padding
    if not rom.survey.rom.images:
        return
    start = len(rom.content) - len(padding)
    first = next((place for place, byte in enumerate(padding) if byte not in {0, 0xFF}), None)
    if first is not None:
        yield Fault(f"{len(padding)} bytes that are not padding follow the last image", start + first, 1)
    if len(rom.content) % UNIT_LENGTH:
        yield Fault(f"the file has {len(rom.content)} bytes, not a multiple of {UNIT_LENGTH}")


@rom_rule("last-image", Severity.WARNING)
def check_last_image(rom: RomSubject) -> Iterator[Fault]:
    """The last image, and only the last one, is marked as the last.

    Bit 7 of the indicator ends the search for images. Without it firmware searches on in whatever follows; set too
    early it hides an image (error).
    """
    images = [(offset, image) for offset, image in rom.iter_images() if image.pcir is not None]
    if not images:
        return
    offset, image = images[-1]
    if image.pcir is None:
        return
    place = offset + image.pcir.offset + 0x15
    if not image.pcir.is_last_image:
        yield Fault("the last image is not marked as the last: indicator bit 7 is clear", place, 1)
    elif rom.survey.rom.padding.startswith(b"\x55\xaa"):
        hidden = len(rom.content) - len(rom.survey.rom.padding)
        reason = f"marked as the last image, another one follows at 0x{hidden:x} that firmware will not find"
        yield Fault(reason, place, 1, Severity.ERROR)


@rom_rule("images-expected", Severity.WARNING)
def check_expected_images(rom: RomSubject) -> Iterator[Fault]:
    """The ROM has the images that its name promises.

    A ROM for current machine types (`efi-*.rom`) serves guests with SeaBIOS and with OVMF: it needs a BIOS image
    (without it SeaBIOS guests cannot boot: error) and an EFI image (without it OVMF has no driver and no network boot
    through it). A `pxe-*.rom` needs the BIOS image only. `--expect` names what you want instead.
    """
    if not rom.survey.rom.images:
        return
    if "bios" in rom.expected and not any(rom.iter_bios_images()):
        yield Fault("no BIOS image: guests with SeaBIOS cannot boot from this ROM", severity=Severity.ERROR)
    if "efi" in rom.expected and not rom.efi:
        yield Fault("no EFI image: guests with OVMF get no driver and no network boot from this ROM")


@rom_rule("code-type", Severity.WARNING)
def check_code_types(rom: RomSubject) -> Iterator[Fault]:
    """Each image's code type is known, and the BIOS image is the first.

    PCs use code types 0 (BIOS) and 3 (EFI). QEMU patches PCI IDs in the first image only, so a BIOS image behind
    another one is found by SeaBIOS only if its own IDs are right.
    """
    for index, (offset, image) in enumerate(rom.iter_images()):
        if image.pcir is None:
            continue
        place = offset + image.pcir.offset + 0x14
        if image.pcir.code_type not in {0, 3}:
            yield Fault(f"code type is {image.pcir.code_type}, expected 0 (BIOS) or 3 (EFI)", place, 1)
        if index and image.pcir.code_type == 0:
            yield Fault(f"a BIOS image is number {index + 1}: QEMU patches PCI IDs in the first only", place, 1)
