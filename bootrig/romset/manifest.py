"""The manifest of an embedded ROM set: what was written, its origin, what it replaced."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bootrig.romset.errors import ManifestError

MANIFEST_NAME = "bootrig-manifest.json"
FORMAT = "bootrig-manifest/1"


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """One file that was written.

    Attributes:
        name: its name in the directory.
        rom: the name of the ROM in its set; another one where the set has the ROM under one prefix only.
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
    """

    rom_set: str
    tool_version: str
    origin: Mapping[str, str]
    files: tuple[EmbeddedFile, ...]
    displaced: tuple[str, ...] = field(default=())

    def encode(self) -> bytes:
        """Return the manifest as JSON."""
        return (json.dumps({"format": FORMAT} | asdict(self), indent=2) + "\n").encode()


def parse_manifest(content: bytes) -> Manifest:
    """Return the manifest that `Manifest.encode` wrote.

    Raises:
        ManifestError: it is damaged, or of another format.
    """
    try:
        table = json.loads(content)
        if table["format"] != FORMAT:
            raise ManifestError(f"the manifest's format is {table['format']!r}, this version knows {FORMAT!r}")
        return Manifest(
            rom_set=str(table["rom_set"]),
            tool_version=str(table["tool_version"]),
            origin={str(key): str(value) for key, value in table["origin"].items()},
            files=tuple(
                EmbeddedFile(str(row["name"]), str(row["rom"]), str(row["sha256"]), int(row["length"]))
                for row in table["files"]
            ),
            displaced=tuple(str(name) for name in table["displaced"]),
        )
    except ManifestError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(f"the manifest is damaged: {type(error).__name__}: {error}") from error


def find_manifest(directory: Path) -> Manifest | None:
    """Return the manifest of the set that is embedded in a directory, None where there is none.

    Raises:
        ManifestError: it is damaged, of another format, or cannot be read.
    """
    try:
        return parse_manifest((directory / MANIFEST_NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ManifestError(f"{directory / MANIFEST_NAME} cannot be read: {error.strerror}") from error


def load_manifest(directory: Path) -> Manifest:
    """Return the manifest of the set that is embedded in a directory.

    Raises:
        ManifestError: there is none, it is damaged, of another format, or cannot be read.
    """
    manifest = find_manifest(directory)
    if manifest is None:
        raise ManifestError(f"no ROM set is embedded in {directory}: it has no {MANIFEST_NAME}")
    return manifest
