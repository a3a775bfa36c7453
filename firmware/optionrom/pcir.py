"""The PCI Data Structure ("PCIR"), which identifies a ROM image, and its device list.

Sources: PCI Firmware Specification 3.0, 5.1.2 (revision 3); PCI Local Bus Specification 2.2, 6.3.1.2 (revision 0, which
ends after 24 bytes, and whose word at 8 points to vital product data).
"""

import struct
import sys
from array import array
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

from firmware.errors import FormatError

PCIR_SIGNATURE = b"PCIR"
PCIR_LENGTH = 0x18
PCIR_3_LENGTH = 0x1C
LAST_IMAGE = 0x80
STRUCTURE_NAME = "PCI Data Structure"
DEVICE_LIST_NAME = "PCI device list"

_BASE = struct.Struct("<4sHHHHB3sHHBBH")
_POINTERS = struct.Struct("<HH")


class CodeType(IntEnum):
    """What a ROM image's code is for."""

    PCAT = 0
    OPEN_FIRMWARE = 1
    PA_RISC = 2
    EFI = 3


@dataclass(frozen=True, slots=True)
class PciDataStructure:
    """The PCI Data Structure of one ROM image.

    Attributes:
        offset: its offset in its image.
        vendor_id: PCI vendor ID.
        device_id: PCI device ID.
        device_list_offset: offset of the device list from the start of this structure; 0 without one.
        length: the structure's own length in bytes, as it states it.
        revision: 3 for PCI Firmware 3.0, 0 before.
        class_code: base class, sub-class and interface as one number, 0x020000 for Ethernet.
        image_length_units: the image's length in units of 512 bytes.
        code_revision: the vendor's revision of the code.
        code_type: see `CodeType`; other numbers are kept.
        indicator: bit 7 says that this is the last image.
        maximum_run_time_units: the length kept after initialization, in units of 512 bytes (reserved before 3.0).
        configuration_utility_offset: offset of the configuration utility's code header in the image; None where the
            structure is too short to say.
        dmtf_clp_offset: the DMTF command line's entry point in the image; None likewise.
        extra: what the stated length covers beyond the fields above.
    """

    offset: int
    vendor_id: int
    device_id: int
    device_list_offset: int
    length: int
    revision: int
    class_code: int
    image_length_units: int
    code_revision: int
    code_type: int
    indicator: int
    maximum_run_time_units: int
    configuration_utility_offset: int | None = None
    dmtf_clp_offset: int | None = None
    extra: bytes = b""

    def encode(self) -> bytes:
        """Return the bytes of this structure."""
        values = {name: getattr(self, name) for name in _BASE_FIELDS}
        values["class_code"] = self.class_code.to_bytes(3, "little")
        base = _BASE.pack(PCIR_SIGNATURE, *values.values())
        if self.configuration_utility_offset is None or self.dmtf_clp_offset is None:
            return base + self.extra
        return base + _POINTERS.pack(self.configuration_utility_offset, self.dmtf_clp_offset) + self.extra

    @property
    def is_last_image(self) -> bool:
        """Whether bit 7 of the indicator is set."""
        return bool(self.indicator & LAST_IMAGE)

    @property
    def image_length(self) -> int:
        """The image's length in bytes, as it states it."""
        return self.image_length_units * 512

    @property
    def pci_ids(self) -> tuple[int, int]:
        """Vendor and device ID."""
        return self.vendor_id, self.device_id


_BASE_FIELDS = tuple(field.name for field in fields(PciDataStructure))[1:12]


@dataclass(frozen=True, slots=True)
class DeviceList:
    """Further device IDs of the same vendor that the image supports.

    Attributes:
        offset: its offset in its image.
        device_ids: the IDs, without the 0 that ends the list.
    """

    offset: int
    device_ids: tuple[int, ...]

    def encode(self) -> bytes:
        """Return the bytes of the list with its end mark."""
        return struct.pack(f"<{len(self.device_ids) + 1}H", *self.device_ids, 0)


def parse_pcir(content: bytes, start: int, offset: int) -> PciDataStructure:
    """Return the PCI Data Structure at `offset` of the image that begins at `start` of `content`.

    Raises:
        FormatError: the offset leads outside, the signature is wrong, or the stated length does.
    """
    place = start + offset
    if offset == 0 or place + PCIR_LENGTH > len(content):
        left = max(0, len(content) - place)
        raise FormatError(STRUCTURE_NAME, place, f"its pointer is 0x{offset:04x}, {left} bytes are left there")
    signature, *base = _BASE.unpack_from(content, place)
    if signature != PCIR_SIGNATURE:
        raise FormatError(STRUCTURE_NAME, place, f"signature is {signature!r}, expected {PCIR_SIGNATURE!r}")
    values: dict[str, Any] = dict(zip(_BASE_FIELDS, base, strict=True))
    length = values["length"]
    if place + length > len(content):
        raise FormatError(STRUCTURE_NAME, place + 0x0A, f"its length 0x{length:x} leads past the end")
    values["class_code"] = int.from_bytes(values["class_code"], "little")
    end = PCIR_LENGTH
    if length >= PCIR_3_LENGTH:
        end = PCIR_3_LENGTH
        pointers = _POINTERS.unpack_from(content, place + PCIR_LENGTH)
        values["configuration_utility_offset"], values["dmtf_clp_offset"] = pointers
    return PciDataStructure(offset=offset, extra=bytes(content[place + end : place + length]), **values)


def parse_device_list(image: bytes, pcir: PciDataStructure) -> DeviceList | None:
    """Return the device list of the image `image`, None where its PCI Data Structure names none.

    Raises:
        FormatError: the list leads out of the image before it ends.
    """
    if pcir.revision < 3 or pcir.device_list_offset == 0:
        return None
    offset = pcir.offset + pcir.device_list_offset
    words = array("H", image[offset : offset + (max(0, len(image) - offset) & ~1)])
    if sys.byteorder == "big":
        words.byteswap()
    try:
        end = words.index(0)
    except ValueError:
        reason = f"no end mark before the image ends at 0x{len(image):x}"
        raise FormatError(DEVICE_LIST_NAME, offset, reason) from None
    return DeviceList(offset, tuple(words[:end]))
