"""Reading ROM files that users name."""

from pathlib import Path

from bootrig.givenfile import FileKind, read_given
from firmware.romset import LARGEST_ROM

ROM = FileKind("an option ROM", LARGEST_ROM)


def load_rom(path: Path) -> bytes:
    """Return the content of a ROM file.

    Raises:
        GivenFileError: it cannot be read, is not a regular file, or is larger than any option ROM.
    """
    return read_given(path, ROM)
