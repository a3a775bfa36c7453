"""Sources: files from outside, each pinned by its hash, with every way to obtain it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bootrig.document.toml import TableReader

SHA256 = r"[0-9a-f]{64}"
SHA256_DIGITS = "64 hexadecimal digits"
SHA1 = r"[0-9a-f]{40}"
RELATIVE_PATH = r"(?!/)(?!.*(^|/)\.\.?(/|$))[^\\\0]+"
FILE_NAME = r"(?!\.)[^/\\\0]+"
SNAPSHOT = "https://snapshot.debian.org/file/"
SNAPSHOT_OF_TIME = "https://snapshot.debian.org/archive/debian/"


def read_sha256(table: TableReader) -> str:
    """Read the digest that a table has to have."""
    return table.string("sha256", pattern=SHA256, expected=SHA256_DIGITS)


class SourceKind(StrEnum):
    """What a source is."""

    DEBIAN_PACKAGE = "debian-package"
    DEBIAN_SOURCE = "debian-source"
    ARCHIVE = "archive"
    GIT = "git"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file from outside.

    Attributes:
        file_name: its name at its origin.
        sha256: its SHA-256; None where only its members are pinned, each by its own.
        length: its length in bytes where that is known.
        pool_path: where a Debian mirror has it, below the mirror's own address; None for what is not from Debian.
        addresses: upstream addresses, tried in this order.
    """

    file_name: str
    sha256: str | None = None
    length: int | None = None
    pool_path: str | None = None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """From what files are obtained or built.

    Attributes:
        kind: what the source is.
        files: its files, each pinned; the .dsc first where it is a Debian source package.
        repository: the address of a git repository, empty otherwise.
        commit: the commit in it.
        directory: a directory of the user, None otherwise.
    """

    kind: SourceKind
    files: tuple[SourceFile, ...] = ()
    repository: str = ""
    commit: str = ""
    directory: Path | None = None


def read_debian_file(table: TableReader) -> SourceFile:
    """Read a file of the Debian archive: `pool_path`, `sha256`, `sha1`, `length`.

    The SHA-1 is only a name: snapshot.debian.org keeps every file under it; what it sends is compared with the SHA-256.
    """
    pool_path = table.string("pool_path", pattern=RELATIVE_PATH, expected="a path below a Debian mirror")
    sha1 = table.optional_string("sha1", pattern=SHA1, expected="40 hexadecimal digits")
    return SourceFile(
        file_name=pool_path.rpartition("/")[2],
        sha256=read_sha256(table),
        length=table.optional_integer("length", minimum=1),
        pool_path=pool_path,
        addresses=((f"{SNAPSHOT}{sha1}",) if sha1 else ()) + table.strings("addresses", ()),
    )


def read_archive(table: TableReader) -> SourceFile:
    """Read an archive of an upstream: `addresses`, and where they are known `sha256` and `length`.

    One that is nowhere to be downloaded has a `file_name` instead of addresses: the store has it, or its members.
    """
    is_named = "file_name" in table
    address = r"https?://.+/[^/]+"
    addresses = table.strings(
        "addresses", () if is_named else None, pattern=address, expected="an http or https address of a file"
    )
    file_name = addresses[0].rpartition("/")[2] if addresses else None
    return SourceFile(
        file_name=table.string("file_name", None if is_named else file_name, pattern=FILE_NAME, expected="a file name"),
        sha256=table.optional_string("sha256", pattern=SHA256, expected=SHA256_DIGITS),
        length=table.optional_integer("length", minimum=1),
        addresses=addresses,
    )
