"""Names of platform firmware: the emulator's own, and those that were built from a recipe."""

BUILT_PREFIX = "built:"
FAMILIES = ("seabios", "ovmf")


def find_built_recipe(name: str) -> str | None:
    """Return the recipe behind `built:RECIPE`, None for the emulator's own platform firmware."""
    return name.removeprefix(BUILT_PREFIX) if name.startswith(BUILT_PREFIX) else None


def firmware_family(name: str) -> str:
    """Return what a platform firmware behaves like, `seabios` or `ovmf`: built ones tell by how their names begin."""
    word = name.removeprefix(BUILT_PREFIX)
    return next((family for family in FAMILIES if word.startswith(family)), FAMILIES[0])


def probe_build(platform_firmware: str) -> str:
    """Return which build of the probe runs under a platform firmware: `bios` or `efi`."""
    return "efi" if firmware_family(platform_firmware) == "ovmf" else "bios"
