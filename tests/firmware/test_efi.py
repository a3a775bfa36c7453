"""UEFI compression in both directions, and PE headers."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.efi.compression import decompress
from firmware.efi.huffman import make_huffman_code
from firmware.efi.packing import compress
from firmware.efi.pe import Machine, Subsystem, parse_pe_image
from firmware.errors import FormatError
from tests.firmware.rom_bytes import Pe


def pack_bits(*fields: tuple[int, int]) -> bytes:
    """Return the bits of `fields`, each a count and a value, filled up to whole bytes."""
    bits = "".join(format(value, f"0{count}b") for count, value in fields)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def with_lengths(packed: bytes, unpacked_length: int) -> bytes:
    return struct.pack("<II", len(packed), unpacked_length) + packed


def test_a_block_written_by_hand() -> None:
    """Literal "A", literal "B", and a match of 6 bytes from 2 back; every width as the specification says."""
    match = 256 + 6 - 3
    packed = pack_bits(
        (16, 3),
        # Lengths of the code for lengths: symbols 3 (length 1), 4 (length 2) and 2 (20 zeros or more).
        (5, 5),
        (3, 0),
        (3, 0),
        (3, 2),
        (2, 0),
        (3, 1),
        (3, 2),
        # Lengths of the character code, up to the match: 65 zeros, A: 1, B: 2, 192 zeros, match: 2.
        (9, match + 1),
        (2, 0b10),
        (9, 65 - 20),
        (1, 0),
        (2, 0b11),
        (2, 0b10),
        (9, match - 67 - 20),
        (2, 0b11),
        # One position code: distance 2.
        (4, 0),
        (4, 1),
        # A, B, match.
        (1, 0),
        (2, 0b10),
        (2, 0b11),
    )
    assert decompress(with_lengths(packed, 8)) == b"ABABABAB"
    assert compress(b"ABABABAB")[8:] != b""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a",
        b"aa",
        bytes(100_000),
        bytes(range(256)) * 64,
        random.Random(1).randbytes(40_000),
        b"".join(bytes([n % 251]) * (n % 37) for n in range(3000)),
        (random.Random(2).randbytes(300) + bytes(300)) * 100,
        random.Random(3).randbytes(8192) * 3,
    ],
    ids=["empty", "byte", "pair", "zeros", "counter", "noise", "runs", "long matches", "window"],
)
def test_packing_and_unpacking(content: bytes) -> None:
    packed = compress(content)
    assert decompress(packed) == content
    assert decompress(packed + b"\xff" * 300) == content


@given(st.lists(st.sampled_from([b"\0", b"abc", b"abcd" * 9, b"xyz\x80\xff", bytes(range(64))]), max_size=60))
def test_whatever_is_packed_unpacks(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    assert decompress(compress(content)) == content


@given(st.binary(max_size=200), st.integers(0, 5000))
def test_any_packed_bytes_unpack_or_raise_the_format_error(packed: bytes, length: int) -> None:
    try:
        content = decompress(with_lengths(packed, length))
    except FormatError as error:
        assert error.structure == "UEFI compressed data"
    else:
        assert len(content) == length


@given(st.integers(8, 700), st.integers(0, 255))
def test_a_changed_byte_unpacks_or_raises_the_format_error(place: int, value: int) -> None:
    packed = bytearray(compress(Pe().build()))
    packed[place % len(packed)] = value
    try:
        decompress(bytes(packed), limit=1 << 20)
    except FormatError as error:
        assert error.structure == "UEFI compressed data"


BAD_DATA = {
    "no lengths": (b"\0" * 7, "offset 0x0: 7 bytes are left, its lengths alone have 8"),
    "packed length": (struct.pack("<II", 5, 5) + b"1234", "offset 0x0: its packed length is 5 bytes, 4 are left"),
    "bomb": (struct.pack("<II", 0, 0xFFFFFFFF), "offset 0x4: it says that it unpacks to 4294967295 bytes, at most"),
    "nothing": (with_lengths(b"", 1), "the data ends inside a block"),
    "ends early": (
        with_lengths(compress(bytes(range(256)) * 8)[8:100], 2048),
        "the data ends inside a block",
    ),
    "too many lengths": (with_lengths(pack_bits((16, 1), (5, 31), (300, 0)), 1), "it has 31 code lengths, 19 are"),
    "too many characters": (
        with_lengths(pack_bits((16, 1), (5, 0), (5, 0), (9, 511), (300, 0)), 1),
        "it has 511 code lengths, 510 are possible",
    ),
    "a run too long": (
        with_lengths(pack_bits((16, 1), (5, 0), (5, 2), (9, 510), (9, 511), (300, 0)), 1),
        "it has 531 code lengths, 510 are possible",
    ),
    "lengths after a gap": (
        with_lengths(pack_bits((16, 1), (4, 0), (1, 1), (300, 0)), 1),
        "leave codes without a symbol",
    ),
    "only symbol": (with_lengths(pack_bits((16, 1), (5, 0), (5, 31), (90, 0)), 1), "its only symbol is 31, 19 are"),
    "claims too much": (
        with_lengths(pack_bits((16, 1), (5, 3), (3, 1), (3, 1), (3, 1), (2, 0), (90, 0)), 1),
        "claim more codes than there are",
    ),
    "long length": (
        with_lengths(pack_bits((16, 1), (5, 3), (3, 7), (10, 1023), (1, 0), (3, 0), (3, 0), (90, 0)), 1),
        "a code length is 17, at most 16 is possible",
    ),
    "match before the start": (
        with_lengths(pack_bits((16, 1), (5, 0), (5, 0), (9, 0), (9, 300), (4, 0), (4, 3), (90, 0)), 50),
        "a match begins 5 bytes back, 0 bytes are unpacked",
    ),
}


@pytest.mark.parametrize(("content", "message"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_compressed_data_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        decompress(content)
    assert message in str(caught.value)
    assert str(caught.value).startswith("UEFI compressed data at offset 0x")


def test_a_bomb_ends_at_its_limit() -> None:
    """Blocks of one symbol take no bits for it: 64 KiB from 6 bytes."""
    block = pack_bits((16, 0xFFFF), (5, 0), (5, 0), (9, 0), (9, 65), (4, 0), (4, 0), (4, 0))
    bits = "".join(format(byte, "08b") for byte in block)[:52]
    stream = bits * 100
    stream += "0" * (-len(stream) % 8)
    packed = int(stream, 2).to_bytes(len(stream) // 8, "big")
    with pytest.raises(FormatError, match=r"it says that it unpacks to 6000000 bytes, at most 1000000 are accepted"):
        decompress(with_lengths(packed, 6_000_000), limit=1_000_000)
    assert decompress(with_lengths(packed, 90_000), limit=90_000) == b"A" * 90_000


def test_huffman_codes_are_complete_and_limited() -> None:
    fibonacci = [1, 1]
    while len(fibonacci) < 24:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    for frequencies in (fibonacci, [1] * 300, [0, 5, 0, 5], [3, 3, 3]):
        code = make_huffman_code(frequencies)
        assert max(code.lengths) <= 16
        assert sum(1 << (16 - length) for length in code.lengths if length) == 1 << 16
    assert make_huffman_code([0, 7, 0]).only_symbol == 1
    assert make_huffman_code([0, 0]).only_symbol == 0
    assert make_huffman_code([0, 7, 7]).only_symbol is None


def test_pe_headers() -> None:
    image = parse_pe_image(Pe().build())
    assert (image.machine, image.subsystem) == (Machine.X86_64, Subsystem.EFI_BOOT_SERVICE_DRIVER)
    assert image.entry_address == 0x1000
    (text,) = image.sections
    assert (text.name, text.address, text.file_offset, text.file_length) == (".text", 0x1000, 0x200, 1024)
    assert parse_pe_image(Pe(magic=0x10B).build()) == image


PE = Pe().build()
BAD_PE = {
    "empty": (b"", "begins with nothing, expected 4d 5a (MZ)"),
    "magic": (b"ZM" + PE[2:], "begins with 5a 4d, expected 4d 5a (MZ)"),
    "header offset": (PE[:0x3C] + b"\xff\xff\0\0" + PE[0x40:], "its header's offset 0xffff leads past the end"),
    "signature": (PE[:0x40] + b"NE\0\0" + PE[0x44:], "at offset 0x40: signature is b'NE\\x00\\x00'"),
    "optional magic": (PE[:0x58] + b"\x07\x01" + PE[0x5A:], "optional header's magic is 0x0107, expected 0x10b or"),
    "optional length": (PE[:0x54] + b"\x10\0" + PE[0x56:], "optional header has 16 bytes"),
    "sections": (PE[:0x46] + b"\x61\0" + PE[0x48:] + bytes(40 * 97), "97 sections, at most 96 are accepted"),
    "table": (PE[:0x46] + b"\xff\xff" + PE[0x48:], "its section table of 65535 leads past the end"),
}


@pytest.mark.parametrize(("content", "message"), BAD_PE.values(), ids=BAD_PE)
def test_bad_pe_images_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_pe_image(content)
    assert message in str(caught.value)


@given(st.integers(0, 0x150), st.binary(min_size=1, max_size=4), st.integers(0, len(PE)))
def test_any_pe_bytes_parse_or_raise_the_format_error(place: int, value: bytes, length: int) -> None:
    content = (PE[:place] + value + PE[place + len(value) :])[:length]
    try:
        parse_pe_image(content)
    except FormatError as error:
        assert error.structure == "PE image"
