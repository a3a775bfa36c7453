"""UEFI compression: packing.

The output has the bits that EDK2's `EfiCompress` (and `EfiRom`, and iPXE's `efirom`) writes for the same input. That
takes more than a right stream: the same match finder with the same ties (`match_tree`), the same lazy matching, blocks
that end at the same symbols, and Huffman codes with the same ties (`huffman`). Format: see `compression`.
"""

from firmware.efi.compression import (
    CHARACTER_CODES,
    CHARACTER_COUNT_BITS,
    EXTRA_CODES,
    EXTRA_COUNT_BITS,
    LITERALS,
    POSITION_COUNT_BITS,
    THRESHOLD,
)
from firmware.efi.huffman import HuffmanCode, make_huffman_code
from firmware.efi.match_tree import WINDOW_LENGTH, MatchTree

# EDK2 collects symbols in 16 KiB: a literal takes one byte, a match three, and each group of eight one more. A block
# ends at the first group that might not fit.
_BLOCK_LENGTH = 16 * 1024
_GROUP = 8
_GROUP_RESERVE = 3 * _GROUP
_POSITION_CODES = WINDOW_LENGTH.bit_length()


def compress(content: bytes) -> bytes:
    """Return `content` in UEFI compression, with its two length words, as EDK2 would."""
    writer = _BitWriter()
    block = _Block(writer)
    _find_symbols(content, block)
    block.write()
    packed = writer.finish()
    return len(packed).to_bytes(4, "little") + len(content).to_bytes(4, "little") + packed


def _find_symbols(content: bytes, block: "_Block") -> None:
    """Add the literals and matches of `content` to `block`.

    A match is taken when the one at the next byte is not longer; otherwise its first byte is a literal.
    """
    tree = MatchTree(content)
    end = len(content)
    position = 0
    tree.insert(0)
    tree.match_length = min(tree.match_length, end)
    while position < end:
        length, distance = tree.match_length, position - tree.match_position
        position += 1
        tree.insert(position)
        tree.match_length = min(tree.match_length, end - position)
        if tree.match_length > length or length < THRESHOLD:
            block.add_literal(content[position - 1])
            continue
        block.add_match(length, distance)
        for _ in range(length - 1):
            position += 1
            tree.insert(position)
        tree.match_length = min(tree.match_length, end - position)


class _BitWriter:
    """Collects bits, most significant first."""

    def __init__(self) -> None:
        self.chunks: list[str] = []

    def put(self, count: int, value: int) -> None:
        """Append the lowest `count` bits of `value`."""
        if count:
            self.chunks.append(format(value, f"0{count}b"))

    def finish(self) -> bytes:
        """Return all bits, filled up to a whole byte, and the NUL byte that EDK2 adds."""
        bits = "".join(self.chunks)
        count = -(-len(bits) // 8)
        return int(bits.ljust(count * 8, "0") or "0", 2).to_bytes(count, "big") + b"\0"


class _Block:
    """The symbols of one block, and how often each occurs."""

    def __init__(self, writer: _BitWriter) -> None:
        self.writer = writer
        self._clear()

    def _clear(self) -> None:
        self.symbols: list[tuple[int, int]] = []
        self.buffer_length = 0
        self.characters = [0] * CHARACTER_CODES
        self.positions = [0] * _POSITION_CODES

    def _add(self, symbol: int, position: int, length: int) -> None:
        if len(self.symbols) % _GROUP == 0:
            if self.buffer_length >= _BLOCK_LENGTH - _GROUP_RESERVE:
                self.write()
            self.buffer_length += 1
        self.symbols.append((symbol, position))
        self.characters[symbol] += 1
        self.buffer_length += length

    def add_literal(self, byte: int) -> None:
        """Add one byte as it is."""
        self._add(byte, 0, 1)

    def add_match(self, length: int, distance: int) -> None:
        """Add a copy of `length` bytes from `distance` bytes back."""
        self._add(length + LITERALS - THRESHOLD, distance - 1, 3)
        self.positions[(distance - 1).bit_length()] += 1

    def write(self) -> None:
        """Write the block and begin the next one."""
        put = self.writer.put
        characters = make_huffman_code(self.characters)
        put(16, len(self.symbols))
        if characters.only_symbol is None:
            self._write_character_lengths(characters.lengths)
        else:
            put(EXTRA_COUNT_BITS, 0)
            put(EXTRA_COUNT_BITS, 0)
            put(CHARACTER_COUNT_BITS, 0)
            put(CHARACTER_COUNT_BITS, characters.only_symbol)
        positions = make_huffman_code(self.positions)
        self._write_lengths(positions, POSITION_COUNT_BITS, gap_after=-1)
        for symbol, position in self.symbols:
            put(characters.lengths[symbol], characters.codes[symbol])
            if symbol >= LITERALS:
                width = position.bit_length()
                put(positions.lengths[width], positions.codes[width])
                if width > 1:
                    put(width - 1, position & ((1 << (width - 1)) - 1))
        self._clear()

    def _write_lengths(self, code: HuffmanCode, count_bits: int, gap_after: int) -> None:
        """Write the lengths of `code` as they are; after number `gap_after`, two bits count lengths of 0."""
        put = self.writer.put
        if code.only_symbol is not None:
            put(count_bits, 0)
            put(count_bits, code.only_symbol)
            return
        lengths = _without_trailing_zeros(code.lengths)
        put(count_bits, len(lengths))
        index = 0
        while index < len(lengths):
            length = lengths[index]
            if length <= 6:
                put(3, length)
            else:
                put(length - 3, (1 << (length - 3)) - 2)
            index += 1
            if index == gap_after:
                while index < 6 and lengths[index] == 0:
                    index += 1
                put(2, (index - gap_after) & 3)

    def _write_character_lengths(self, all_lengths: list[int]) -> None:
        """Write the code lengths of literals and match lengths, coded themselves."""
        lengths = _without_trailing_zeros(all_lengths)
        tokens = list(_length_tokens(lengths))
        frequencies = [0] * EXTRA_CODES
        for symbol, _, _ in tokens:
            frequencies[symbol] += 1
        extra = make_huffman_code(frequencies)
        self._write_lengths(extra, EXTRA_COUNT_BITS, gap_after=3)
        put = self.writer.put
        put(CHARACTER_COUNT_BITS, len(lengths))
        for symbol, count, value in tokens:
            put(extra.lengths[symbol], extra.codes[symbol])
            put(count, value)


def _without_trailing_zeros(lengths: list[int]) -> list[int]:
    end = len(lengths)
    while end and lengths[end - 1] == 0:
        end -= 1
    return lengths[:end]


def _length_tokens(lengths: list[int]) -> list[tuple[int, int, int]]:
    """Return what encodes `lengths`: a symbol, and how many bits with which value follow it.

    Symbols 0, 1 and 2 are one zero, 3 to 18 zeros and 20 or more; 19 zeros are one and 18. The others are lengths + 2.
    """
    tokens: list[tuple[int, int, int]] = []
    index = 0
    while index < len(lengths):
        if lengths[index]:
            tokens.append((lengths[index] + 2, 0, 0))
            index += 1
            continue
        end = index
        while lengths[end] == 0:
            end += 1
        run = end - index
        index = end
        if run == 19:
            tokens += [(0, 0, 0), (1, 4, 15)]
        elif run <= 2:
            tokens += [(0, 0, 0)] * run
        elif run <= 18:
            tokens.append((1, 4, run - 3))
        else:
            tokens.append((2, CHARACTER_COUNT_BITS, run - 20))
    return tokens
