"""Images of the boot probe: what is patched into them."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import ProbeImageError
from firmware.probe.boot.image import (
    EFI_CODE_OFFSET,
    IMAGE_LENGTHS,
    MARKER,
    NONCE_PLACEHOLDER,
    make_bios_probe,
    make_efi_probe,
    sum_image,
)

NONCE = "fedcba9876543210"


def bios_code(before: bytes = b"\xea\x20\x7c\x00\x00", after: bytes = b"\xf4") -> bytes:
    """Return what the assembler makes of `bios.S`, as far as the fields that are left open go."""
    return before + MARKER + bytes(4) + b"\r\nBOOTRIG " + NONCE_PLACEHOLDER + b" nbp  sum=" + after


def efi_code() -> bytes:
    """Return what the assembler makes of `efi.S`, likewise: a PE header of zeros, then the one section."""
    code = MARKER + bytes(4) + b"\r\nBOOTRIG " + NONCE_PLACEHOLDER + b" efi  sum="
    return b"MZ".ljust(EFI_CODE_OFFSET, b"\0") + code.ljust(0x200, b"\x90")


def field(image: bytes) -> int:
    """Return the length that a probe believes to have."""
    return int(struct.unpack_from("<I", image, image.index(MARKER) + len(MARKER))[0])


def test_the_open_fields_are_filled_in() -> None:
    image = make_bios_probe(bios_code(), nonce=NONCE, kind="disk", length=1024)
    assert len(image) == field(image) == 1024
    assert f"\r\nBOOTRIG {NONCE} disk sum=".encode() in image
    assert NONCE_PLACEHOLDER not in image
    assert image.startswith(b"\xea\x20\x7c\x00\x00" + MARKER)


def test_a_sector_by_default() -> None:
    image = make_bios_probe(bios_code(), nonce=NONCE)
    assert (len(image), field(image)) == (512, 512)
    assert b" nbp  sum=" in image
    assert image[510:] != b"\x55\xaa"


def test_a_boot_sector_has_its_signature_in_the_first_sector() -> None:
    for length in (512, 2048):
        image = make_bios_probe(bios_code(), nonce=NONCE, length=length, signature=True)
        assert image[510:512] == b"\x55\xaa"
        assert len(image) == length


def test_no_sector_repeats_another() -> None:
    """A block that comes twice or is left out changes what the probe sums, or where the sum ends."""
    image = make_bios_probe(bios_code(), nonce=NONCE, length=512 * 200)
    sectors = [image[offset : offset + 512] for offset in range(0, len(image), 512)]
    assert len(set(sectors)) == 200


@pytest.mark.parametrize("offset", [0, 511, 512, 1500, 2047])
def test_a_damaged_byte_changes_the_sum(offset: int) -> None:
    image = bytearray(make_bios_probe(bios_code(), nonce=NONCE, length=2048))
    whole = sum_image(bytes(image))
    image[offset] ^= 1
    assert sum_image(bytes(image)) != whole
    assert sum_image(bytes(image[:-1])) != whole


def test_the_sum_is_of_all_bytes_and_has_32_bits() -> None:
    assert sum_image(b"\x01\x02\xff") == 0x102
    assert sum_image(b"\xff" * 0x1010102) == (0xFF * 0x1010102) & 0xFFFFFFFF


def test_the_sum_of_a_uefi_probe_is_that_of_its_code() -> None:
    """What the loader writes into the headers does not count."""
    image = make_efi_probe(efi_code(), nonce=NONCE)
    assert sum_image(image) == sum(image[EFI_CODE_OFFSET:])
    assert f"BOOTRIG {NONCE} efi  sum=".encode() in image


def test_the_headers_of_a_uefi_probe_say_how_long_it_is() -> None:
    image = make_efi_probe(efi_code(), nonce=NONCE, length=0x3456)
    assert len(image) == field(image) == 0x3456
    assert struct.unpack_from("<I", image, 0xF8 + 8)[0] == 0x3456 - EFI_CODE_OFFSET
    assert struct.unpack_from("<I", image, 0xF8 + 16)[0] == 0x3456 - EFI_CODE_OFFSET
    assert struct.unpack_from("<I", image, 0x90)[0] == 0x4000


@pytest.mark.parametrize(
    ("code", "options", "message"),
    [
        (b"\x90" * 100, {}, "not a probe: it has no marker"),
        (MARKER, {}, "not a probe: it has no marker"),
        (NONCE_PLACEHOLDER + MARKER, {}, "not a probe: it has no marker"),
        (bios_code(), {"nonce": "abc"}, "nonce 'abc' or kind 'nbp' has the wrong length"),
        (bios_code(), {"kind": "drive"}, f"nonce '{NONCE}' or kind 'drive' has the wrong length"),
        (bios_code(after=bytes(600)), {}, "a probe of 659 bytes does not fit 512 bytes"),
    ],
)
def test_what_is_no_probe_or_does_not_fit(code: bytes, options: dict[str, str], message: str) -> None:
    with pytest.raises(ProbeImageError) as caught:
        make_bios_probe(code, **{"nonce": NONCE, **options})  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_a_uefi_probe_that_does_not_fit() -> None:
    with pytest.raises(ProbeImageError, match="a probe of 4608 bytes does not fit 4096 bytes"):
        make_efi_probe(efi_code(), nonce=NONCE, length=4096)


@pytest.mark.parametrize(("build", "shortest", "longest"), [("bios", 512, 622_592), ("efi", 5120, 33_554_432)])
def test_the_lengths_that_an_image_may_have(build: str, shortest: int, longest: int) -> None:
    lengths = IMAGE_LENGTHS[build]
    assert shortest in lengths
    assert shortest - 1 not in lengths
    assert longest in lengths
    assert longest + 1 not in lengths


@given(
    nonce=st.text("0123456789abcdef", min_size=16, max_size=16),
    kind=st.sampled_from(["nbp", "disk", "efi"]),
    length=st.integers(64, 70000),
)
def test_any_nonce_and_length_is_carried(nonce: str, kind: str, length: int) -> None:
    image = make_bios_probe(bios_code(), nonce=nonce, kind=kind, length=length)
    assert len(image) == field(image) == length
    assert f" {nonce} {kind:<4} sum=".encode() in image
