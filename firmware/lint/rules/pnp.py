"""Rules about the PnP expansion headers: the boot entries of BIOS images."""

from collections.abc import Iterator

from firmware.lint.finding import Fault, Severity
from firmware.lint.rule import rom_rule
from firmware.lint.subject import RomSubject
from firmware.optionrom.checksum import byte_sum
from firmware.optionrom.header import LegacyHeader
from firmware.optionrom.image import RomImage
from firmware.optionrom.pnp import STRING_NAME, PnpExpansionHeader
from firmware.optionrom.pnp import STRUCTURE_NAME as PNP_NAME

_NETWORK = 0x02


def _iter_headers(rom: RomSubject) -> Iterator[tuple[int, RomImage, PnpExpansionHeader]]:
    for offset, image in rom.iter_bios_images():
        for pnp in image.pnp_headers:
            yield offset, image, pnp


@rom_rule("pnp-present", Severity.ERROR)
def check_present(rom: RomSubject) -> Iterator[Fault]:
    """Each BIOS image has a PnP expansion header.

    SeaBIOS initializes a NIC's image only if it finds "$PnP" where the word at 0x1a points; without it there is no boot
    entry.
    """
    for offset, image in rom.iter_bios_images():
        if image.pnp_headers or not isinstance(image.header, LegacyHeader):
            continue
        pointer = image.header.pnp_offset
        reason = f'no "$PnP" at 0x{pointer:x}, where the header points' if pointer else "its pointer is 0"
        yield Fault(f"no PnP expansion header: {reason}", offset + 0x1A, 2)


@rom_rule("pnp-structure", Severity.ERROR)
def check_structure(rom: RomSubject) -> Iterator[Fault]:
    """The chain of PnP expansion headers stays inside its image and ends.

    SeaBIOS follows the chain of an image without BEV as far as it goes: one that returns to itself never ends.
    """
    for damage in rom.survey.damage:
        if damage.structure == PNP_NAME:
            yield Fault(damage.reason, damage.offset, 8)


@rom_rule("pnp-checksum", Severity.WARNING)
def check_checksum(rom: RomSubject) -> Iterator[Fault]:
    """The bytes of each PnP expansion header sum to zero, over the length that it states.

    SeaBIOS does not look; the Plug and Play BIOS Specification lets a BIOS ignore a header with another sum.
    """
    for offset, image, pnp in _iter_headers(rom):
        place = offset + pnp.offset
        covered = image.content[pnp.offset : pnp.offset + pnp.length]
        if pnp.length_units < 2 or len(covered) != pnp.length:
            yield Fault(f"its length is {pnp.length} bytes, expected 32", place + 5, 1)
        elif total := byte_sum(covered):
            right = (pnp.checksum - total) & 0xFF
            yield Fault(f"its bytes sum to 0x{total:02x}; 0x{right:02x} here would make it 0", place + 9, 1)


@rom_rule("bev", Severity.ERROR)
def check_bev(rom: RomSubject) -> Iterator[Fault]:
    """Each BIOS image has a Bootstrap Entry Vector, inside the image.

    The BEV is where the BIOS enters to boot from the network; without one the ROM never appears in the boot order.
    """
    for offset, image in rom.iter_bios_images():
        if image.pnp_headers and image.bev is None:
            place = offset + image.pnp_headers[0].offset + 0x1A
            yield Fault("no Bootstrap Entry Vector: the BIOS has nothing to boot", place, 2)
        for pnp in image.pnp_headers:
            for name, vector, field in (("BEV", pnp.bev, 0x1A), ("BCV", pnp.bcv, 0x16), ("DV", pnp.dv, 0x18)):
                end = min(image.length, image.header.length or image.length)
                if vector >= end:
                    message = f"{name} is 0x{vector:x}, the image ends at 0x{end:x}"
                    yield Fault(message, offset + pnp.offset + field, 2)


@rom_rule("pnp-strings", Severity.WARNING)
def check_strings(rom: RomSubject) -> Iterator[Fault]:
    """Manufacturer and product strings are inside the image and end there.

    SeaBIOS shows the product string in its boot menu.
    """
    for damage in rom.survey.damage:
        if damage.structure == STRING_NAME:
            yield Fault(damage.reason, damage.offset if damage.offset < len(rom.content) else None, 1, Severity.ERROR)
    for offset, _, pnp in _iter_headers(rom):
        for name, pointer, place in (
            ("manufacturer", pnp.manufacturer_offset, 0x0E),
            ("product", pnp.product_offset, 0x10),
        ):
            if pointer == 0:
                yield Fault(f"no {name} string", offset + pnp.offset + place, 2)


@rom_rule("pnp-device-type", Severity.NOTE)
def check_device_type(rom: RomSubject) -> Iterator[Fault]:
    """The PnP expansion header's device type says network controller.

    Here the base class is the first byte: 02 00 00.
    """
    for offset, _, pnp in _iter_headers(rom):
        if pnp.device_type[0] != _NETWORK:
            message = f"device type is {pnp.device_type.hex(' ')}, expected 02 00 00"
            yield Fault(message, offset + pnp.offset + 0x12, 3)
