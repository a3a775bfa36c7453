"""A platform firmware that is given as a file: SeaBIOS or OVMF, by its content.

Sources: SeaBIOS, src/fw/../romlayout.S (the reset vector) and its banner; UEFI Platform Initialization 1.7, volume 3,
3.2.1 (the header of a firmware volume); edk2, OvmfPkg/OvmfPkgX64.fdf (code and variables, together a power of two).
"""

from collections.abc import Iterator
from pathlib import Path

from bootrig.emulator.errors import PlatformFirmwareMissingError
from bootrig.emulator.release.discovery import Emulator, PlatformFirmware, find_platform_firmware
from bootrig.errors import InputError
from bootrig.givenfile import FileKind, read_given

FIRMWARE = FileKind("a platform firmware", 64 << 20)
SEABIOS, OVMF = "seabios", "ovmf"
BANNER = b"SeaBIOS (version"
# EA: a far jump, the first instruction after power-on, 16 bytes before the end.
FAR_JUMP, RESET_VECTOR = 0xEA, -16
VOLUME_OFFSET, VOLUME = 0x28, b"_FVH"
# EFI_SYSTEM_NV_DATA_FV_GUID, with which a volume of variables begins.
VARIABLES_OFFSET, VARIABLES = 0x10, bytes.fromhex("8d2bf1ff96768b4ca9852747075b4f50")
QCOW2 = b"QFI\xfb"


def find_firmware_family(path: Path) -> str:
    """Return which platform firmware a file is: `seabios` or `ovmf`.

    Raises:
        InputError: it is neither, or cannot be used as it is.
    """
    content = read_given(path, FIRMWARE)
    if BANNER in content and content[RESET_VECTOR] == FAR_JUMP:
        return SEABIOS
    if content[VOLUME_OFFSET : VOLUME_OFFSET + len(VOLUME)] == VOLUME:
        if content[VARIABLES_OFFSET : VARIABLES_OFFSET + len(VARIABLES)] != VARIABLES:
            return OVMF
        raise InputError(
            f"{path} begins with the variables of a UEFI firmware",
            remedy="name the file of its code, OVMF_CODE*.fd, with the variables beside it as OVMF_VARS*.fd",
        )
    if content.startswith(QCOW2):
        raise InputError(f"{path} is a qcow2 image", remedy="qemu-img convert -O raw makes the file in it")
    raise InputError(
        f"{path} is neither SeaBIOS nor OVMF", remedy="platform firmware is a bios-256k.bin or an OVMF_CODE*.fd"
    )


def load_firmware_file(family: str, path: Path, emulator: Emulator) -> PlatformFirmware:
    """Return the platform firmware that a file is; OVMF's variables are beside it, else those of the emulator.

    Raises:
        InputError: OVMF's variables are not to be found.
    """
    if family == SEABIOS:
        return PlatformFirmware(SEABIOS, path, None)
    length = path.stat().st_size
    for variables in _iter_variables(path, emulator):
        whole = length + variables.stat().st_size
        if whole & (whole - 1) == 0:
            return PlatformFirmware(OVMF, path, variables)
    raise InputError(
        f"{path} has no variables beside it", remedy="put the OVMF_VARS*.fd that was built with it into its directory"
    )


def _iter_variables(code: Path, emulator: Emulator) -> Iterator[Path]:
    """Yield the files that may be the variables of a code file: called as it is, then others beside it."""
    named = code.with_name(code.name.replace("CODE", "VARS"))
    if named != code and named.is_file():
        yield named
    yield from (path for path in sorted(code.parent.glob("*VARS*.fd")) if path.is_file())
    try:
        own = find_platform_firmware(emulator, OVMF).variables
    except PlatformFirmwareMissingError:
        return
    if own is not None:
        yield own
