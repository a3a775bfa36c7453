"""Images of the boot probe: what the assembler made, made this run's own.

The sources beside this module leave three fields open behind the marker; `make_bios_probe` and `make_efi_probe` fill
them in and pad the image to a length.
"""

import struct
from collections.abc import Mapping
from types import MappingProxyType

from firmware.errors import ProbeImageError

MARKER = b"BOOTRIG-PROBE:"
NONCE_PLACEHOLDER = b"0123456789abcdef"
NONCE_LENGTH = len(NONCE_PLACEHOLDER)
KIND_LENGTH = 4
SECTOR_LENGTH = 512
BOOT_SIGNATURE = b"\x55\xaa"

EFI_CODE_OFFSET = 0x1000
_EFI_SECTION_OFFSET = 0xF8
_EFI_SIZE_OF_IMAGE_OFFSET = 0x90
_PADDING_STEP = 0x9D
_TURN = bytes(offset * _PADDING_STEP & 0xFF for offset in range(256))

# The assembled sources are not longer than the least lengths; a test assembles them. A BIOS loads its probe at 0x7C00
# below SeaBIOS's extended BIOS data area at 0x9FC00; under UEFI the guest's memory has to hold it twice, as it came and
# as it runs.
IMAGE_LENGTHS: Mapping[str, range] = MappingProxyType(
    {
        "bios": range(SECTOR_LENGTH, 0x9FC00 - 0x7C00 + 1),
        "efi": range(EFI_CODE_OFFSET + 2 * SECTOR_LENGTH, 32 * 1024 * 1024 + 1),
    }
)
"""The lengths in bytes that an image of the build `bios` or `efi` may have."""


def _pad(image: bytes, length: int) -> bytes:
    """Return `image` padded to `length` with bytes that differ from their neighbours in every sector."""
    if len(image) > length:
        raise ProbeImageError(f"a probe of {len(image)} bytes does not fit {length} bytes")
    return image + b"".join(map(_make_sector, range(length // SECTOR_LENGTH + 1)))[len(image) : length]


def _make_sector(number: int) -> bytes:
    """Return a sector whose byte at an offset is offset * step + number, modulo 256."""
    start = number * pow(_PADDING_STEP, -1, len(_TURN)) % len(_TURN)
    return (_TURN * 3)[start : start + SECTOR_LENGTH]


def _patch(image: bytes, *, nonce: str, kind: str, length: int) -> bytearray:
    """Return `image` with its three open fields filled in."""
    start = image.find(MARKER)
    nonce_offset = image.find(NONCE_PLACEHOLDER, start)
    if start < 0 or nonce_offset < 0:
        raise ProbeImageError("not a probe: it has no marker")
    if len(nonce) != NONCE_LENGTH or len(kind) > KIND_LENGTH:
        raise ProbeImageError(f"nonce {nonce!r} or kind {kind!r} has the wrong length")
    patched = bytearray(image)
    struct.pack_into("<I", patched, start + len(MARKER), length)
    patched[nonce_offset : nonce_offset + NONCE_LENGTH] = nonce.encode("ascii")
    kind_offset = nonce_offset + NONCE_LENGTH + 1
    patched[kind_offset : kind_offset + KIND_LENGTH] = kind.ljust(KIND_LENGTH).encode("ascii")
    return patched


def make_bios_probe(
    code: bytes, *, nonce: str, kind: str = "nbp", length: int = SECTOR_LENGTH, signature: bool = False
) -> bytes:
    """Return a BIOS probe of `length` bytes, which prints `nonce` (16 hexadecimal digits) and `kind` (`nbp`, `disk`).

    With `signature` its first sector ends in the signature of boot sectors.

    Raises:
        ProbeImageError: `code` is not the BIOS probe, or it does not fit.
    """
    image = bytearray(_pad(bytes(_patch(code, nonce=nonce, kind=kind, length=length)), length))
    if signature:
        image[SECTOR_LENGTH - 2 : SECTOR_LENGTH] = BOOT_SIGNATURE
    return bytes(image)


def make_efi_probe(code: bytes, *, nonce: str, kind: str = "efi", length: int | None = None) -> bytes:
    """Return a UEFI probe of `length` bytes (default: as assembled).

    Raises:
        ProbeImageError: `code` is not the UEFI probe, or it does not fit.
    """
    length = len(code) if length is None else length
    image = bytearray(_pad(bytes(_patch(code, nonce=nonce, kind=kind, length=length)), length))
    section_length = length - EFI_CODE_OFFSET
    struct.pack_into("<I", image, _EFI_SECTION_OFFSET + 8, section_length)
    struct.pack_into("<I", image, _EFI_SECTION_OFFSET + 16, section_length)
    struct.pack_into("<I", image, _EFI_SIZE_OF_IMAGE_OFFSET, -(-length // 0x1000) * 0x1000)
    return bytes(image)


def sum_image(image: bytes) -> int:
    """Return the sum that the probe in `image` prints when it arrives whole."""
    covered = image[EFI_CODE_OFFSET:] if image.startswith(b"MZ") else image
    return sum(covered) & 0xFFFFFFFF
