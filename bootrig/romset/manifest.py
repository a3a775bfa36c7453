"""The manifest of an embedded ROM set: what was written, its origin, what it replaced."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bootrig.jsonfile import load_json

MANIFEST_NAME = "bootrig-manifest.json"


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """One file that was written.

    Attributes:
        name: its name in the directory.
        rom: the name of the ROM in its set; another one where the set has the ROM under one prefix only, or by PCI IDs.
        sha256: its digest.
        length: its length in bytes.
    """

    name: str
    rom: str
    sha256: str
    length: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an embedded ROM set is.

    Attributes:
        rom_set: the set's name.
        tool_version: the version of the program that embedded it.
        origin: where the set comes from, as the embedder says: recipe, version, source and its digest.
        files: what was written.
        displaced: files of others that were in the way and are kept, in `.bootrig/displaced`.
        format: of the document.
    """

    rom_set: str
    tool_version: str
    origin: Mapping[str, str]
    files: tuple[EmbeddedFile, ...]
    displaced: tuple[str, ...] = ()
    format: Literal["bootrig-manifest/1"] = "bootrig-manifest/1"


def find_manifest(directory: Path) -> Manifest | None:
    """Return the manifest of the set that is embedded in a directory, None where there is none.

    Raises:
        JsonFileError: it is damaged, of another format, or cannot be read.
    """
    path = directory / MANIFEST_NAME
    return load_json(path, Manifest) if path.exists() else None
