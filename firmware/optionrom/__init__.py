"""Option ROMs: the structures of their images, parsed and encoded without loss.

    rom = parse_option_rom(content)          # or survey_option_rom, which reads on after damage
    encode_option_rom(rom) == content

The only error is `FormatError`, with the structure and the offset.
"""

from firmware.errors import FormatError
from firmware.optionrom.checksum import byte_sum, checksum_byte
from firmware.optionrom.header import EfiHeader, LegacyHeader
from firmware.optionrom.image import RomImage, encode_image, unpack_efi_image
from firmware.optionrom.ipxe import IpxeHeader
from firmware.optionrom.pcir import CodeType, DeviceList, PciDataStructure
from firmware.optionrom.pnp import ImageString, PnpExpansionHeader
from firmware.optionrom.rom import OptionRom, Survey, encode_option_rom, parse_option_rom, survey_option_rom
from firmware.optionrom.undi import UndiRomId

__all__ = [
    "CodeType",
    "DeviceList",
    "EfiHeader",
    "FormatError",
    "ImageString",
    "IpxeHeader",
    "LegacyHeader",
    "OptionRom",
    "PciDataStructure",
    "PnpExpansionHeader",
    "RomImage",
    "Survey",
    "UndiRomId",
    "byte_sum",
    "checksum_byte",
    "encode_image",
    "encode_option_rom",
    "parse_option_rom",
    "survey_option_rom",
    "unpack_efi_image",
]
