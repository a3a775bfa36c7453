"""`bootrig assemble`: join images into an option ROM, split one, and change its IDs, checksums and length."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from bootrig.cli.argument_types import parse_directory, parse_length, parse_path
from bootrig.errors import ExitStatus, InputError
from bootrig.output import write_output
from bootrig.romset.rom_file import load_rom
from firmware.assemble import NETWORK_CLASS, EfiImageOptions, Style, fix_rom, join_rom, make_efi_image, pad_rom, set_ids
from firmware.errors import FirmwareError, FormatError
from firmware.optionrom.image import RomImage, encode_image, unpack_efi_image
from firmware.optionrom.rom import encode_option_rom, parse_option_rom


def _hexadecimal(pattern: str, expected: str) -> Callable[[str], tuple[int, ...]]:
    """Return what reads hexadecimal numbers with `:` or `,` between them."""

    def parse(text: str) -> tuple[int, ...]:
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f'"{text}" is not {expected}')
        return tuple(int(word, 16) for word in re.split("[:,]", text))

    return parse


parse_pci_ids = _hexadecimal("[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}", "a pair of PCI IDs, expected such as 8086:100e")
parse_class_code = _hexadecimal("(0[xX])?[0-9a-fA-F]{1,6}", "a class code, expected such as 020000")
parse_device_ids = _hexadecimal("[0-9a-fA-F]{1,4}(,[0-9a-fA-F]{1,4})*", "a device list, expected such as 100e,100f")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig assemble` takes."""
    verbs = parser.add_subparsers(dest="assemble_verb", metavar="WHAT", required=True)
    join = verbs.add_parser("join", help="join ROM images and EFI drivers into one ROM")
    join.add_argument(
        "inputs", metavar="FILE", nargs="+", type=parse_path, help="ROM (all its images) or EFI driver (PE)"
    )
    join.add_argument(
        "--ids", metavar="VVVV:DDDD", type=parse_pci_ids, help="PCI IDs of drivers (default: first image's)"
    )
    join.add_argument("--class", dest="class_code", metavar="HEX", type=parse_class_code, default=(NETWORK_CLASS,))
    join.add_argument("--bare", action="store_true", help="do not pack drivers")
    join.add_argument("--pad", metavar="LENGTH", type=parse_length, help="pad the ROM: 256K")
    split = verbs.add_parser("split", help="write each image of a ROM, and each driver in it, into a file")
    split.add_argument("rom", metavar="ROM", type=parse_path)
    split.add_argument("--into", metavar="DIR", type=parse_directory, required=True)
    ids = verbs.add_parser("set-ids", help="change the PCI IDs of all images")
    ids.add_argument("rom", metavar="ROM", type=parse_path)
    ids.add_argument("ids", metavar="VVVV:DDDD", type=parse_pci_ids)
    ids.add_argument(
        "--device-list", metavar="DDDD,...", type=parse_device_ids, help="the device list, where there is one"
    )
    fix = verbs.add_parser("fix", help="set lengths, marks and checksums right")
    fix.add_argument("rom", metavar="ROM", type=parse_path)
    pad = verbs.add_parser("pad", help="make a ROM longer or shorter by its padding")
    pad.add_argument("rom", metavar="ROM", type=parse_path)
    pad.add_argument("length", metavar="LENGTH", type=parse_length)
    for verb in (join, ids, fix, pad):
        verb.add_argument("-o", "--output", metavar="FILE", type=parse_path, required=True, help="the file to write")
    for verb, default in ((join, "edk2"), (ids, "ipxe"), (fix, "ipxe")):
        verb.add_argument(
            "--style",
            choices=[style.value for style in Style],
            default=default,
            help=f"whose output to follow: EDK2's EfiRom, or iPXE's efirom and catrom.pl (default: {default})",
        )


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig assemble`.

    Raises:
        InputError: a file cannot be read, written, or assembled as asked.
    """
    actions = {"join": _join, "split": _split, "set-ids": _set_ids, "fix": _fix, "pad": _pad}
    try:
        actions[arguments.assemble_verb](arguments)
    except FirmwareError as error:
        raise InputError(str(error), remedy="bootrig lint says what is wrong with a ROM") from error
    return ExitStatus.GOOD


def _join(arguments: argparse.Namespace) -> None:
    style = Style(arguments.style)
    images: list[RomImage] = []
    for path in arguments.inputs:
        images += _load_images(path, images, arguments)
    content = encode_option_rom(join_rom(images, style))
    _write(arguments.output, pad_rom(content, arguments.pad) if arguments.pad else content)


def _load_images(path: Path, before: list[RomImage], arguments: argparse.Namespace) -> list[RomImage]:
    """Return the images in a file: those of a ROM, or one made of a driver."""
    content = load_rom(path)
    try:
        if content[:2] == b"MZ":
            return [make_efi_image(content, _driver_options(path, before, arguments))]
        return list(parse_option_rom(content).images)
    except FormatError as error:
        raise InputError(f"{path}: {error}", remedy="give option ROMs, or EFI drivers (PE files)") from error


def _driver_options(path: Path, before: list[RomImage], arguments: argparse.Namespace) -> EfiImageOptions:
    ids = arguments.ids or next((image.pcir.pci_ids for image in before if image.pcir), None)
    if ids is None:
        raise InputError(f"no PCI IDs given for {path}", remedy="give --ids 8086:100e, or put a BIOS image before it")
    vendor_id, device_id = ids
    (class_code,) = arguments.class_code
    return EfiImageOptions(
        vendor_id, device_id, class_code, compressed=not arguments.bare, style=Style(arguments.style)
    )


def _split(arguments: argparse.Namespace) -> None:
    rom = parse_option_rom(load_rom(arguments.rom))
    for index, (offset, image) in enumerate(rom.iter_images()):
        kind = "efi" if image.is_efi else "bios" if image.is_bios else "other"
        path = arguments.into / f"{arguments.rom.stem}-{index}-{kind}.rom"
        _write(path, encode_image(image), f"image at 0x{offset:x}")
        if image.is_efi:
            _write(path.with_suffix(".efi"), unpack_efi_image(image), "the driver inside")
    if rom.padding:
        print(f"{len(rom.padding)} bytes of padding are left out")


def _set_ids(arguments: argparse.Namespace) -> None:
    rom = parse_option_rom(load_rom(arguments.rom))
    vendor_id, device_id = arguments.ids
    changed = set_ids(rom, vendor_id, device_id, arguments.device_list, Style(arguments.style))
    _write(arguments.output, encode_option_rom(changed))


def _fix(arguments: argparse.Namespace) -> None:
    content = load_rom(arguments.rom)
    fixed = fix_rom(content, Style(arguments.style))
    changed = sum(ours != theirs for ours, theirs in zip(content, fixed, strict=False)) + abs(len(fixed) - len(content))
    _write(arguments.output, fixed, f"{changed} bytes changed")


def _pad(arguments: argparse.Namespace) -> None:
    _write(arguments.output, pad_rom(load_rom(arguments.rom), arguments.length))


def _write(path: Path, content: bytes, note: str = "") -> None:
    write_output(path, content)
    print(f"{path}: {len(content)} bytes{f', {note}' if note else ''}")
