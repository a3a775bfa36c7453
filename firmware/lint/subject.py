"""What lint looks at: a ROM with everything read out of it once, and a set of such ROMs."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from firmware.efi.pe import PeImage, parse_pe_image
from firmware.errors import FormatError
from firmware.nic import ROM_STEMS, NicModel, find_models_of_rom
from firmware.optionrom.image import RomImage, find_unpacked_length, unpack_efi_image
from firmware.optionrom.rom import Survey, survey_option_rom
from firmware.romset import DEFAULT_ROM_NAME, RomSet, bar_length, parse_pci_id_name

# No EFI driver for a NIC is nearly this long; it limits time and memory for compressed data with a wrong length.
DRIVER_LENGTH_LIMIT = 8 * 1024 * 1024
# What is unpacked of one file, all images together; the largest that is known has two images of 1 MiB.
UNPACKED_TOTAL_LIMIT = 64 * 1024 * 1024
EXPECTED_IMAGES = {"efi": frozenset({"bios", "efi"}), "pxe": frozenset({"bios"})}
"""The images that a ROM should have by the prefix of its name."""


@dataclass(frozen=True, slots=True)
class EfiContent:
    """What an EFI image holds.

    Attributes:
        offset: where the image begins in the file.
        image: the image.
        unpacked_length: the bytes of its PE image; None where it cannot be unpacked.
        unpacking_fault: why it cannot.
        names_ipxe: whether the word iPXE is in its PE image.
        holds_interpreter: whether iPXE's script interpreter is.
        pe: the PE image's headers; None where they cannot be read.
        pe_fault: why they cannot.
    """

    offset: int
    image: RomImage
    unpacked_length: int | None = None
    unpacking_fault: FormatError | None = None
    names_ipxe: bool = False
    holds_interpreter: bool = False
    pe: PeImage | None = None
    pe_fault: FormatError | None = None


@dataclass(frozen=True, slots=True)
class RomSubject:
    """One ROM file under lint.

    Attributes:
        file: its name, as findings show it.
        content: its bytes.
        survey: what could be read of it, and the damage.
        efi: what its EFI images hold.
        prefix: `efi` or `pxe` where its name is one of QEMU's default names or stands for one, else empty.
        nic_models: the NIC models that will use it, the usual one first; empty where that is unknown.
        expected: the images that it should have: any of `bios` and `efi`.
    """

    file: str
    content: bytes = field(repr=False)
    survey: Survey = field(repr=False)
    efi: tuple[EfiContent, ...] = field(repr=False)
    prefix: str = ""
    nic_models: tuple[NicModel, ...] = ()
    expected: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The last component of the file's name."""
        return PurePath(self.file).name

    @property
    def stem(self) -> str:
        """The stem of QEMU's default ROM names that it serves, empty where that is unknown."""
        return self.nic_models[0].rom_stem if self.nic_models else ""

    @property
    def installed_name(self) -> str:
        """QEMU's default name for it, or its own where it serves none."""
        return f"{self.prefix}-{self.stem}.rom" if self.prefix and self.stem else self.name

    @property
    def bar_length(self) -> int:
        """The length in bytes of the ROM BAR that QEMU makes for it."""
        return bar_length(len(self.content))

    def iter_images(self) -> Iterator[tuple[int, RomImage]]:
        """Yield each image with its offset in the file."""
        return self.survey.rom.iter_images()

    def iter_bios_images(self) -> Iterator[tuple[int, RomImage]]:
        """Yield each image that a PC BIOS runs, with its offset in the file."""
        return ((offset, image) for offset, image in self.iter_images() if image.is_bios)


@dataclass(frozen=True, slots=True)
class SetSubject:
    """A ROM set under lint.

    Attributes:
        name: what the set is called.
        roms: its ROMs; those for which QEMU does not look have no prefix.
        is_whole: whether it is all of a set, so that what it lacks is a fault; not so for a single file.
    """

    name: str
    roms: tuple[RomSubject, ...]
    is_whole: bool = True


def examine_rom(
    file: str, content: bytes, *, nic_model: NicModel | None = None, expected: frozenset[str] | None = None
) -> RomSubject:
    """Return what lint needs to know about one ROM.

    Where its name is one of QEMU's default names, or made of a NIC's PCI IDs, that tells which NIC models will use it
    and which images (`bios`, `efi`) are expected, unless `nic_model` and `expected` say otherwise.
    """
    survey = survey_option_rom(content)
    efi = tuple(_iter_efi(survey))
    name = PurePath(file).name
    match = DEFAULT_ROM_NAME.fullmatch(parse_pci_id_name(name, content) or name)
    known = match if match and match["stem"] in ROM_STEMS else None
    models = (nic_model,) if nic_model else find_models_of_rom(known["stem"]) if known else ()
    prefix = known["prefix"] if known else ""
    if expected is None:
        expected = EXPECTED_IMAGES.get(prefix, frozenset())
    return RomSubject(file, content, survey, efi, prefix, models, expected)


def examine_set(rom_set: RomSet, *, place: str = "", expected: frozenset[str] | None = None) -> SetSubject:
    """Return what lint needs to know about a ROM set; findings name its files in the directory `place`."""
    files = {**{rom.given or rom.file_name: rom.content for rom in rom_set.roms}, **rom_set.strangers}
    return SetSubject(
        rom_set.name,
        tuple(
            examine_rom(f"{place}/{file}" if place else file, content, expected=expected)
            for file, content in sorted(files.items())
        ),
    )


def place_subject(roms: SetSubject) -> SetSubject:
    """Return a set whose files are named with the set, as in a directory; those that have a place keep it."""
    return replace(
        roms,
        roms=tuple(rom if "/" in rom.file else replace(rom, file=f"{roms.name}/{rom.file}") for rom in roms.roms),
    )


def _iter_efi(survey: Survey) -> Iterator[EfiContent]:
    """Yield what each EFI image holds. One PE image is kept at a time, and as much unpacked as the limit allows."""
    left = UNPACKED_TOTAL_LIMIT
    for offset, image in survey.rom.iter_images():
        if not image.is_efi:
            continue
        length = find_unpacked_length(image)
        if length > DRIVER_LENGTH_LIMIT:
            length = 0  # nothing is unpacked then
        if length > left:
            reason = f"unpacks to {length} bytes, {left} of the {UNPACKED_TOTAL_LIMIT} for one file are left"
            yield EfiContent(offset, image, unpacking_fault=FormatError("EFI image", 0, reason))
            continue
        left -= length
        yield _examine_efi(offset, image)


def _examine_efi(offset: int, image: RomImage) -> EfiContent:
    try:
        unpacked = unpack_efi_image(image, DRIVER_LENGTH_LIMIT)
    except FormatError as error:
        return EfiContent(offset, image, unpacking_fault=error)
    pe, fault = None, None
    try:
        pe = parse_pe_image(unpacked)
    except FormatError as error:
        fault = error
    return EfiContent(
        offset,
        image,
        unpacked_length=len(unpacked),
        names_ipxe=b"iPXE" in unpacked,
        holds_interpreter=b"#!ipxe" in unpacked,
        pe=pe,
        pe_fault=fault,
    )
