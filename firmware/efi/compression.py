"""UEFI compression: unpacking.

The format is LZ77 with a window of 8 KiB whose lengths and positions are Huffman-coded in blocks, after H. Okumura's
and H. Yoshizaki's ar002 and LHA's `-lh5-`, most significant bit first, behind two little-endian words: packed and
unpacked length. Source: UEFI Specification 2.10, 19.3 to 19.5.
"""

import struct
from array import array

from firmware.errors import FormatError

STRUCTURE_NAME = "UEFI compressed data"
HEADER_LENGTH = 8
UNPACKED_LENGTH_LIMIT = 16 * 1024 * 1024
"""What `decompress` accepts to make at most: 16 MiB, the largest ROM that PCI allows."""

LITERALS = 256
THRESHOLD = 3
LONGEST_MATCH = 256
CODE_BITS = 16
CHARACTER_CODES = LITERALS + LONGEST_MATCH + 1 - THRESHOLD
CHARACTER_COUNT_BITS = 9
EXTRA_CODES = CODE_BITS + 3
EXTRA_COUNT_BITS = 5
POSITION_COUNT_BITS = 4

_TABLE_LENGTH = 1 << CODE_BITS
_LENGTH_MASK = 31  # in an entry of a code table, which is (symbol << 5) | length


def decompress(content: bytes, *, limit: int = UNPACKED_LENGTH_LIMIT) -> bytes:
    """Return what was packed into `content`, which may have padding behind it.

    Args:
        content: UEFI compressed data with its two length words.
        limit: the most bytes to make.

    Raises:
        FormatError: the lengths are wrong or beyond `limit`, the data ends early, or its code tables are impossible.
    """
    packed_length, unpacked_length = _read_lengths(content)
    if unpacked_length > limit:
        reason = f"it says that it unpacks to {unpacked_length} bytes, at most {limit} are accepted"
        raise FormatError(STRUCTURE_NAME, 4, reason)
    stream = _BitStream(content[HEADER_LENGTH : HEADER_LENGTH + packed_length])
    output = bytearray()
    while len(output) < unpacked_length:
        _unpack_block(stream, output, unpacked_length)
    return bytes(output)


def _read_lengths(content: bytes) -> tuple[int, int]:
    """Return the packed length, without the two words that say so, and the unpacked length of `content`."""
    if len(content) < HEADER_LENGTH:
        raise FormatError(STRUCTURE_NAME, 0, f"{len(content)} bytes are left, its lengths alone have {HEADER_LENGTH}")
    packed_length = int.from_bytes(content[0:4], "little")
    left = len(content) - HEADER_LENGTH
    if packed_length > left:
        raise FormatError(STRUCTURE_NAME, 0, f"its packed length is {packed_length} bytes, {left} are left")
    return packed_length, int.from_bytes(content[4:8], "little")


class _BitStream:
    """Bits, most significant first.

    `windows[n]` is the 32 bits from bit 16 n on, so any 17 bits are one look-up and one shift away.
    """

    __slots__ = ("length", "position", "windows")

    def __init__(self, content: bytes) -> None:
        padded = content + bytes(10 - (len(content) & 1))
        words = len(padded) // 2
        even = struct.unpack(f">{words // 2}I", padded[: words // 2 * 4])
        odd = struct.unpack(f">{(words - 1) // 2}I", padded[2 : 2 + (words - 1) // 2 * 4])
        windows = array("I", bytes(4 * (len(even) + len(odd))))
        windows[0::2] = array("I", even)
        windows[1::2] = array("I", odd)
        self.windows = windows
        self.length = len(content) * 8
        self.position = 0

    def peek(self) -> int:
        """Return the next 16 bits without taking them."""
        position = self.position
        if position >= self.length + 16:
            raise self.ends_early()
        return (self.windows[position >> 4] >> (16 - (position & 15))) & 0xFFFF

    def take(self, count: int) -> int:
        """Return the next `count` bits, at most 16."""
        value = self.peek() >> (16 - count)
        self.position += count
        return value

    def require_inside(self) -> None:
        """Check that no bit was taken behind the end."""
        if self.position > self.length:
            raise self.ends_early()

    def ends_early(self) -> FormatError:
        """Return the error that says so."""
        return FormatError(STRUCTURE_NAME, HEADER_LENGTH + self.length // 8, "the data ends inside a block")

    def wrong(self, reason: str) -> FormatError:
        """Return an error with this place."""
        return FormatError(STRUCTURE_NAME, HEADER_LENGTH + self.position // 8, reason)


def _make_codes(lengths: list[int], stream: _BitStream) -> list[int]:
    """Return the canonical code with these `lengths` as a table: the next 16 bits lead to (symbol << 5) | length.

    Codes ascend by length, then by symbol, so the table is every symbol in that order as often as its code is short.
    """
    by_length: list[list[int]] = [[] for _ in range(CODE_BITS + 1)]
    for symbol, length in enumerate(lengths):
        if length > CODE_BITS:
            raise stream.wrong(f"a code length is {length}, at most {CODE_BITS} is possible")
        by_length[length].append(symbol)
    table: list[int] = []
    for length in range(1, CODE_BITS + 1):
        repeats = 1 << (CODE_BITS - length)
        for symbol in by_length[length]:
            table += [(symbol << 5) | length] * repeats
            if len(table) > _TABLE_LENGTH:
                raise stream.wrong("its code lengths claim more codes than there are")
    if len(table) != _TABLE_LENGTH:
        raise stream.wrong("its code lengths leave codes without a symbol")
    return table


def _read_only_symbol(stream: _BitStream, count_bits: int, symbols: int) -> list[int]:
    """Return the table of a single symbol's code, which takes no bits."""
    symbol = stream.take(count_bits)
    if symbol >= symbols:
        raise stream.wrong(f"its only symbol is {symbol}, {symbols} are possible")
    return [symbol << 5] * _TABLE_LENGTH


def _read_code_lengths(stream: _BitStream, symbols: int, count_bits: int, gap_after: int) -> list[int]:
    """Return a code whose lengths are in the stream as they are: 3 bits, or 7 and a run of ones.

    After the length number `gap_after`, two bits say how many lengths of 0 follow.
    """
    count = stream.take(count_bits)
    if count == 0:
        return _read_only_symbol(stream, count_bits, symbols)
    if count > symbols:
        raise stream.wrong(f"it has {count} code lengths, {symbols} are possible")
    lengths: list[int] = []
    while len(lengths) < count:
        length = stream.take(3)
        if length == 7:
            while stream.take(1):
                length += 1
        lengths.append(length)
        if len(lengths) == gap_after:
            lengths += [0] * stream.take(2)
    if len(lengths) > symbols:
        raise stream.wrong(f"it has {len(lengths)} code lengths, {symbols} are possible")
    return _make_codes(lengths, stream)


def _read_character_codes(stream: _BitStream, extra: list[int]) -> list[int]:
    """Return the code for literals and match lengths, whose own lengths are coded with `extra`."""
    count = stream.take(CHARACTER_COUNT_BITS)
    if count == 0:
        return _read_only_symbol(stream, CHARACTER_COUNT_BITS, CHARACTER_CODES)
    if count > CHARACTER_CODES:
        raise stream.wrong(f"it has {count} code lengths, {CHARACTER_CODES} are possible")
    lengths: list[int] = []
    while len(lengths) < count:
        entry = extra[stream.peek()]
        stream.position += entry & _LENGTH_MASK
        symbol = entry >> 5
        if symbol == 0:
            lengths.append(0)
        elif symbol == 1:
            lengths += [0] * (stream.take(4) + 3)
        elif symbol == 2:
            lengths += [0] * (stream.take(CHARACTER_COUNT_BITS) + 20)
        else:
            lengths.append(symbol - 2)
    if len(lengths) > CHARACTER_CODES:
        raise stream.wrong(f"it has {len(lengths)} code lengths, {CHARACTER_CODES} are possible")
    return _make_codes(lengths, stream)


def _unpack_block(stream: _BitStream, output: bytearray, unpacked_length: int) -> None:
    """Unpack one block of the stream to the end of `output`, at most to `unpacked_length`."""
    symbols = stream.take(16) or 0x10000
    extra = _read_code_lengths(stream, EXTRA_CODES, EXTRA_COUNT_BITS, gap_after=3)
    characters = _read_character_codes(stream, extra)
    positions = _read_code_lengths(stream, (1 << POSITION_COUNT_BITS) - 1, POSITION_COUNT_BITS, gap_after=-1)
    stream.require_inside()
    try:
        _unpack_symbols(stream, output, (symbols, unpacked_length), characters, positions)
    except IndexError:
        raise stream.ends_early() from None
    stream.require_inside()
    del output[unpacked_length:]


def _unpack_symbols(
    stream: _BitStream, output: bytearray, limits: tuple[int, int], characters: list[int], positions: list[int]
) -> None:
    """Unpack symbols to the end of `output` until a count of symbols or a length of output is reached.

    The loop that takes the time: local names, no calls but `append`, one look-up for each symbol.
    """
    symbols, unpacked_length = limits
    windows = stream.windows
    position = stream.position
    append = output.append
    for _ in range(symbols):
        entry = characters[(windows[position >> 4] >> (16 - (position & 15))) & 0xFFFF]
        position += entry & 31
        if entry < LITERALS << 5:
            append(entry >> 5)
            continue
        length = (entry >> 5) - (LITERALS - THRESHOLD)
        entry = positions[(windows[position >> 4] >> (16 - (position & 15))) & 0xFFFF]
        position += entry & 31
        distance = entry >> 5
        if distance > 1:
            extra_bits = distance - 1
            distance = 1
            if extra_bits > 16:
                distance = (1 << 16) | ((windows[position >> 4] >> (16 - (position & 15))) & 0xFFFF)
                extra_bits -= 16
                position += 16
            low = (windows[position >> 4] >> (32 - extra_bits - (position & 15))) & ((1 << extra_bits) - 1)
            distance = (distance << extra_bits) | low
            position += extra_bits
        start = len(output) - distance - 1
        if start < 0:
            stream.position = position
            stream.require_inside()
            raise stream.wrong(f"a match begins {distance + 1} bytes back, {len(output)} bytes are unpacked")
        if distance >= length:
            output += output[start : start + length]
        else:
            pattern = bytes(output[start:])
            output += (pattern * (length // len(pattern) + 1))[:length]
        if len(output) >= unpacked_length:
            break
    stream.position = position
