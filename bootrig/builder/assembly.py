"""From what make leaves to the files of an artifact: images joined, padded, measured."""

from pathlib import Path

from bootrig.builder.errors import SourceError
from bootrig.recipe.build import Target
from firmware.assemble import EfiImageOptions, join_rom, make_efi_image, pad_rom
from firmware.errors import FirmwareError
from firmware.optionrom.image import RomImage
from firmware.optionrom.rom import encode_option_rom, parse_option_rom
from firmware.romset import bar_length

EFI_DRIVER = ".efidrv"


def assemble_target(target: Target, directory: Path) -> bytes:
    """Return the bytes of a target from the files that make left in `directory`.

    Raises:
        SourceError: a file is missing, is not an image, or the result needs a larger ROM BAR than the recipe allows.
    """
    contents = [(name, _read(directory / name, target)) for name in target.images]
    try:
        content = contents[0][1]
        if len(contents) > 1 or contents[0][0].endswith(EFI_DRIVER):
            images = [image for name, found in contents for image in _images(name, found, target)]
            content = encode_option_rom(join_rom(images))
        if target.length is not None:
            content = pad_rom(content, target.length)
    except FirmwareError as error:
        raise SourceError(f"{target.name} cannot be made of {', '.join(target.images)}: {error}") from error
    if target.maximum_bar is not None and bar_length(len(content)) > target.maximum_bar:
        raise SourceError(
            f"{target.name} has {len(content)} bytes, which need a ROM BAR of {bar_length(len(content))}; "
            f"the recipe allows {target.maximum_bar}",
            remedy="guests that migrate need the same ROM BAR on both sides: configure features away",
        )
    return content


def _read(path: Path, target: Target) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"make left no {path.name} for {target.name}: {error.strerror}") from error


def _images(name: str, content: bytes, target: Target) -> tuple[RomImage, ...]:
    if not name.endswith(EFI_DRIVER):
        return parse_option_rom(content).images
    options = EfiImageOptions(vendor_id=target.vendor_id or 0, device_id=target.device_id or 0)
    return (make_efi_image(content, options),)
