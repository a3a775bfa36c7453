"""iPXE's packed blocks: found by their lengths, judged by their checksums."""

import lzma
import random
import struct
import zlib

import pytest

from firmware.lint.check import lint_rom
from firmware.lint.subject import examine_rom
from firmware.optionrom.packed import iter_packed_blocks
from tests.firmware.rom_bytes import Bios, sum_to_zero

FILTERS = [{"id": lzma.FILTER_LZMA1, "lc": 2, "lp": 0, "pb": 0, "dict_size": 1 << 16}]


def pack(content: bytes) -> bytes:
    """Return a block: its length, a raw LZMA1 stream with an end marker, the stream's CRC-32."""
    stream = lzma.compress(content, lzma.FORMAT_RAW, filters=FILTERS)
    rest = stream + struct.pack("<I", zlib.crc32(stream) ^ 0xFFFFFFFF)
    return struct.pack("<I", len(rest)) + rest


def make_image(*blocks: bytes) -> bytes:
    """Return bytes with blocks at multiples of 16."""
    image = b"code".ljust(64, b"\x90")
    for block in blocks:
        image += block.ljust(-(-len(block) // 16) * 16, b"\xff")
    return image.ljust(len(image) + 512, b"\xff")


NOISE = random.Random(1).randbytes(4000)
FIRST, SECOND = pack(NOISE), pack(NOISE[::-1])


def test_blocks_are_found_in_their_order() -> None:
    found = list(iter_packed_blocks(make_image(FIRST, SECOND)))
    assert [block.offset for block in found] == [68, 68 + -(-len(FIRST) // 16) * 16]
    assert [block.length for block in found] == [len(FIRST) - 8, len(SECOND) - 8]
    assert all(block.is_intact for block in found)


@pytest.mark.parametrize("place", [1000, 3000, len(FIRST) - 6, len(FIRST) - 1])
def test_a_byte_that_is_wrong_shows(place: int) -> None:
    broken = bytearray(FIRST)
    broken[place] ^= 0x10
    assert [block.is_intact for block in iter_packed_blocks(make_image(bytes(broken), SECOND))] == [False, True]


def test_bytes_of_any_kind_are_not_blocks() -> None:
    assert list(iter_packed_blocks(b"")) == []
    assert list(iter_packed_blocks(bytes(100_000))) == []
    assert list(iter_packed_blocks(random.Random(2).randbytes(200_000))) == []
    assert list(iter_packed_blocks(make_image(FIRST)[: 64 + len(FIRST) - 1])) == []


def test_lint_names_a_block_that_is_damaged() -> None:
    rom = bytearray(Bios(units=10, device_ids=()).build())
    place = 0x200
    rom[place : place + len(FIRST)] = FIRST
    sum_to_zero(rom, 6)
    assert lint_rom(examine_rom("pxe-e1000.rom", bytes(rom))) == ()
    rom[place + 2000] ^= 1
    sum_to_zero(rom, 6)
    (finding,) = lint_rom(examine_rom("pxe-e1000.rom", bytes(rom)))
    assert (finding.rule, finding.severity, finding.offset) == ("packed-block", "error", place + 4)
    assert finding.message.startswith(f"the packed block of {len(FIRST) - 8} bytes has the CRC-32 ")


def test_lint_looks_for_blocks_in_ipxe_alone() -> None:
    """Machine code that looks like the beginning of a block is that of other firmware."""
    rom = bytearray(Bios(units=10, device_ids=()).build())
    rom[0x200 : 0x200 + len(FIRST)] = FIRST
    rom[0x200 + 2000] ^= 1
    rom = rom.replace(b"iPXE", b"gPXE")
    sum_to_zero(rom, 6)
    assert "packed-block" not in [finding.rule for finding in lint_rom(examine_rom("pxe-e1000.rom", bytes(rom)))]
