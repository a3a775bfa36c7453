"""Members of packages and archives, read one after the other and never unpacked to the disk."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO, cast

from bootrig.store.errors import ArchiveError

DEBIAN_MAGIC = b"!<arch>\n"
COMPRESSION: Mapping[bytes, Callable[[Path], gzip.GzipFile | lzma.LZMAFile | bz2.BZ2File]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"BZh": bz2.BZ2File,
}
TAR_MAGIC, TAR_MAGIC_OFFSET = b"ustar", 257
TAR_START_LENGTH = TAR_MAGIC_OFFSET + len(TAR_MAGIC)

DAMAGED = (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, OSError, ValueError)


def is_archive(path: Path) -> bool:
    """Return whether a file starts as a Debian package or a (compressed) tar archive does.

    What is compressed and ends before a tar archive can be told from anything else counts as one.

    Raises:
        ArchiveError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(TAR_START_LENGTH)
        if start.startswith(DEBIAN_MAGIC):
            return True
        opener = next((opener for magic, opener in COMPRESSION.items() if start.startswith(magic)), None)
        if opener is not None:
            with opener(path) as inside:
                start = inside.read(TAR_START_LENGTH)
    except (EOFError, lzma.LZMAError, zlib.error):
        return True
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror or error}") from error
    return start[TAR_MAGIC_OFFSET:] == TAR_MAGIC


def find_members(path: Path, wanted: Mapping[str, int], *, name: str = "") -> dict[str, tuple[str, bytes]]:
    """Return those regular members of a package or archive that have a wanted digest, whatever their paths are.

    Only members of a wanted length are read and hashed; reading ends when all have been found.

    Args:
        path: a Debian binary package or a tar archive, compressed or not.
        wanted: length in bytes by SHA-256.
        name: what the file is called in messages; its own name by default.

    Returns:
        Path in the archive and content, by SHA-256.

    Raises:
        ArchiveError: it is truncated, damaged or no archive.
    """
    found: dict[str, tuple[str, bytes]] = {}
    lengths = set(wanted.values())
    name = name or path.name
    try:
        with _open_tar(path, name) as archive:
            for entry in archive:
                if len(found) == len(wanted):
                    break
                if not entry.isreg() or entry.size not in lengths:
                    continue
                member = archive.extractfile(entry)
                content = member.read() if member else b""
                digest = sha256(content).hexdigest()
                if digest in wanted:
                    found[digest] = (entry.name.removeprefix("./"), content)
    except ArchiveError:
        raise
    except DAMAGED as error:
        raise ArchiveError(f"{name} is truncated or damaged: {error}") from error
    return found


@contextmanager
def _open_tar(path: Path, name: str) -> Iterator[tarfile.TarFile]:
    """Yield the tar archive that a file is, or that a Debian binary package has its files in (deb(5))."""
    with path.open("rb") as stream:
        magic = stream.read(len(DEBIAN_MAGIC))
        stream.seek(0)
        if magic != DEBIAN_MAGIC:
            with tarfile.open(fileobj=stream, mode="r|*") as archive:
                yield archive
            return
        with tarfile.open(fileobj=_open_data(stream, name), mode="r|*") as archive:
            yield archive


def _open_data(stream: BinaryIO, name: str) -> IO[bytes]:
    """Return the data.tar member of a Debian binary package."""
    from debian.arfile import ArError, ArFile  # noqa: PLC0415 - a tenth of a second to import

    try:
        package = ArFile(fileobj=stream)
        data = next((entry for entry in package.getmembers() if entry.name.startswith("data.tar")), None)
    except ArError as error:
        raise ArchiveError(f"{name} is truncated or damaged: {error}") from error
    if data is None:
        raise ArchiveError(f"{name} is a Debian package without data")
    return cast(IO[bytes], data)
