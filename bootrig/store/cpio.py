"""Members of cpio archives, read one after the other.

Source: cpio(5), "New ASCII Format": each member begins with 110 bytes, whose numbers have 8 hexadecimal
digits; the header with the name and the content are padded to 4 bytes each.
"""

import stat
from collections.abc import Callable, Iterator

MAGICS = (b"070701", b"070702")
HEADER_LENGTH = 110
ALIGNMENT = 4
NAME_LARGEST = 1 << 16
END = "TRAILER!!!"
CHUNK_LENGTH = 1 << 20

_MODE, _FILE_LENGTH, _NAME_LENGTH = 1, 6, 11


def iter_cpio(read: Callable[[int], bytes]) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Yield path, length and content of the regular files; a content can be read until the next file is asked for.

    `read` returns as many bytes as it is asked for, fewer at the end.

    Raises:
        ValueError: a header is damaged.
        EOFError: the archive ends inside a member, or without its last one.
    """
    while True:
        header = _read_whole(read, HEADER_LENGTH)
        if header[:6] not in MAGICS:
            raise ValueError(f"found {header[:6]!r} where a member of a cpio archive begins")
        numbers = [int(header[start : start + 8], 16) for start in range(6, HEADER_LENGTH, 8)]
        name_length, length = numbers[_NAME_LENGTH], numbers[_FILE_LENGTH]
        if name_length > NAME_LARGEST:
            raise ValueError(f"{name_length} bytes in the name of a member")
        padded = name_length + -(HEADER_LENGTH + name_length) % ALIGNMENT
        name = _read_whole(read, padded)[:name_length].rstrip(b"\0").decode("utf-8", "replace")
        if name == END:
            return
        content = _Content(read, length)
        if stat.S_ISREG(numbers[_MODE]):
            yield name, length, content.take
        content.skip()


class _Content:
    """The content of one member, of which what is not taken is passed over."""

    def __init__(self, read: Callable[[int], bytes], length: int) -> None:
        self._read = read
        self._length = length
        self._left = length + -length % ALIGNMENT

    def take(self) -> bytes:
        """Return the content, once."""
        content = _read_whole(self._read, self._left)[: self._length]
        self._left = 0
        return content

    def skip(self) -> None:
        """Pass over what was not taken."""
        while self._left:
            self._left -= len(_read_whole(self._read, min(self._left, CHUNK_LENGTH)))


def _read_whole(read: Callable[[int], bytes], length: int) -> bytes:
    """Return exactly `length` bytes, read in pieces: a claim alone takes no memory."""
    pieces: list[bytes] = []
    missing = length
    while missing:
        piece = read(min(missing, CHUNK_LENGTH))
        if not piece:
            raise EOFError("it ends inside a member")
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
