"""Members of packages (deb, rpm) and tar archives, read one after the other and never unpacked to the disk."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO, Self, cast

from bootrig.givenfile import show_length
from bootrig.store.cpio import iter_cpio
from bootrig.store.errors import ArchiveError
from bootrig.store.rpm import RPM_MAGIC, skip_headers
from bootrig.store.zstd import ZstdStream

DEBIAN_MAGIC = b"!<arch>\n"
COMPRESSION: Mapping[bytes, Callable[[IO[bytes]], gzip.GzipFile | lzma.LZMAFile | bz2.BZ2File]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"BZh": bz2.BZ2File,
}
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
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


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file of a package or archive; its content can be read until the next member is asked for.

    Attributes:
        path: its path, without `./` at the beginning.
        length: its length in bytes, as the archive claims it.
        archive: the archive's name in messages.
        take: returns its content, and raises what the archive's reader does.
    """

    path: str
    length: int
    archive: str
    take: Callable[[], bytes]

    def read(self) -> bytes:
        """Return its content.

        Raises:
            ArchiveError: the archive is truncated or damaged.
        """
        with _translated(self.archive):
            return self.take()


def is_archive(path: Path) -> bool:
    """Return whether a file starts as a Debian package, an RPM package or a (compressed) tar archive does.

    What is compressed and too short to be recognised as a tar archive counts as one.

    Raises:
        ArchiveError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            magic = stream.read(len(DEBIAN_MAGIC))
            if magic == DEBIAN_MAGIC or magic.startswith(RPM_MAGIC):
                return True
            stream.seek(0)
            unpacked = _decompressed(stream, str(path))
            start = unpacked.read(TAR_START_LENGTH)
    except (EOFError, lzma.LZMAError, zlib.error, ValueError):
        return True
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror or error}") from error
    # where the end is missing zstandard does not say so
    is_short = isinstance(unpacked, ZstdStream) and len(start) < TAR_START_LENGTH
    return is_short or start[TAR_MAGIC_OFFSET:] == TAR_MAGIC


def iter_members(path: Path, *, name: str = "") -> Generator[Member, None, None]:
    """Yield the regular members of a package or archive, in its order. Messages call the file `name`.

    Raises:
        ArchiveError: it is truncated, damaged or not an archive, or what reads its compression is not installed.
    """
    name = name or path.name
    with _translated(name), path.open("rb") as stream:
        if stream.read(len(RPM_MAGIC)) == RPM_MAGIC:
            skip_headers(stream)
            yield from _iter_cpio_members(_Tail(_decompressed(stream, name)), name)
            return
        stream.seek(0)
        tail = _Tail(_decompressed(_open_data(stream, name), name))
        with tarfile.open(fileobj=cast(IO[bytes], tail), mode="r|", tarinfo=_Entry) as archive:
            for entry in archive:
                if entry.isreg() and (member := archive.extractfile(entry)):
                    yield Member(entry.name.removeprefix("./"), entry.size, name, member.read)
        tail.require_end()


def find_members(path: Path, wanted: Mapping[str, int], *, name: str = "") -> dict[str, tuple[str, bytes]]:
    """Return path and content of the regular members of a package or archive that are wanted, by their SHA-256.

    `wanted` has the lengths in bytes by SHA-256: only members of these lengths are read and hashed, until all have been
    found. Messages call the file `name`.

    Raises:
        ArchiveError: as `iter_members`.
    """
    found: dict[str, tuple[str, bytes]] = {}
    lengths = set(wanted.values())
    with closing(iter_members(path, name=name)) as members:
        for member in members:
            if member.length in lengths:
                content = member.read()
                digest = sha256(content).hexdigest()
                if digest in wanted:
                    found[digest] = (member.path, content)
            if len(found) == len(wanted):
                break
    return found


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turn what the readers of damaged archives raise into errors of the archive `name`."""
    try:
        yield
    except ArchiveError:
        raise
    except DAMAGED as error:
        raise ArchiveError(f"{name} is truncated or damaged: {error}") from error


def _iter_cpio_members(tail: "_Tail", name: str) -> Iterator[Member]:
    """Yield the regular files of a cpio archive, and read it to its end."""
    for path, length, take in iter_cpio(tail.read):
        yield Member(path.removeprefix("./"), length, name, take)
    while tail.read(CHUNK_LENGTH):
        pass


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


def _decompressed(stream: IO[bytes], name: str) -> IO[bytes]:
    """Return a stream's decompressed content, or the stream itself where it is not compressed."""
    place = stream.tell()
    start = stream.read(COMPRESSION_MAGIC_LENGTH)
    stream.seek(place)
    if start.startswith(ZSTD_MAGIC):
        return cast(IO[bytes], ZstdStream(stream, name))
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
    if not data.name.endswith((".tar", ".gz", ".xz", ".bz2", ".zst")):
        raise ArchiveError(f"{name} has its files in {data.name}, a compression that cannot be read")
    return cast(IO[bytes], data)
