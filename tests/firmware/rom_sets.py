"""Two ROM sets, embedding them, and looking at what came of it."""

from pathlib import Path

from bootrig.romset.embed import embed_rom_set
from bootrig.romset.manifest import FILE_NAME, Manifest
from firmware.romset import RomSet, rom_set_of

OLD = rom_set_of("old", [("pxe-e1000.rom", b"old e1000"), ("pxe-pcnet.rom", b"old pcnet")])
NEW = rom_set_of("new", [("efi-e1000.rom", b"new e1000"), ("pxe-e1000.rom", b"new e1000 pxe")])


def embed(rom_set: RomSet, directory: Path, *, force: bool = False, durable: bool = True) -> Manifest:
    return embed_rom_set(
        rom_set, directory, origin={"recipe": rom_set.name}, tool_version="1", force=force, durable=durable
    )


def content(directory: Path) -> dict[str, bytes]:
    """Return the files of a directory by their relative paths, without the manifest and what bootrig keeps apart."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != FILE_NAME and ".bootrig" not in path.parts
    }


def roms(rom_set: RomSet) -> dict[str, bytes]:
    return {name: rom.content for name, rom in rom_set.installed_files().items()}


def beside(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.parent.iterdir() if path != directory)
