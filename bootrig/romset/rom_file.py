"""Reading ROM files that users name."""

from pathlib import Path

from bootrig.errors import InputError
from firmware.romset import LARGEST_ROM


def load_rom(path: Path) -> bytes:
    """Return the content of a ROM file.

    Raises:
        InputError: it cannot be read, or it is larger than any option ROM.
    """
    try:
        length = path.stat().st_size
        if length > LARGEST_ROM:
            raise InputError(f"{path} has {length} bytes; no option ROM has more than {LARGEST_ROM}")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
