"""How much memory lint takes: what one EFI image needs, however many there are."""

import tracemalloc

import pytest

from firmware.efi.packing import compress
from firmware.lint import subject
from firmware.lint.check import lint_rom
from firmware.lint.subject import UNPACKED_TOTAL_LIMIT, examine_rom
from tests.firmware.rom_bytes import Efi, Pe

LENGTH = 1 << 18
PACKED = compress(Pe().build() + b"iPXE #!ipxe" + bytes(LENGTH))


def make_rom(count: int) -> bytes:
    return b"".join(Efi(packed=PACKED, indicator=0x80 * (number == count - 1)).build() for number in range(count))


def test_images_are_unpacked_one_at_a_time() -> None:
    content = make_rom(32)
    assert len(content) < LENGTH
    tracemalloc.start()
    try:
        rom = examine_rom("efi-e1000.rom", content)
        findings = lint_rom(rom)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(rom.efi) == 32
    assert all(efi.unpacked_length == len(Pe().build()) + 11 + LENGTH and efi.holds_interpreter for efi in rom.efi)
    assert sum(finding.rule == "efi-ipxe-stack" for finding in findings) == 32
    assert peak < 8 * LENGTH


def test_what_is_unpacked_of_a_file_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert UNPACKED_TOTAL_LIMIT == 64 << 20
    length = len(Pe().build()) + 11 + LENGTH
    monkeypatch.setattr(subject, "UNPACKED_TOTAL_LIMIT", 3 * length + 7)
    rom = examine_rom("efi-e1000.rom", make_rom(5))
    assert [efi.unpacked_length for efi in rom.efi] == [length, length, length, None, None]
    told = [finding.message for finding in lint_rom(rom) if finding.rule == "efi-unpack"]
    words = f"EFI image: unpacks to {length} bytes, 7 of the {3 * length + 7} for one file are left"
    assert told == [words, words]


def test_what_claims_more_than_a_driver_has_does_not_use_up_the_limit() -> None:
    claims = bytearray(PACKED)
    claims[4:8] = (60 << 20).to_bytes(4, "little")
    content = Efi(packed=bytes(claims), indicator=0).build() * 2 + make_rom(1)
    rom = examine_rom("efi-e1000.rom", content)
    assert [efi.unpacked_length is None for efi in rom.efi] == [True, True, False]
    assert "at most 8388608 are accepted" in str(rom.efi[0].unpacking_fault)
