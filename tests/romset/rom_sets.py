"""Two ROM sets, and looking at what embedding them made."""

from pathlib import Path

from bootrig.romset.manifest import MANIFEST_NAME
from firmware.romset import RomSet

OLD = RomSet.of_files("old", {"pxe-e1000.rom": b"old e1000", "pxe-pcnet.rom": b"old pcnet"}, {"recipe": "old"})
NEW = RomSet.of_files("new", {"efi-e1000.rom": b"new e1000", "pxe-e1000.rom": b"new e1000 pxe"}, {"recipe": "new"})


def content(directory: Path) -> dict[str, bytes]:
    """Return the files of a directory by their relative paths, without the manifest and what bootrig keeps apart."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != MANIFEST_NAME and ".bootrig" not in path.parts
    }


def roms(rom_set: RomSet) -> dict[str, bytes]:
    return {name: rom.content for name, rom in rom_set.installed_files().items()}


def beside(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.parent.iterdir() if path != directory)
