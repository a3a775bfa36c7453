"""Names of platform firmware: the emulator's own, those that were built from a recipe, files that a side names."""

from pathlib import Path

BUILT_PREFIX = "built:"
FILE_MARK = "@"
FAMILIES = ("seabios", "ovmf")


def find_built_recipe(name: str) -> str | None:
    """Return the recipe behind `built:RECIPE`, None for the emulator's own platform firmware."""
    return name.removeprefix(BUILT_PREFIX) if name.startswith(BUILT_PREFIX) else None


def name_firmware_file(family: str, path: Path) -> str:
    """Return the name of a platform firmware that is a file: `ovmf@/path/of/OVMF_CODE.fd`."""
    return f"{family}{FILE_MARK}{path}"


def find_firmware_file(name: str) -> Path | None:
    """Return the file behind such a name, None for another name."""
    family, mark, path = name.partition(FILE_MARK)
    return Path(path) if mark and family in FAMILIES else None


def firmware_family(name: str) -> str:
    """Return what a platform firmware behaves like, `seabios` or `ovmf`: its name begins so."""
    word = name.removeprefix(BUILT_PREFIX)
    return next((family for family in FAMILIES if word.startswith(family)), FAMILIES[0])


def probe_build(platform_firmware: str) -> str:
    """Return which build of the probe runs under a platform firmware: `bios` or `efi`."""
    return "efi" if firmware_family(platform_firmware) == "ovmf" else "bios"
