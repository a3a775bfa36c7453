"""What a boot leaves of its platform firmware's variables: those that it changed, compressed."""

import gzip
from pathlib import Path

from bootrig.emulator.guest.guest import VARIABLES_FILE
from bootrig.emulator.release.discovery import Emulator, find_platform_firmware

KEPT_FILE = f"{VARIABLES_FILE}.gz"


def keep_variables(directory: Path, emulator: Emulator, family: str) -> None:
    """Compress the variables in an attempt's directory, or remove them where they are what the firmware comes with.

    The family is `seabios` or `ovmf`; the guest has ended.
    """
    path = directory / VARIABLES_FILE
    template = find_platform_firmware(emulator, family).variables
    if template is None or not path.exists():
        return
    content = path.read_bytes()
    if content != template.read_bytes():
        (directory / KEPT_FILE).write_bytes(gzip.compress(content, mtime=0))
    path.unlink()
