"""Members of packages and archives, read one after the other and never unpacked to the disk."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO, Self, cast

from bootrig.givenfile import show_length
from bootrig.store.errors import ArchiveError

DEBIAN_MAGIC = b"!<arch>\n"
COMPRESSION: Mapping[bytes, Callable[[IO[bytes]], gzip.GzipFile | lzma.LZMAFile | bz2.BZ2File]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"BZh": bz2.BZ2File,
}
COMPRESSION_MAGIC_LENGTH = max(map(len, COMPRESSION))
TAR_MAGIC, TAR_MAGIC_OFFSET = b"ustar", 257
TAR_BLOCK_LENGTH = 512
CHUNK_LENGTH = 1 << 20
# What an archive may unpack to, and the header of a member that says more than the block of one (a long name).
UNPACKED_LARGEST = 16 << 30
HEADER_LARGEST = 1 << 20
# So often tarfile asks beyond the end of a whole archive that lacks its last blocks, at most.
ENDS_READ = 8
TAR_START_LENGTH = TAR_MAGIC_OFFSET + len(TAR_MAGIC)

DAMAGED = (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, OSError, ValueError)


def is_archive(path: Path) -> bool:
    """Return whether a file starts as a Debian package or a (compressed) tar archive does.

    What is compressed and too short to be recognised as a tar archive counts as one.

    Raises:
        ArchiveError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            if stream.read(len(DEBIAN_MAGIC)) == DEBIAN_MAGIC:
                return True
            stream.seek(0)
            start = _decompressed(stream).read(TAR_START_LENGTH)
    except (EOFError, lzma.LZMAError, zlib.error):
        return True
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror or error}") from error
    return start[TAR_MAGIC_OFFSET:] == TAR_MAGIC


def find_members(path: Path, wanted: Mapping[str, int], *, name: str = "") -> dict[str, tuple[str, bytes]]:
    """Return path and content of the regular members of a package or archive that are wanted, by their SHA-256.

    `wanted` has the lengths in bytes by SHA-256: only members of these lengths are read and hashed, until all have been
    found. Messages call the file `name`.

    Raises:
        ArchiveError: it is truncated, damaged or no archive.
    """
    found: dict[str, tuple[str, bytes]] = {}
    name = name or path.name
    lengths = set(wanted.values())
    try:
        with path.open("rb") as stream:
            tail = _Tail(_decompressed(_open_data(stream, name)))
            with tarfile.open(fileobj=cast(IO[bytes], tail), mode="r|", tarinfo=_Entry) as archive:
                for entry in archive:
                    if entry.isreg() and entry.size in lengths and (member := archive.extractfile(entry)):
                        content = member.read()
                        digest = sha256(content).hexdigest()
                        if digest in wanted:
                            found[digest] = (entry.name.removeprefix("./"), content)
                    if len(found) == len(wanted):
                        return found
            tail.require_end()
    except ArchiveError:
        raise
    except DAMAGED as error:
        raise ArchiveError(f"{name} is truncated or damaged: {error}") from error
    return found


class _Entry(tarfile.TarInfo):
    """A header, which is refused where it makes tarfile read a name of any length into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read a header as tarfile does."""
        entry = super().frombuf(buf, encoding, errors)
        if not entry.isreg() and entry.size > HEADER_LARGEST:
            raise ValueError(f"{entry.size} bytes in the header of a member")
        return entry


class _Tail:
    """A stream that is read through and remembers its last block.

    It is not read without end: neither a bomb, nor for a member that claims more bytes than there are.

    tarfile takes an archive that ends between two members for a whole one; a whole one ends in blocks of zeros
    (POSIX.1-2017, pax, "ustar Interchange Format").
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._last = b""
        self._length = 0
        self._ends = 0

    def read(self, length: int) -> bytes:
        """Read as the stream does.

        Raises:
            EOFError: a member claims more bytes than there are.
            ValueError: it unpacks to too many bytes.
        """
        content = self._stream.read(length)
        self._length += len(content)
        self._ends += not content
        if self._ends > ENDS_READ:
            raise EOFError("it ends inside a member")
        if self._length > UNPACKED_LARGEST:
            raise ValueError(f"it unpacks to more than {show_length(UNPACKED_LARGEST)}")
        self._last = (self._last + content)[-TAR_BLOCK_LENGTH:]
        return content

    def require_end(self) -> None:
        """Read to the end, where the decompressors check what they check there.

        Raises:
            EOFError: the stream ends before its time.
        """
        while self.read(CHUNK_LENGTH):
            pass
        if self._last != bytes(TAR_BLOCK_LENGTH):
            raise EOFError("it ends without the end of a tar archive")


def _decompressed(stream: IO[bytes]) -> IO[bytes]:
    """Return a stream's decompressed content, or the stream itself where it is not compressed."""
    start = stream.read(COMPRESSION_MAGIC_LENGTH)
    stream.seek(0)
    opener = next((opener for magic, opener in COMPRESSION.items() if start.startswith(magic)), None)
    return cast(IO[bytes], opener(stream)) if opener else stream


def _open_data(stream: BinaryIO, name: str) -> IO[bytes]:
    """Return the data.tar member of a Debian binary package (deb(5)), or the stream itself where it is another file."""
    magic = stream.read(len(DEBIAN_MAGIC))
    stream.seek(0)
    if magic != DEBIAN_MAGIC:
        return stream
    from debian.arfile import ArError, ArFile  # noqa: PLC0415 - a tenth of a second to import

    try:
        package = ArFile(fileobj=stream)
        data = next((entry for entry in package.getmembers() if entry.name.startswith("data.tar")), None)
    except ArError as error:
        raise ArchiveError(f"{name} is truncated or damaged: {error}") from error
    if data is None:
        raise ArchiveError(f"{name} is a Debian package without data")
    if not data.name.endswith((".tar", ".gz", ".xz", ".bz2")):
        raise ArchiveError(f"{name} has its files in {data.name}, a compression that cannot be read")
    return cast(IO[bytes], data)
