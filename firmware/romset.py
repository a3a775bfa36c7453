"""ROM sets: all option ROMs that an emulator offers, by the names under which QEMU looks for them.

QEMU's default names are `efi-<stem>.rom` on current machine types and `pxe-<stem>.rom` on machine types up to pc-1.4
(`hw/i386/pc_piix.c`, compatibility properties). iPXE's own build, and distributions that ship its files as they are,
name them by the NIC's PCI IDs instead: `8086100e.rom`.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from firmware.errors import RomSetError
from firmware.nic import find_rom_stem
from firmware.optionrom.rom import survey_option_rom

Rom = TypeVar("Rom")

PREFIXES = ("efi", "pxe")
ROM_SUFFIX = ".rom"
LARGEST_ROM = 16 << 20
"""The most bytes that an expansion ROM can have: the largest ROM BAR of PCI (Local Bus Specification 3.0, 6.2.5.2)."""
PCI_ID_NAME = re.compile(r"(?P<vendor>[0-9A-Fa-f]{4})(?P<device>[0-9A-Fa-f]{4})\.rom")
DEFAULT_ROM_NAME = re.compile(r"(?P<prefix>efi|pxe)-(?P<stem>[A-Za-z0-9_+.-]+)\.rom")


@dataclass(frozen=True, slots=True)
class RomFile:
    """One file of a ROM set.

    Attributes:
        file_name: QEMU's default name of it: `efi-e1000.rom`, `pxe-e1000.rom`.
        content: all its bytes.
        given: the name that it had before, where that was made of PCI IDs; empty otherwise.
        sha256: their digest in hexadecimal, calculated when the value is made.
    """

    file_name: str
    content: bytes = field(repr=False)
    given: str = field(default="", compare=False)
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        if not DEFAULT_ROM_NAME.fullmatch(self.file_name):
            raise RomSetError(f'"{self.file_name}" is not a default ROM name, expected efi-NAME.rom or pxe-NAME.rom')
        object.__setattr__(self, "sha256", hashlib.sha256(self.content).hexdigest())

    @property
    def length(self) -> int:
        """Its length in bytes."""
        return len(self.content)

    @property
    def bar_length(self) -> int:
        """The length in bytes of the ROM BAR that QEMU makes for it."""
        return bar_length(len(self.content))

    @property
    def prefix(self) -> str:
        """The first word of the name: `efi` or `pxe`."""
        return self.file_name.partition("-")[0]

    @property
    def stem(self) -> str:
        """The name between prefix and suffix: `e1000`."""
        return self.file_name.partition("-")[2].removesuffix(".rom")


def parse_pci_id_name(file_name: str, content: bytes) -> str | None:
    """Return QEMU's default name for a ROM that is named by PCI IDs, by the images in it; None for any other name."""
    match = PCI_ID_NAME.fullmatch(file_name)
    stem = find_rom_stem(int(match["vendor"], 16), int(match["device"], 16)) if match else None
    if stem is None:
        return None
    return f"{_choose_prefix(content)}-{stem}.rom"


def find_default_name(content: bytes) -> str | None:
    """Return QEMU's default name for a ROM by the PCI IDs of its first image; None where QEMU has no such NIC."""
    pcir = next((image.pcir for image in survey_option_rom(content).rom.images), None)
    stem = find_rom_stem(*pcir.pci_ids) if pcir else None
    return stem and f"{_choose_prefix(content)}-{stem}.rom"


def _choose_prefix(content: bytes) -> str:
    return "efi" if any(image.is_efi for image in survey_option_rom(content).rom.images) else "pxe"


def bar_length(length: int) -> int:
    """Return the length in bytes of the ROM BAR for a ROM of `length` bytes: the next power of two.

    Source: `pci_add_option_rom` in QEMU's `hw/pci/pci.c` (`pow2ceil` of the file's size); the least memory BAR of PCI
    for an expansion ROM is 2 KiB (PCI Local Bus Specification 3.0, 6.2.5.2), which no real ROM is below.
    """
    return 1 << max(0, length - 1).bit_length()


def choose_rom(by_prefix: Mapping[str, Rom], prefix: str) -> Rom | None:
    """Return the ROM with `prefix`, the one with the other prefix where that is not there; None without either."""
    return by_prefix.get(prefix) or next(iter(by_prefix.values()), None)


@dataclass(frozen=True, slots=True)
class RomSet:
    """All option ROMs that an emulator offers.

    Attributes:
        name: what the set is called: the name of its recipe, or of the directory that it was read from.
        roms: its files, each name once.
        strangers: `.rom` files beside them for which QEMU does not look, by name; they are never installed.
        origin: where the set comes from, as facts for a manifest: recipe, version, source and its digest.
    """

    name: str
    roms: tuple[RomFile, ...]
    strangers: Mapping[str, bytes] = field(default_factory=dict, hash=False, repr=False)
    origin: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        names = [rom.file_name for rom in self.roms]
        if not names and not self.strangers:
            raise RomSetError(f"the ROM set {self.name} has no files")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise RomSetError(f"the ROM set {self.name} has twice: {', '.join(twice)}")

    @classmethod
    def of_files(cls, name: str, files: Mapping[str, bytes], origin: Mapping[str, str] | None = None) -> "RomSet":
        """Return the ROM set of these `.rom` files by name; those without a default ROM name are strangers.

        A file that is named by the PCI IDs of a NIC of QEMU's gets its default name, unless another file has that.

        Raises:
            RomSetError: there are no files.
        """
        roms = {file: RomFile(file, content) for file, content in files.items() if DEFAULT_ROM_NAME.fullmatch(file)}
        strangers: dict[str, bytes] = {}
        for file, content in files.items():
            if file not in roms:
                named = parse_pci_id_name(file, content)
                if named is None or named in roms:
                    strangers[file] = content
                else:
                    roms[named] = RomFile(named, content, file)
        return cls(name, tuple(roms.values()), strangers, origin or {})

    @property
    def stems(self) -> tuple[str, ...]:
        """The stems that the set has a ROM for, in the order of its files."""
        return tuple(dict.fromkeys(rom.stem for rom in self.roms))

    def find_rom(self, stem: str, prefix: str = "efi") -> RomFile | None:
        """Return the ROM for a stem as it is installed, None where the set has none."""
        return choose_rom({rom.prefix: rom for rom in self.roms if rom.stem == stem}, prefix)

    def installed_files(self) -> dict[str, RomFile]:
        """Return the file names under which the set is installed, each with its ROM, sorted.

        Where a stem has only one of the two names, the ROM serves under both, for machine types old and new.
        """
        found = {f"{prefix}-{stem}.rom": self.find_rom(stem, prefix) for stem in self.stems for prefix in PREFIXES}
        return {name: rom for name, rom in sorted(found.items()) if rom is not None}
