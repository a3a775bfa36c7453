"""Build recipes: what is built from source, with which configuration, and how the results are joined."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from bootrig.document.toml import TableReader
from bootrig.recipe.recipe import Recipe
from bootrig.recipe.source import (
    FILE_NAME,
    RELATIVE_PATH,
    SNAPSHOT_OF_TIME,
    Source,
    SourceFile,
    SourceKind,
    read_archive,
    read_debian_file,
    read_sha256,
)

IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
TOOL_NAME = r"[A-Za-z0-9][A-Za-z0-9+._-]*"
IDS_IN_NAME = re.compile(r"(?:^|/)([0-9a-f]{4})([0-9a-f]{4})\.[a-z]+$")
DEADLINE_S = 3600.0
LARGEST_BAR = 1 << 24

Define = bool | int | str


@dataclass(frozen=True, slots=True)
class Target:
    """One file that a build makes.

    Attributes:
        name: its name in the artifact: `efi-e1000.rom`, `bios-256k.bin`.
        images: the files that make leaves, below the directory it runs in; several are joined to one ROM.
        make: what make is asked for, the images by default.
        vendor_id: PCI vendor ID of an EFI image, None where no image needs one.
        device_id: PCI device ID of an EFI image.
        length: to how many bytes it is padded, None for not at all.
        maximum_bar: the largest ROM BAR in bytes that it may need, None for any.
    """

    name: str
    images: tuple[str, ...]
    make: tuple[str, ...]
    vendor_id: int | None = None
    device_id: int | None = None
    length: int | None = None
    maximum_bar: int | None = None

    @property
    def stem(self) -> str:
        """The name between prefix and suffix, as for a ROM file: `e1000`."""
        return self.name.rpartition(".")[0].partition("-")[2]


@dataclass(frozen=True, slots=True)
class BuildInstructions:
    """How a source becomes files.

    Attributes:
        directory: where make runs, below the source.
        patches: applied in this order, after those of a Debian source package.
        configuration: macros by header, below the directory; True defines, False undefines, anything else is the value.
        settings: a file of `NAME=value` lines that is written before make runs (Kconfig's .config), by its name.
        prepare: targets that make makes one after the other before the others.
        arguments: further arguments of make: `CONFIG=qemu`.
        version_variable: the variable of make that holds the version; where a tree is built that has a history, it is
            given the version by that. Empty for none.
        embedded_script: given to make as EMBED, None for none.
        trusted: certificates, given to make as TRUST.
        tools: programs that are needed.
        headers: C headers of the host that are needed.
        source_date: SOURCE_DATE_EPOCH, seconds since 1970; by default the date of the Debian changelog, else 0.
        deadline_s: how long make may take.
        targets: what is made.
    """

    directory: str
    patches: tuple[Path, ...]
    configuration: Mapping[str, Mapping[str, Define]]
    settings: Mapping[str, Mapping[str, Define]]
    prepare: tuple[str, ...]
    arguments: tuple[str, ...]
    version_variable: str
    embedded_script: Path | None
    trusted: tuple[Path, ...]
    tools: tuple[str, ...]
    headers: tuple[str, ...]
    source_date: int | None
    deadline_s: float
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class BuildRecipe(Recipe):
    """What is built from source.

    Attributes:
        instructions: how.
    """

    instructions: BuildInstructions

    @property
    def rom_names(self) -> tuple[str, ...]:
        """The names of the files that it makes."""
        return tuple(target.name for target in self.instructions.targets)


def read_build_source(table: TableReader, kind: SourceKind, directory: Path) -> Source:
    """Read a `source` table of a kind that can be built; relative paths start at `directory`."""
    if kind is SourceKind.DEBIAN_SOURCE:
        return Source(kind, _read_debian_source(table))
    if kind is SourceKind.ARCHIVE:
        archive = read_archive(table)
        if archive.sha256 is None:
            table.add_problem("sha256", "missing; a source that is built has to be pinned")
        return Source(kind, (archive,))
    if kind is SourceKind.GIT:
        repository = table.string(
            "repository", pattern=r"(https?|git|ssh|file)://\S+", expected="the address of a repository"
        )
        commit = table.string("commit", pattern=r"[0-9a-f]{40}", expected="the 40 hexadecimal digits of a commit")
        return Source(kind, repository=repository, commit=commit)
    if kind is SourceKind.DIRECTORY:
        named = directory / table.string("path")
        if not named.is_dir():
            table.add_problem("path", f"there is no directory {named}")
        return Source(kind, directory=named)
    table.add_problem("kind", f'found "{kind}", which is not built from source')
    return Source(kind)


def _read_debian_source(table: TableReader) -> tuple[SourceFile, ...]:
    """Read a Debian source package: the .dsc, and `file` tables for the others, which are beside it in the pool."""
    description = read_debian_file(table)
    folder = (description.pool_path or "").rpartition("/")[0]
    time = table.optional_string("snapshot", pattern=r"\d{8}T\d{6}Z", expected="a time such as 20250801T000000Z")
    files = [description]
    for file in table.tables("file", required=True):
        name = file.string("name", pattern=FILE_NAME, expected="a file name")
        length = file.optional_integer("length", minimum=1)
        files.append(SourceFile(name, read_sha256(file), length, f"{folder}/{name}"))
    if time is None:
        return tuple(files)
    return tuple(
        replace(file, addresses=(*file.addresses, f"{SNAPSHOT_OF_TIME}{time}/{file.pool_path}")) for file in files
    )


def read_instructions(table: TableReader, targets: tuple[TableReader, ...], directory: Path) -> BuildInstructions:
    """Read a `build` table and the tables of its targets; relative paths start at `directory`."""
    script = table.optional_string("embedded_script")
    return BuildInstructions(
        directory=table.string("directory", ".", pattern=rf"\.|{RELATIVE_PATH}", expected="a relative path"),
        patches=_read_paths(table, "patches", directory),
        configuration=_read_defines(table, "configuration"),
        settings=_read_defines(table, "settings"),
        prepare=table.strings("prepare", ()),
        arguments=table.strings("arguments", ()),
        version_variable=table.string(
            "version_variable", "", pattern=f"({IDENTIFIER})?", expected="the name of a variable of make"
        ),
        embedded_script=_require_file(table, "embedded_script", directory / script) if script else None,
        trusted=_read_paths(table, "trusted", directory),
        tools=table.strings("tools", ("gcc", "make"), pattern=TOOL_NAME, expected="the name of a program"),
        headers=table.strings("headers", (), pattern=RELATIVE_PATH, expected="a header as #include names it"),
        source_date=table.optional_integer("source_date", minimum=0),
        deadline_s=table.number("deadline_s", DEADLINE_S, minimum=1.0),
        targets=tuple(_read_target(target) for target in targets),
    )


def _read_paths(table: TableReader, key: str, directory: Path) -> tuple[Path, ...]:
    return tuple(_require_file(table, key, directory / name) for name in table.strings(key, ()))


def _require_file(table: TableReader, key: str, path: Path) -> Path:
    if not path.is_file():
        table.add_problem(key, f"there is no file {path}")
    return path


def _read_defines(table: TableReader, key: str) -> Mapping[str, Mapping[str, Define]]:
    """Read macros by file: `[build.configuration."config/general.h"]`."""
    files: dict[str, Mapping[str, Define]] = {}
    for name, file in table.named_tables(key):
        defines: dict[str, Define] = {}
        for macro in file.keys:
            value = file.free_value(macro)
            if not re.fullmatch(IDENTIFIER, macro):
                file.add_problem(macro, "expected the name of a macro")
            elif not isinstance(value, bool | int | str):
                file.add_problem(macro, "expected a boolean, an integer or a string")
            else:
                defines[macro] = value
        files[name] = MappingProxyType(defines)
        if not re.fullmatch(RELATIVE_PATH, name):
            table.add_problem(key, f'"{name}" is not a relative path')
    return MappingProxyType(files)


def _read_target(table: TableReader) -> Target:
    images = table.strings("images", pattern=RELATIVE_PATH, expected="a relative path")
    if not images and "images" in table:
        table.add_problem("images", "found an empty array, expected at least one file")
    found = next((match for match in map(IDS_IN_NAME.search, images) if match), None)
    target = Target(
        name=table.string("name", pattern=FILE_NAME, expected="a file name"),
        images=images,
        make=table.strings("make", images),
        vendor_id=_read_id(table, "vendor_id", int(found[1], 16) if found else None),
        device_id=_read_id(table, "device_id", int(found[2], 16) if found else None),
        length=table.optional_integer("length", minimum=512, maximum=LARGEST_BAR),
        maximum_bar=table.optional_integer("maximum_bar", minimum=2048, maximum=LARGEST_BAR),
    )
    if target.vendor_id is None and any(image.endswith(".efidrv") for image in images):
        table.add_problem("vendor_id", "missing; an EFI image needs one, and the names of the images say none")
    return target


def _read_id(table: TableReader, key: str, default: int | None) -> int | None:
    found = table.optional_integer(key, minimum=0, maximum=0xFFFF)
    return default if found is None else found
