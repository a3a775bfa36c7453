"""The longest earlier occurrence of what follows, within a window of 8 KiB: a suffix tree that slides.

Inner nodes stand for strings that occurred at least twice, leaves for the positions of the window. E. R. Fiala and
D. H. Greene, "Data Compression with Finite Windows", Communications of the ACM 32 (1989), 490-505, describe the tree
and the percolating update: each inner node keeps a position inside the window at which its string occurs, brought up to
date only as often as the window needs. So the occurrence found is not always the latest one, and a packer with other
ties writes other bits; EDK2 and ar002 use this tree, and this one makes their choices.
"""

WINDOW_LENGTH = 8192
LONGEST_MATCH = 256
_MASK = WINDOW_LENGTH - 1
_SHORTCUT_LENGTH = 4

# Node numbers: inner nodes below WINDOW_LENGTH (0 means none), leaves above by their position, roots by their byte.
_NONE = 0
_FIRST_LEAF = WINDOW_LENGTH
_FIRST_ROOT = 2 * WINDOW_LENGTH
_NODES = _FIRST_ROOT + 256


def _leaf(position: int) -> int:
    return _FIRST_LEAF | (position & _MASK)


class MatchTree:
    """The tree over `content`; positions are inserted in order, from 0 to its length.

    Attributes:
        match_length: how many bytes at the last inserted position occurred before, less than 3 where no match is worth
            its pointer; may be lowered before the next insertion.
        match_position: where they occurred.
    """

    def __init__(self, content: bytes) -> None:
        self.text = content + _bytes_behind(content)
        self.parents = [_NONE] * _NODES
        self.levels = [0] * _FIRST_ROOT + [1] * 256
        self.positions = [0] * _NODES
        self.percolated = bytearray(_NODES)
        self.child_counts = [0] * _NODES
        self.children: dict[int, int] = {}
        self.keys = [0] * _NODES
        self.successors = [_NONE] * _NODES
        self.free = list(range(WINDOW_LENGTH - 1, 0, -1))
        self.match_length = 0
        self.match_position = 0

    def insert(self, position: int) -> None:
        """Delete the position that leaves the window, insert `position`, and set the match found on the way."""
        self._delete(position)
        text = self.text
        if self.match_length >= _SHORTCUT_LENGTH:
            parent, node = self._enter_from_below(position)
        else:
            parent = _FIRST_ROOT + text[position]
            node = self.children.get(parent << 8 | text[position + 1], _NONE)
            if node == _NONE:
                self._add_child(parent, text[position + 1], _leaf(position))
                self.match_length = 1
                return
            self.match_length = 2
        self._descend(position, parent, node)

    def _enter_from_below(self, position: int) -> tuple[int, int]:
        """Return where the descent begins after a long match: this match is at least the last one without its head."""
        parents, levels = self.parents, self.levels
        self.match_length -= 1
        node = _leaf(self.match_position + 1)
        while (parent := parents[node]) == _NONE:
            node = self.successors[node]
        while levels[parent] >= self.match_length:
            node, parent = parent, parents[parent]
        above = parent
        while self.percolated[above]:
            self.positions[above] = position
            self.percolated[above] = 0
            above = parents[above]
        if above < _FIRST_LEAF:
            self.positions[above] = position
            self.percolated[above] = 1
        return parent, node

    def _descend(self, position: int, parent: int, node: int) -> None:
        """Follow the text at `position` down from `node`, and add its leaf where the tree ends."""
        text = self.text
        length = self.match_length
        while True:
            if node >= _FIRST_LEAF:
                end = LONGEST_MATCH
                match = position - ((position - node) & _MASK or WINDOW_LENGTH)
            else:
                end = self.levels[node]
                match = self.positions[node]
            self.match_position = match
            while length < end and text[position + length] == text[match + length]:
                length += 1
            self.match_length = length
            if length < end:
                self._split(node, position, match, length)
                return
            if length >= LONGEST_MATCH:
                self._replace(node, parent, _leaf(position))
                return
            self.positions[node] = position
            self.percolated[node] = 0
            parent = node
            byte = text[position + length]
            node = self.children.get(parent << 8 | byte, _NONE)
            if node == _NONE:
                self._add_child(parent, byte, _leaf(position))
                return
            length += 1

    def _add_child(self, parent: int, byte: int, node: int) -> None:
        key = parent << 8 | byte
        self.children[key] = node
        self.keys[node] = key
        self.parents[node] = parent
        self.child_counts[parent] += 1

    def _hang_in_place_of(self, old: int, new: int) -> None:
        """Give `new` the place of `old` under its parent."""
        key = self.keys[old]
        self.children[key] = new
        self.keys[new] = key
        self.parents[new] = self.parents[old]

    def _split(self, old: int, position: int, match: int, length: int) -> None:
        """Put an inner node of level `length` above `old`, with the leaf of `position` beside it."""
        new = self.free.pop()
        self._hang_in_place_of(old, new)
        self.child_counts[new] = 0
        self.levels[new] = length
        self.positions[new] = position
        self.percolated[new] = 0
        self._add_child(new, self.text[match + length], old)
        self._add_child(new, self.text[position + length], _leaf(position))

    def _replace(self, old: int, parent: int, new: int) -> None:
        """Put the leaf `new` where the leaf `old` was, whose text is the same for the longest match."""
        self._hang_in_place_of(old, new)
        self.parents[new] = parent
        self.parents[old] = _NONE
        self.successors[old] = new

    def _delete(self, position: int) -> None:
        """Delete the leaf whose place `position` takes, and its parent if one child is left."""
        leaf = _leaf(position)
        parent = self.parents[leaf]
        if parent == _NONE:
            return
        del self.children[self.keys[leaf]]
        self.parents[leaf] = _NONE
        if parent >= _FIRST_ROOT:
            return
        self.child_counts[parent] -= 1
        if self.child_counts[parent] > 1:
            return
        kept = self.positions[parent]
        self._percolate(self.parents[parent], kept)
        child = self.children.pop(parent << 8 | self.text[kept + self.levels[parent]])
        self._hang_in_place_of(parent, child)
        self.parents[parent] = _NONE
        self.free.append(parent)

    def _percolate(self, node: int, latest: int) -> None:
        """Pass the position of a deleted inner node up from `node`, as far as nodes were marked."""
        while self.percolated[node]:
            latest = max(latest, self.positions[node])
            self.positions[node] = latest
            self.percolated[node] = 0
            node = self.parents[node]
        if node < _FIRST_LEAF:
            self.positions[node] = max(latest, self.positions[node])
            self.percolated[node] = 1


def _bytes_behind(content: bytes) -> bytes:
    """Return what the match finder sees behind the end of `content`.

    No match is longer than the rest of the content, but what follows decides which of two positions is met first.
    EDK2 sees zeros in its first buffer, and later what its buffer held a window's length before.
    """
    first_buffer = WINDOW_LENGTH + LONGEST_MATCH
    end = len(content)
    return bytes(
        0 if place < first_buffer else content[place - WINDOW_LENGTH] for place in range(end, end + LONGEST_MATCH + 1)
    )
