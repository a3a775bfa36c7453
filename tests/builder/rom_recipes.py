"""ROM set recipes and their packages, made in tests."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from bootrig.recipe.roms import PrebuiltRomSet, load_rom_recipe
from tests.store.packages import make_package, make_tar

ROMS = {
    "usr/share/qemu/efi-e1000.rom": b"\x55\xaa" + b"e1000" * 300,
    "usr/share/qemu/pxe-e1000.rom": b"\x55\xaa" + b"pxe" * 300,
}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_recipe(directory: Path, name: str, source: str, members: Mapping[str, bytes] = ROMS) -> Path:
    """Write a recipe `name` with this source table and these members into a recipes directory."""
    text = f'name = "{name}"\ntitle = "A set"\nversion = "1"\norigin = "test"\nlicence = "0BSD"\n\n[source]\n{source}\n'
    for member, content in members.items():
        text += f'\n[[rom]]\nname = "{member.rpartition("/")[2]}"\nmember = "{member}"\n'
        text += f'sha256 = "{sha256(content)}"\nlength = {len(content)}\n'
    path = directory / "roms" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _load(path: Path) -> PrebuiltRomSet:
    recipe = load_rom_recipe(str(path))
    assert isinstance(recipe, PrebuiltRomSet)
    return recipe


def write_package_recipe(
    directory: Path,
    name: str = "mine",
    package: bytes | None = None,
    *,
    members: Mapping[str, bytes] = ROMS,
    addresses: tuple[str, ...] = (),
) -> PrebuiltRomSet:
    """Write the recipe of a Debian package that is pinned; return it loaded."""
    content = make_package(ROMS) if package is None else package
    source = f'kind = "debian-package"\npool_path = "pool/m/{name}_1_all.deb"\nsha256 = "{sha256(content)}"\n'
    source += f"length = {len(content)}\naddresses = {list(addresses)}\n"
    return _load(write_recipe(directory, name, source, members))


def write_archive_recipe(directory: Path, *addresses: str, name: str = "old") -> PrebuiltRomSet:
    """Write the recipe of an archive that is not pinned itself; return it loaded."""
    source = f'kind = "archive"\naddresses = {list(addresses) or ["http://up.example/old-1.tar.gz"]}\n'
    return _load(write_recipe(directory, name, source))


ARCHIVE = make_tar({f"old-1/{name}": content for name, content in ROMS.items()}, "gz")
