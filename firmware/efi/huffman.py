"""Huffman codes of at most 16 bits, with the ties of ar002 and so of EDK2.

Two builders of Huffman codes agree on the code's cost and not on its lengths: which of two equally rare symbols gets
the longer code depends on the order in which a heap hands them out. This heap does what those programs' heap does.
"""

from dataclasses import dataclass

CODE_LENGTH_LIMIT = 16


@dataclass(frozen=True, slots=True)
class HuffmanCode:
    """A code: each symbol's length and bits; or the only symbol, which takes no bits."""

    lengths: list[int]
    codes: list[int]
    only_symbol: int | None = None


def make_huffman_code(frequencies: list[int]) -> HuffmanCode:
    """Return the code for symbols that occur `frequencies` times; with fewer than two symbols, the only one (or 0)."""
    present = [symbol for symbol, frequency in enumerate(frequencies) if frequency]
    count = len(frequencies)
    if len(present) < 2:
        return HuffmanCode([0] * count, [0] * count, present[0] if present else 0)
    parents, leaves = _make_tree(frequencies, present)
    length_counts = _limited_length_counts(_depths(parents, leaves))
    lengths = [0] * count
    order = iter(leaves)
    for length in range(CODE_LENGTH_LIMIT, 0, -1):
        for _ in range(length_counts[length]):
            lengths[next(order)] = length
    return HuffmanCode(lengths, _canonical_codes(lengths, length_counts))


class _Heap:
    """A binary heap of tree nodes by frequency; `items[0]` is not used."""

    def __init__(self, nodes: list[int], frequencies: list[int]) -> None:
        self.items = [0, *nodes]
        self.frequencies = frequencies
        for index in range(len(nodes) // 2, 0, -1):
            self.sift(index)

    def sift(self, index: int) -> None:
        """Move the node at `index` down to where it belongs."""
        items, frequencies = self.items, self.frequencies
        last = len(items) - 1
        node = items[index]
        while (child := 2 * index) <= last:
            if child < last and frequencies[items[child]] > frequencies[items[child + 1]]:
                child += 1
            if frequencies[node] <= frequencies[items[child]]:
                break
            items[index] = items[child]
            index = child
        items[index] = node


def _make_tree(frequencies: list[int], present: list[int]) -> tuple[dict[int, int], list[int]]:
    """Return each node's parent, and the leaves in the order in which the heap gave them out: rarest first."""
    weights = list(frequencies)
    heap = _Heap(present, weights)
    parents: dict[int, int] = {}
    leaves: list[int] = []
    for _ in range(len(present) - 1):
        rarest = heap.items[1]
        heap.items[1] = heap.items[-1]
        heap.items.pop()
        heap.sift(1)
        second = heap.items[1]
        leaves += [node for node in (rarest, second) if node < len(frequencies)]
        joined = len(weights)
        weights.append(weights[rarest] + weights[second])
        parents[rarest] = parents[second] = joined
        heap.items[1] = joined
        heap.sift(1)
    return parents, leaves


def _depths(parents: dict[int, int], leaves: list[int]) -> list[int]:
    """Return the depth of each leaf."""
    depths: list[int] = []
    for leaf in leaves:
        depth, node = 0, leaf
        while node in parents:
            depth, node = depth + 1, parents[node]
        depths.append(depth)
    return depths


def _limited_length_counts(depths: list[int]) -> list[int]:
    """Return how many codes have each length, none longer than 16 bits.

    What is deeper than 16 is moved up to 16; for each code that this claims too much, one code of 16 bits is removed
    and the deepest shorter one becomes two.
    """
    counts = [0] * (CODE_LENGTH_LIMIT + 1)
    for depth in depths:
        counts[min(depth, CODE_LENGTH_LIMIT)] += 1
    claimed = sum(counts[length] << (CODE_LENGTH_LIMIT - length) for length in range(1, CODE_LENGTH_LIMIT + 1))
    for _ in range(claimed - (1 << CODE_LENGTH_LIMIT)):
        counts[CODE_LENGTH_LIMIT] -= 1
        length = next(length for length in range(CODE_LENGTH_LIMIT - 1, 0, -1) if counts[length])
        counts[length] -= 1
        counts[length + 1] += 2
    return counts


def _canonical_codes(lengths: list[int], length_counts: list[int]) -> list[int]:
    """Return the codes that ascend by length, then by symbol."""
    following = [0] * (CODE_LENGTH_LIMIT + 2)
    for length in range(1, CODE_LENGTH_LIMIT + 1):
        following[length + 1] = (following[length] + length_counts[length]) << 1
    codes = [0] * len(lengths)
    for symbol, length in enumerate(lengths):
        if length:
            codes[symbol] = following[length]
            following[length] += 1
    return codes
