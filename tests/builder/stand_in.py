"""The tree in `etherboot`, packaged as a real Debian source package, and recipes that build it."""

import gzip
import hashlib
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from bootrig.builder.artifact import Artifact
from bootrig.builder.plan import BuildPlan
from bootrig.recipe.build import BuildRecipe
from bootrig.recipe.roms import load_rom_recipe
from bootrig.store.content import Store
from tests.store.http_server import Resource, Server

Prepare = Callable[..., BuildPlan]

TREE = Path(__file__).parent / "etherboot"
POOL = "pool/main/s/standboot"
NIC_IDS = "10ec8029"
COMPRESS: Mapping[str, Callable[[bytes], bytes]] = {"gz": partial(gzip.compress, mtime=0), "xz": lzma.compress}


def iter_tree(top: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(top.rglob("*")):
        if path.is_file() and "bin" not in path.relative_to(top).parts:
            yield str(path.relative_to(top)), path.read_bytes()


def make_tarball(files: Mapping[str, bytes], compression: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), 1303128000
            archive.addfile(entry, io.BytesIO(content))
    # gzip writes the time of packing into its header, from which every digest of the package would depend.
    return COMPRESS[compression](stream.getvalue())


def make_source_package(changed: Mapping[str, bytes | None] | None = None) -> dict[str, bytes]:
    """Return the files of the source package by their names, the .dsc first.

    Args:
        changed: files of the tree that are other than in the tree, None for those that are not there.
    """
    whole: dict[str, bytes | None] = {**dict(iter_tree(TREE)), **(changed or {})}
    tree = {name: content for name, content in whole.items() if content is not None}
    upstream = {f"standboot-1.0/{name}": c for name, c in tree.items() if not name.startswith("debian/")}
    packaging = {name: content for name, content in tree.items() if name.startswith("debian/")}
    tarballs = {
        "standboot_1.0.orig.tar.gz": make_tarball(upstream, "gz"),
        "standboot_1.0-2.debian.tar.xz": make_tarball(packaging, "xz"),
    }
    return {"standboot_1.0-2.dsc": make_description(tarballs), **tarballs}


def make_description(tarballs: Mapping[str, bytes], form: str = "3.0 (quilt)") -> bytes:
    lines = [f"Format: {form}", "Source: standboot", "Binary: standboot", "Architecture: all", "Version: 1.0-2"]
    lines += ["Maintainer: bootrig tests <bootrig@example.org>"]
    for title, digest in (("Checksums-Sha1", "sha1"), ("Checksums-Sha256", "sha256"), ("Files", "md5")):
        lines.append(f"{title}:")
        lines += [f" {hashlib.new(digest, c).hexdigest()} {len(c)} {name}" for name, c in tarballs.items()]
    return ("\n".join(lines) + "\n").encode()


def serve(server: Server, package: Mapping[str, bytes]) -> None:
    for name, content in package.items():
        server.resources[f"/debian/{POOL}/{name}"] = Resource(content)


def recipe_text(package: Mapping[str, bytes], *, build: str = "", rom: str = "") -> str:
    """Return the recipe `standboot` of a source package, with further lines in its build table and its ROM table."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in package.items()}
    description, *others = package
    text = f"""
name = "standboot"
title = "A stand-in for a boot ROM"
version = "1.0-2"
origin = "tests"
licence = "0BSD"

[source]
kind = "debian-source"
pool_path = "{POOL}/{description}"
sha256 = "{digests[description]}"
"""
    for name in others:
        text += f'\n[[source.file]]\nname = "{name}"\nsha256 = "{digests[name]}"\nlength = {len(package[name])}\n'
    directory = "" if "directory =" in build else 'directory = "src"\n'
    text += f'\n[build]\n{directory}tools = ["gcc", "ld", "objcopy", "make"]\nheaders = ["stdio.h"]\n{build}\n'
    return text + f'\n[[rom]]\nname = "efi-ne2k_pci.rom"\nimages = ["bin/{NIC_IDS}.rom"]\n{rom}\n'


def write_recipe(directory: Path, text: str) -> Path:
    path = directory / "roms" / "standboot.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def load_build(path: Path) -> BuildRecipe:
    recipe = load_rom_recipe(str(path))
    assert isinstance(recipe, BuildRecipe)
    return recipe


def read_rom(artifact: Artifact, store: Store) -> bytes:
    return store.read(artifact.digests["efi-ne2k_pci.rom"]) or b""
