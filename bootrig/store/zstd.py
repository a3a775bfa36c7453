"""Reading what is compressed by Zstandard (RFC 8878), by the library that the extra `archives` installs."""

from typing import IO

from bootrig.store.errors import ArchiveError

# What a decompressor may keep of what it has unpacked: as much as `zstd` itself takes without being asked to.
WINDOW_LARGEST = 128 << 20


class ZstdStream:
    """The decompressed content of a stream, whose errors are those of damaged data."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        """Begin to read; messages call the file `name`.

        Raises:
            ArchiveError: the library is not installed.
        """
        try:
            import zstandard  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ArchiveError(
                f"{name} is compressed by zstd, and zstandard, which reads that, is not installed",
                remedy="pip install 'bootrig[archives]', or python3-zstandard of Debian",
            ) from error
        self._error = zstandard.ZstdError
        decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW_LARGEST)
        self._reader = decompressor.stream_reader(stream, read_across_frames=True, closefd=False)

    def read(self, length: int = -1) -> bytes:
        """Read as a file does.

        Raises:
            ValueError: it is damaged.
        """
        try:
            return self._reader.read(length)
        except self._error as error:
            raise ValueError(str(error)) from error
