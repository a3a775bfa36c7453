"""ROM bytes, put together field by field, right unless a test asks for wrong.

Nothing here uses the codec or the assembler under test, except the packer where a test asks for a packed EFI image.
"""

import struct
from dataclasses import dataclass

from firmware.efi.packing import compress

PCIR_OFFSET = 0x1C
PNP_OFFSET = 0x40
MANUFACTURER_OFFSET = 0x60
PRODUCT_OFFSET = 0x70
UNDI_OFFSET = 0x84
IPXE_OFFSET = 0x9C
ENTRY_OFFSET = 0xA8
LOADER_OFFSET = 0x180
BEV_OFFSET = 0x190
DEVICE_LIST_OFFSET = 0x1A0


def sum_to_zero(content: bytearray, at: int, start: int = 0, length: int | None = None) -> None:
    """Set the byte at `at` so that `length` bytes from `start` on sum to zero."""
    end = len(content) if length is None else start + length
    content[at] = (content[at] - sum(content[start:end])) & 0xFF


@dataclass
class Bios:
    """A BIOS image; each attribute is a field that a test may set wrong."""

    units: int = 2
    header_units: int | None = None
    vendor_id: int = 0x8086
    device_id: int = 0x100E
    class_code: bytes = b"\x00\x00\x02"
    pcir_offset: int = PCIR_OFFSET
    pcir_signature: bytes = b"PCIR"
    pcir_length: int = 0x1C
    pcir_revision: int = 3
    pcir_units: int | None = None
    code_type: int = 0
    indicator: int = 0x80
    run_time_units: int = 1
    device_ids: tuple[int, ...] = (0x100E,)
    pnp_offset: int = PNP_OFFSET
    pnp_signature: bytes = b"$PnP"
    pnp_next: int = 0
    pnp_length_units: int = 2
    device_type: bytes = b"\x02\x00\x00"
    bcv: int = 0
    bev: int = BEV_OFFSET
    manufacturer: bytes = b"http://ipxe.org\0"
    product: bytes = b"iPXE\0"
    manufacturer_offset: int = MANUFACTURER_OFFSET
    product_offset: int = PRODUCT_OFFSET
    undi_offset: int = UNDI_OFFSET
    undi_length: int = 0x16
    undi_version: bytes = b"\x00\x01\x02"
    loader: int = LOADER_OFFSET
    bus_type: bytes = b"PCIR"
    entry: bytes = b"\xe9" + struct.pack("<H", ENTRY_OFFSET - 6)
    ipxe: bool = True
    checksums: bool = True

    def pcir(self) -> bytes:
        """The PCI Data Structure."""
        device_list = (
            (DEVICE_LIST_OFFSET - self.pcir_offset) & 0xFFFF if self.device_ids and self.pcir_revision >= 3 else 0
        )
        units = self.units if self.pcir_units is None else self.pcir_units
        base = struct.pack(
            "<4sHHHHB3sHHBBH",
            self.pcir_signature,
            self.vendor_id,
            self.device_id,
            device_list,
            self.pcir_length,
            self.pcir_revision,
            self.class_code,
            units,
            1,
            self.code_type,
            self.indicator,
            self.run_time_units,
        )
        return base + (struct.pack("<HH", 0, 0) if self.pcir_length >= 0x1C else b"")

    def pnp(self) -> bytes:
        """The PnP expansion header."""
        return struct.pack(
            "<4sBBHBBIHH3sBHHHHH",
            self.pnp_signature,
            1,
            self.pnp_length_units,
            self.pnp_next,
            0,
            0,
            0,
            self.manufacturer_offset,
            self.product_offset,
            self.device_type,
            0xF4,
            self.bcv,
            0,
            self.bev,
            0,
            0,
        )

    def undi(self) -> bytes:
        """The UNDI ROM ID structure."""
        return struct.pack(
            "<4sBBB3sHHHH4s",
            b"UNDI",
            self.undi_length,
            0,
            0,
            self.undi_version,
            self.loader,
            0x2CE0,
            0x2CE0,
            0x0802,
            self.bus_type,
        )

    def build(self) -> bytes:
        """Return the image's bytes."""
        content = bytearray(self.units * 512)
        content[0:3] = b"\x55\xaa" + bytes([(self.units if self.header_units is None else self.header_units) & 0xFF])
        content[3:6] = self.entry
        struct.pack_into(
            "<HHHHHH",
            content,
            0x10,
            IPXE_OFFSET if self.ipxe else 0,
            0,
            0,
            self.undi_offset,
            self.pcir_offset,
            self.pnp_offset,
        )
        _lay(content, self.pcir_offset, self.pcir())
        if self.device_ids:
            _lay(content, DEVICE_LIST_OFFSET, struct.pack(f"<{len(self.device_ids) + 1}H", *self.device_ids, 0))
        _lay(content, MANUFACTURER_OFFSET, self.manufacturer)
        _lay(content, PRODUCT_OFFSET, self.product)
        if self.ipxe:
            _lay(content, IPXE_OFFSET, b"iPXE" + bytes([12, 0, 1, 0]) + b"\x11\x22\x33\x44")
        if self.pnp_offset:
            _lay(content, self.pnp_offset, self.pnp())
        if self.undi_offset:
            _lay(content, self.undi_offset, self.undi())
        if self.checksums:
            for offset, at, length in (
                (self.pnp_offset, 9, self.pnp_length_units * 16),
                (self.undi_offset, 5, 0x16),
                (IPXE_OFFSET if self.ipxe else 0, 5, 12),
            ):
                if offset and offset + length <= len(content):
                    sum_to_zero(content, offset + at, offset, length)
            sum_to_zero(content, 6)
        return bytes(content)


def _lay(content: bytearray, offset: int, structure: bytes) -> None:
    if offset + len(structure) <= len(content):
        content[offset : offset + len(structure)] = structure


@dataclass
class Pe:
    """A PE32+ driver with one section."""

    machine: int = 0x8664
    subsystem: int = 11
    entry_address: int = 0x1000
    magic: int = 0x20B
    code: bytes = bytes(range(256)) * 4
    image_length: int = 0x2000
    relocations: bool = True

    def build(self) -> bytes:
        """Return the file's bytes."""
        headers_length = 0x200
        optional = bytearray(0xF0 if self.magic == 0x20B else 0xE0)
        struct.pack_into("<HBBIIIII", optional, 0, self.magic, 0, 0, len(self.code), 0, 0, self.entry_address, 0x1000)
        struct.pack_into("<II", optional, 32, 0x1000, 0x200)
        struct.pack_into("<IIIHH", optional, 56, self.image_length, headers_length, 0, self.subsystem, 0)
        struct.pack_into("<I", optional, 0x6C if self.magic == 0x20B else 0x5C, 16)
        characteristics = 0x2002 if self.relocations else 0x2003
        coff = struct.pack("<4sHHIIIHH", b"PE\0\0", self.machine, 1, 0, 0, 0, len(optional), characteristics)
        entry = struct.pack(
            "<8sIIIIIIHHI", b".text", len(self.code), 0x1000, len(self.code), headers_length, 0, 0, 0, 0, 0x60000020
        )
        dos = bytearray(0x40)
        dos[:2] = b"MZ"
        dos[0x3C] = 0x40
        return (bytes(dos) + coff + bytes(optional) + entry).ljust(headers_length, b"\0") + self.code


@dataclass
class Efi:
    """An EFI image."""

    pe: bytes | None = None
    vendor_id: int = 0x8086
    device_id: int = 0x100E
    class_code: bytes = b"\x00\x00\x02"
    subsystem: int = 11
    machine: int = 0x8664
    compression: int = 1
    signature: int = 0x0EF1
    image_offset: int = 0x38
    indicator: int = 0x80
    units: int | None = None
    header_units: int | None = None
    packed: bytes | None = None

    def build(self) -> bytes:
        """Return the image's bytes."""
        pe = Pe().build() if self.pe is None else self.pe
        packed = self.packed
        if packed is None:
            packed = compress(pe) if self.compression == 1 else pe
        total = -(-(0x38 + len(packed)) // 512)
        units = total if self.units is None else self.units
        header_units = total if self.header_units is None else self.header_units
        header = struct.pack(
            "<2sHIHHH8sHHH",
            b"\x55\xaa",
            header_units,
            self.signature,
            self.subsystem,
            self.machine,
            self.compression,
            bytes(8),
            self.image_offset,
            PCIR_OFFSET,
            0,
        )
        pcir = struct.pack(
            "<4sHHHHB3sHHBBHHH",
            b"PCIR",
            self.vendor_id,
            self.device_id,
            0,
            0x1C,
            3,
            self.class_code,
            units,
            0,
            3,
            self.indicator,
            0,
            0,
            0,
        )
        return (header + pcir + packed).ljust(total * 512, b"\xff")


def make_combined_rom() -> bytes:
    """Return a ROM with a BIOS and an EFI image, right in every respect."""
    return Bios(indicator=0).build() + Efi().build()
