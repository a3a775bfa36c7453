"""Assembling ROMs: right by lint's rules, identical to what the known tools made, and how it says no."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from firmware.assemble import (
    EfiImageOptions,
    Style,
    fix_rom,
    join_rom,
    make_efi_image,
    pad_rom,
    set_ids,
    with_image_checksum,
)
from firmware.errors import AssembleError, FormatError
from firmware.lint.check import lint_rom
from firmware.lint.subject import examine_rom
from firmware.optionrom.checksum import byte_sum
from firmware.optionrom.header import EfiHeader
from firmware.optionrom.image import RomImage, encode_image, unpack_efi_image
from firmware.optionrom.rom import encode_option_rom, parse_option_rom
from firmware.romset import RomSet
from tests.firmware.rom_bytes import Bios, Efi, Pe, make_combined_rom

DRIVER = Pe().build()


def parse_image(content: bytes) -> RomImage:
    (image,) = parse_option_rom(content).images
    return image


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("compressed", [True, False])
def test_an_efi_image_made_of_a_driver(style: Style, compressed: bool) -> None:
    options = EfiImageOptions(0x8086, 0x100E, compressed=compressed, style=style)
    content = encode_image(make_efi_image(DRIVER, options))
    image = parse_image(content)
    assert unpack_efi_image(image).rstrip(b"\0") == DRIVER.rstrip(b"\0")
    assert image.pcir is not None
    assert (image.pcir.revision, image.pcir.class_code) == (3 if style == Style.EDK2 else 0, 0x020000)
    assert lint_rom(examine_rom("x.rom", content)) == ()
    if style == Style.IPXE:
        assert byte_sum(content) == 0
    elif not compressed:
        assert isinstance(image.header, EfiHeader)
        assert content[0x38 : image.header.image_offset].strip(b"\xff") == b""
        assert content.endswith(DRIVER)


def test_the_bytes_of_an_edk2_image() -> None:
    expected = Efi().build()
    assert encode_image(make_efi_image(DRIVER, EfiImageOptions(0x8086, 0x100E))) == expected


@pytest.mark.parametrize("style", Style)
def test_joining_makes_a_right_rom(style: Style) -> None:
    bios = parse_image(Bios().build())
    efi = make_efi_image(DRIVER, EfiImageOptions(0x8086, 0x100E, style=style))
    content = encode_option_rom(join_rom([bios, efi], style))
    assert lint_rom(examine_rom("efi-e1000.rom", content)) == ()
    rom = parse_option_rom(content)
    assert [image.pcir.is_last_image for image in rom.images if image.pcir] == [False, True]
    changed = {place for place in range(1024) if content[place] != encode_image(bios)[place]}
    assert changed == {0x31, 1023 if style == Style.EDK2 else 6}
    assert encode_option_rom(join_rom(rom.images, style)) == content


def test_joining_pads_images_and_states_their_length() -> None:
    bios = parse_image(Bios().build())
    odd = replace(bios, content=bios.content + b"code")
    (image,) = join_rom([odd], Style.IPXE).images
    assert image.pcir is not None
    assert (image.length, image.pcir.image_length) == (1536, 1536)
    assert image.content[1024:] == b"code" + b"\xff" * 508


def test_joining_says_no() -> None:
    with pytest.raises(AssembleError, match="no images to join"):
        join_rom([])
    old = parse_image(b"\x55\xaa\x01\xcb" + bytes(508))
    with pytest.raises(AssembleError, match="without a PCI Data Structure cannot be one of several"):
        join_rom([old])
    long = replace(parse_image(Efi().build()), content=Efi().build() + bytes(0x10000 * 512))
    with pytest.raises(AssembleError, match="is too long"):
        join_rom([long])
    with pytest.raises(FormatError, match="PE image at offset 0x0: begins with"):
        make_efi_image(b"no driver", EfiImageOptions(1, 2))
    too_long = Pe(code=bytes(0x10000 * 512)).build()
    with pytest.raises(AssembleError, match="an image has at most 33553920"):
        make_efi_image(too_long, EfiImageOptions(1, 2, compressed=False))


def test_setting_ids() -> None:
    rom = parse_option_rom(make_combined_rom())
    content = encode_option_rom(set_ids(rom, 0x15AD, 0x07B0))
    assert lint_rom(examine_rom("efi-vmxnet3.rom", content)) == ()
    (bios, efi) = parse_option_rom(content).images
    assert bios.device_list is not None
    assert bios.device_list.device_ids == (0x07B0,)
    assert efi.pcir is not None
    assert efi.pcir.pci_ids == (0x15AD, 0x07B0)


def test_setting_ids_of_an_image_of_ipxe_keeps_its_sum() -> None:
    image = make_efi_image(DRIVER, EfiImageOptions(0x8086, 0x100E, style=Style.IPXE))
    changed = encode_option_rom(set_ids(join_rom([image]), 0x15AD, 0x07B0))
    assert byte_sum(changed) == 0
    assert unpack_efi_image(parse_image(changed)) == DRIVER


def test_setting_the_device_list() -> None:
    rom = parse_option_rom(Bios(device_ids=(0x100E, 0x100F, 0x1010)).build())
    (image,) = parse_option_rom(encode_option_rom(set_ids(rom, 0x8086, 0x10D3, (0x10D3,)))).images
    assert image.device_list is not None
    assert image.device_list.device_ids == (0x10D3,)
    (kept,) = parse_option_rom(encode_option_rom(set_ids(rom, 0x8086, 0x10D3))).images
    assert kept.device_list is not None
    assert kept.device_list.device_ids == (0x10D3, 0x100F, 0x1010)
    with pytest.raises(AssembleError, match="room for 3 device IDs in its list, not for 4"):
        set_ids(rom, 0x8086, 0x10D3, (1, 2, 3, 4))
    with pytest.raises(AssembleError, match="without a PCI Data Structure has no PCI IDs"):
        set_ids(parse_option_rom(b"\x55\xaa\x01\xcb" + bytes(508)), 1, 2)


BROKEN = {
    "checksums": Bios(checksums=False).build(),
    "header length": Bios(header_units=0).build(),
    "header past the end": Bios(header_units=200).build(),
    "PCIR length": Bios(pcir_units=0).build(),
    "PCIR past the end": Bios(pcir_units=77).build(),
    "not marked": Bios(indicator=0).build(),
    "odd length": Bios().build() + b"\xff" * 7,
    "EFI lengths": Bios(indicator=0).build() + Efi(units=999, header_units=0, indicator=0).build(),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_fixing(content: bytes) -> None:
    for style in Style:
        fixed = fix_rom(content, style)
        assert lint_rom(examine_rom("x.rom", fixed)) == ()
        assert fix_rom(fixed, style) == fixed


def test_fixing_a_right_rom_changes_nothing() -> None:
    for content in (make_combined_rom(), Bios().build(), Efi().build() + b"\xff" * 512):
        assert fix_rom(content) == content


def test_fixing_says_no() -> None:
    with pytest.raises(AssembleError, match=r"no image to fix: PCI expansion ROM header at offset 0x0: signature"):
        fix_rom(b"MZ" + bytes(510))
    with pytest.raises(AssembleError, match="a BIOS image has at most 130560 bytes, not 131072"):
        fix_rom(Bios(units=256, header_units=0).build())
    image = parse_image(Bios().build())
    with pytest.raises(AssembleError, match="its header says 0 bytes, the image has 1024: no checksum can be set"):
        with_image_checksum(replace(image, header=replace(image.header, length_units=0)))


def test_padding() -> None:
    content = make_combined_rom()
    padded = pad_rom(content, 8192)
    assert padded == content + b"\xff" * (8192 - len(content))
    assert pad_rom(padded, len(content)) == content
    assert pad_rom(content + bytes(512), 8192) == padded
    with pytest.raises(AssembleError, match=f"its images have {len(content)} bytes, more than 1024"):
        pad_rom(content, 1024)
    with pytest.raises(AssembleError, match="4 bytes that are not padding follow the last image"):
        pad_rom(content + b"left", 8192)
    with pytest.raises(FormatError, match="PCI expansion ROM header"):
        pad_rom(b"", 8192)


@pytest.mark.parametrize("name", ["ipxe-qemu-8", "ipxe-debian-12", "ipxe-debian-13", "ipxe-debian-sid"])
def test_shipped_roms_are_made_again_to_the_byte(name: str, real_rom_set: Callable[[str], RomSet]) -> None:
    """Driver and BIOS image joined as QEMU's and Debian's builds did; Debian's `pxe-*.rom` has the BIOS image."""
    rom_set = real_rom_set(name)
    style = Style.EDK2 if "qemu" in name else Style.IPXE
    shipped = [rom for rom in rom_set.roms if rom.prefix == "efi"]
    assert len(shipped) == 8
    for rom_file in shipped:
        rom = parse_option_rom(rom_file.content)
        bios, efi = rom.images
        pxe = rom_set.find_rom(rom_file.stem, "pxe")
        source = parse_option_rom(pxe.content).images[0] if pxe and pxe.prefix == "pxe" else bios
        assert efi.pcir is not None
        assert isinstance(efi.header, EfiHeader)
        options = EfiImageOptions(
            *efi.pcir.pci_ids,
            class_code=efi.pcir.class_code,
            compressed=efi.header.compression_type == 1,
            style=style,
        )
        made = encode_option_rom(join_rom([source, make_efi_image(unpack_efi_image(efi), options)], style))
        assert pad_rom(made, rom_file.length) == rom_file.content, rom_file.file_name


@pytest.mark.parametrize("name", ["gpxe-qemu-0.14", "ipxe-qemu-8", "ipxe-debian-12", "ipxe-debian-sid"])
def test_fixing_shipped_roms_changes_nothing(name: str, real_rom_set: Callable[[str], RomSet]) -> None:
    for rom_file in real_rom_set(name).roms:
        assert fix_rom(rom_file.content) == rom_file.content, rom_file.file_name


def test_fixing_the_ipxe_of_2011_sets_the_undi_checksum(real_rom_set: Callable[[str], RomSet]) -> None:
    for rom_file in real_rom_set("ipxe-qemu-0.15").roms:
        fixed = fix_rom(rom_file.content)
        changed = [place for place, byte in enumerate(fixed) if byte != rom_file.content[place]]
        assert changed == [6, 0x84]
