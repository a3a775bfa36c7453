"""The option ROM codec: what it reads, that it writes the same bytes, and how it says no."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError
from firmware.optionrom.checksum import byte_sum, checksum_byte
from firmware.optionrom.header import EfiHeader, LegacyHeader
from firmware.optionrom.image import encode_image, unpack_efi_image
from firmware.optionrom.pcir import CodeType
from firmware.optionrom.rom import encode_option_rom, parse_option_rom, survey_option_rom
from tests.firmware.rom_bytes import BEV_OFFSET, PCIR_OFFSET, PNP_OFFSET, Bios, Efi, Pe, make_combined_rom


def test_every_field_of_a_bios_image() -> None:
    content = Bios(device_ids=(0x100E, 0x100F)).build()
    rom = parse_option_rom(content)
    (image,) = rom.images
    assert isinstance(image.header, LegacyHeader)
    assert (image.header.length_units, image.header.pcir_offset, image.header.pnp_offset) == (2, 0x1C, 0x40)
    assert image.header.entry == b"\xe9\xa2\x00"
    assert image.pcir is not None
    assert image.pcir.pci_ids == (0x8086, 0x100E)
    assert (image.pcir.revision, image.pcir.length, image.pcir.class_code) == (3, 0x1C, 0x020000)
    assert (image.pcir.image_length, image.pcir.code_type, image.pcir.is_last_image) == (1024, CodeType.PCAT, True)
    assert (image.pcir.configuration_utility_offset, image.pcir.dmtf_clp_offset) == (0, 0)
    assert image.device_list is not None
    assert image.device_list.device_ids == (0x100E, 0x100F)
    (pnp,) = image.pnp_headers
    assert (pnp.bev, pnp.bcv, pnp.dv, image.bev) == (BEV_OFFSET, 0, 0, BEV_OFFSET)
    assert pnp.manufacturer is not None
    assert pnp.product is not None
    assert (pnp.manufacturer.text, pnp.product.text) == ("http://ipxe.org", "iPXE")
    assert image.undi_rom_id is not None
    assert (image.undi_rom_id.version, image.undi_rom_id.loader_offset) == ("2.1.0", 0x180)
    assert image.ipxe_header is not None
    assert image.ipxe_header.build_id == 0x44332211
    assert image.is_bios
    assert not image.is_efi
    assert encode_option_rom(rom) == content


def test_every_field_of_an_efi_image() -> None:
    content = Efi().build()
    (image,) = parse_option_rom(content).images
    assert isinstance(image.header, EfiHeader)
    assert (image.header.machine, image.header.subsystem, image.header.compression_type) == (0x8664, 11, 1)
    assert unpack_efi_image(image) == Pe().build()
    assert encode_image(image) == content


def test_an_efi_images_length_has_sixteen_bits() -> None:
    code = bytes(200_000)
    content = Efi(pe=Pe(code=code).build(), compression=0).build()
    (image,) = parse_option_rom(content).images
    assert image.header.length == len(content) == 200_704
    assert content[2] * 512 != len(content)


def test_a_revision_0_structure_has_no_pointers() -> None:
    content = Bios(pcir_length=0x18, pcir_revision=0).build()
    (image,) = parse_option_rom(content).images
    assert image.pcir is not None
    assert image.pcir.configuration_utility_offset is None
    assert image.device_list is None
    assert encode_image(image) == content


def test_a_longer_structure_keeps_what_we_do_not_know() -> None:
    content = bytearray(Bios(pcir_offset=0x1C0, pcir_length=0x20, device_ids=()).build())
    content[0x1C0 + 0x1C : 0x1C0 + 0x20] = b"next"
    (image,) = parse_option_rom(bytes(content)).images
    assert image.pcir is not None
    assert image.pcir.extra == b"next"
    assert encode_image(image) == content


def test_images_and_padding() -> None:
    content = make_combined_rom() + b"\xff" * 100
    rom = parse_option_rom(content)
    assert [(offset, image.is_efi) for offset, image in rom.iter_images()] == [(0, False), (1024, True)]
    assert rom.padding == b"\xff" * 100
    assert encode_option_rom(rom) == content


def test_a_rom_from_before_pci() -> None:
    content = b"\x55\xaa\x01\xcb" + bytes(508)
    (image,) = parse_option_rom(content).images
    assert image.pcir is None
    assert image.is_bios
    assert image.length == 512


def test_a_chain_of_pnp_headers() -> None:
    content = bytearray(Bios(pnp_next=0x100, bev=0, bcv=0x190).build())
    content[0x100:0x120] = content[PNP_OFFSET : PNP_OFFSET + 0x20]
    content[0x106:0x108] = b"\0\0"
    (image,) = parse_option_rom(bytes(content)).images
    assert [pnp.offset for pnp in image.pnp_headers] == [0x40, 0x100]
    assert image.bev is None
    assert encode_image(image) == content


def test_a_changed_field_changes_its_own_bytes_only() -> None:
    content = Bios().build()
    (image,) = parse_option_rom(content).images
    assert image.pcir is not None
    changed = encode_image(replace(image, pcir=replace(image.pcir, device_id=0x10D3)))
    expected = content[: PCIR_OFFSET + 6] + b"\xd3\x10" + content[PCIR_OFFSET + 8 :]
    assert changed == expected
    assert byte_sum(changed) != 0


def test_structures_that_want_one_place_are_refused() -> None:
    (image,) = parse_option_rom(Bios().build()).images
    (pnp,) = image.pnp_headers
    assert image.pcir is not None
    with pytest.raises(FormatError, match=r"PciDataStructure at offset 0x1c: another structure overlaps it"):
        encode_image(replace(image, pnp_headers=(replace(pnp, offset=0x20),)))
    with pytest.raises(FormatError, match=r"PnpExpansionHeader at offset 0x3f0: ends at 0x410, the image at 0x400"):
        encode_image(replace(image, pnp_headers=(replace(pnp, offset=0x3F0),)))


BAD_ROMS = {
    "empty": (b"", "PCI expansion ROM header at offset 0x0: 0 bytes are left, the header has 28"),
    "truncated": (Bios().build()[:20], "PCI expansion ROM header at offset 0x0: 20 bytes are left"),
    "no signature": (b"MZ" + bytes(510), "PCI expansion ROM header at offset 0x0: signature is 4d 5a, expected 55 aa"),
    "cut in the middle": (Bios().build()[:600], "its length is 1024 bytes, 600 are left in the file"),
    "0 units": (Bios(header_units=0).build(), "PCI expansion ROM header at offset 0x2: its length is 0 units"),
    "0 PCIR units": (Bios(pcir_units=0).build(), "PCI Data Structure at offset 0x2c: its image length is 0 units"),
    "past the end": (
        Bios(pcir_units=9).build(),
        "PCI Data Structure at offset 0x2c: its image length is 4608 bytes, 1024 are left in the file",
    ),
    "header past the end": (
        Bios(header_units=9).build(),
        "PCI expansion ROM header at offset 0x2: its length is 4608 bytes, 1024 are left in the file",
    ),
    "PCIR behind its image": (
        Bios(units=4, pcir_offset=0x600, pcir_units=1, device_ids=()).build(),
        "PCI Data Structure at offset 0x610: its image length is 512 bytes, it is behind that itself",
    ),
    "PCIR pointer outside": (Bios(pcir_offset=0x7F0).build(), "PCI Data Structure at offset 0x7f0: its pointer is"),
    "PCIR signature": (Bios(pcir_signature=b"PCIX").build(), "PCI Data Structure at offset 0x1c: signature is b'PCIX'"),
    "PCIR length": (
        Bios(pcir_length=0xFFFF).build(),
        "PCI Data Structure at offset 0x26: its length 0xffff leads past",
    ),
    "device list without end": (
        Bios().build()[:0x1A0] + b"\x01" * 0x260,
        "PCI device list at offset 0x1a0: no end mark before the image ends at 0x400",
    ),
    "PnP pointer outside": (Bios(pnp_offset=0x3F0).build(), "PnP expansion header at offset 0x3f0: 16 bytes of the"),
    "PnP loop": (Bios(pnp_next=PNP_OFFSET).build(), "PnP expansion header at offset 0x40: the chain returns"),
    "string outside": (Bios(product_offset=0x400).build(), "PnP string at offset 0x400: outside the image"),
    "string without end": (
        Bios(product_offset=0x3FF).build()[:-1] + b"x",
        "PnP string at offset 0x3ff: no NUL within 1024 bytes or the image",
    ),
    "UNDI cut": (
        Bios(undi_offset=0).build()[:0x16]
        + b"\xf0\x03"
        + Bios(undi_offset=0).build()[0x18:0x3F0]
        + b"UNDI"
        + bytes(12),
        "UNDI ROM ID structure at offset 0x3f0: 16 bytes of the image are left, it has 22",
    ),
    "iPXE cut": (
        Bios(ipxe=False).build()[:0x10] + b"\xf8\x03" + Bios(ipxe=False).build()[0x12:0x3F8] + b"iPXE" + bytes(4),
        "iPXE ROM header at offset 0x3f8: 8 bytes of the image are left, it has 12",
    ),
    "EFI signature": (
        Efi(signature=0xBAD).build(),
        "EFI PCI expansion ROM header at offset 0x4: EFI signature is 0x00000bad, expected 0x00000ef1",
    ),
    "second image": (
        Bios(indicator=0).build() + Efi(units=99).build(),
        "PCI Data Structure at offset 0x42c: its image length is 50688 bytes",
    ),
}


@pytest.mark.parametrize(("content", "message"), BAD_ROMS.values(), ids=BAD_ROMS)
def test_bad_roms_are_refused_with_structure_and_offset(content: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_option_rom(content)
    assert str(caught.value).startswith(message) or message in str(caught.value)
    survey = survey_option_rom(content)
    assert str(caught.value) == str(survey.damage[0])
    if survey.rom.images:
        assert encode_option_rom(survey.rom) == content


def test_a_survey_reads_on_after_damage() -> None:
    content = Bios(indicator=0, pnp_next=PNP_OFFSET, product_offset=0x400).build() + Efi(signature=1).build()
    survey = survey_option_rom(content)
    assert [fault.structure for fault in survey.damage] == [
        "PnP string",
        "PnP expansion header",
        "EFI PCI expansion ROM header",
    ]
    assert len(survey.rom.images) == 2


def test_sixteen_megabytes_of_noise() -> None:
    noise = (b"\x5a\xa5\x13\x37" * 64 + bytes(range(256))) * (16 * 1024 * 1024 // 512)
    with pytest.raises(FormatError, match="signature is 5a a5"):
        parse_option_rom(noise)
    rom = bytearray(noise)
    rom[0:2] = b"\x55\xaa"
    survey = survey_option_rom(bytes(rom))
    assert survey.damage


def test_a_rom_full_of_pnp_headers_stays_small() -> None:
    """Thousands of chained headers, each with strings into the same long text: strings are limited."""
    content = bytearray(Bios(units=128, header_units=127).build())
    content[0x200:] = b"x" * (len(content) - 0x200)
    for offset in range(0x200, len(content) - 0x40, 0x20):
        struct.pack_into("<4sBBHBBIHH", content, offset, b"$PnP", 1, 2, offset + 0x20, 0, 0, 0, 0x201, 0x201)
    struct.pack_into("<H", content, 0x1A, 0x200)
    survey = survey_option_rom(bytes(content))
    strings = [pnp.product for pnp in survey.rom.images[0].pnp_headers if pnp.product]
    assert all(len(string.content) < 1024 for string in strings)
    assert len(survey.rom.images[0].pnp_headers) > 1000


def test_checksums() -> None:
    content = bytearray(Bios(units=127).build())
    assert byte_sum(content) == 0
    content[6] ^= 0x55
    assert byte_sum(content) == sum(content) & 0xFF != 0
    content[6] = checksum_byte(content, 6)
    assert byte_sum(content) == 0
    assert byte_sum(b"\xff" * 1000) == (255 * 1000) & 0xFF


def test_unpack_says_no() -> None:
    (bios,) = parse_option_rom(Bios().build()).images
    with pytest.raises(FormatError, match="EFI image at offset 0x0: not an EFI image"):
        unpack_efi_image(bios)
    for efi, message in (
        (Efi(image_offset=0xFFFF), "EFI image at offset 0x16: its PE image begins at 0xffff, past the image's end"),
        (Efi(compression=2), "EFI image at offset 0xc: compression type 2 is unknown, expected 0 or 1"),
        (Efi(packed=struct.pack("<II", 9999, 1)), "UEFI compressed data at offset 0x38: its packed length is 9999"),
        (Efi(packed=struct.pack("<II", 0, 1 << 31)), "UEFI compressed data at offset 0x3c: it says that it unpacks to"),
    ):
        (image,) = parse_option_rom(efi.build()).images
        with pytest.raises(FormatError, match=message):
            unpack_efi_image(image)


POINTERS = st.integers(0, 0x440)


@st.composite
def plausible_roms(draw: st.DrawFn) -> bytes:
    """Bytes that look like a ROM often enough for every parser to be reached."""
    content = bytearray(draw(st.sampled_from([Bios().build(), make_combined_rom(), Efi().build()])))
    for _ in range(draw(st.integers(0, 8))):
        offset = draw(st.integers(0, min(len(content) - 2, 0x500)))
        content[offset : offset + 2] = draw(st.binary(min_size=2, max_size=2))
    for place in draw(st.lists(st.sampled_from([2, 0x10, 0x16, 0x18, 0x1A, 0x24, 0x26, 0x2C, 0x46, 0x4E, 0x50]))):
        struct.pack_into("<H", content, place, draw(POINTERS))
    for mark in draw(st.lists(st.sampled_from([b"$PnP", b"PCIR", b"UNDI", b"iPXE", b"\x55\xaa"]), max_size=4)):
        offset = draw(st.integers(0, 0x3F8))
        content[offset : offset + len(mark)] = mark
    return bytes(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)


@given(
    st.one_of(st.binary(max_size=2048), st.binary(max_size=2048).map(lambda rest: b"\x55\xaa" + rest), plausible_roms())
)
def test_any_bytes_parse_or_raise_the_format_error(content: bytes) -> None:
    survey = survey_option_rom(content)
    assert encode_option_rom(survey.rom) == content
    try:
        rom = parse_option_rom(content)
    except FormatError as error:
        assert survey.damage
        assert error.structure
        assert 0 <= error.offset <= len(content) + 0x10000
    else:
        assert encode_option_rom(rom) == content
    for image in survey.rom.images:
        if image.is_efi:
            try:
                unpack_efi_image(image, limit=1 << 16)
            except FormatError as error:
                assert error.reason
