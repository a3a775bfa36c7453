"""Writing the recipe of a ROM set: its files by their digests, so that nothing else can take their place."""

import re

from bootrig.document.quoting import quote_text
from firmware.romset import RomFile, RomSet

_OTHER = re.compile(r"[^a-z0-9.+-]+")
_SUFFIX = re.compile(r"[.](deb|rpm|rom|tar|tgz|tar[.][a-z0-9]+)$")
UNKNOWN = "unknown"


def write_pinned_recipe(rom_set: RomSet) -> str:
    """Return the recipe of a ROM set in TOML.

    The bytes are in no place that the recipe could name: whoever uses it has them in the store.
    """
    origin = rom_set.origin
    source = next(
        (origin[key] for key in ("archive", "directory", "rom", "host", "emulator", "source") if key in origin), UNKNOWN
    )
    file_name = source.rpartition("/")[2] or rom_set.name
    digest = origin.get("source_sha256")
    name = _OTHER.sub("-", _SUFFIX.sub("", rom_set.name.lower())).strip("-.+") or "pinned"
    is_archive = "archive" in origin
    lines = [
        f"# {name}.toml in the directory roms/ of your recipes ($BOOTRIG_RECIPES)",
        f"# bootrig store add {'FILE' if is_archive else 'FILE...'} puts what it names into the store",
        f"name = {quote_text(name)}",
        f"title = {quote_text(f'ROMs of {file_name}')}",
        f"version = {quote_text(origin.get('version') or _find_version(file_name))}",
        f"origin = {quote_text(origin.get('origin') or file_name)}",
        f"licence = {quote_text(origin.get('licence') or UNKNOWN)}",
        "",
        "[source]",
        'kind = "archive"',
        f"file_name = {quote_text(file_name)}",
        *([f"sha256 = {quote_text(digest)}"] if digest else []),
        "",
    ]
    return "\n".join((*lines, *(_describe(rom) for rom in rom_set.roms)))


def _describe(rom: RomFile) -> str:
    facts = {"name": rom.file_name, "member": rom.given or rom.file_name, "sha256": rom.sha256}
    return "\n".join(("[[rom]]", *(f"{k} = {quote_text(v)}" for k, v in facts.items()), f"length = {rom.length}", ""))


def _find_version(file_name: str) -> str:
    """Return the version in a Debian package's name (NAME_VERSION_ARCHITECTURE.deb)."""
    parts = file_name.split("_")
    return parts[1] if len(parts) == 3 and file_name.endswith(".deb") else UNKNOWN
