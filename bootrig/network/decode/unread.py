"""Bytes of a stream that were not read yet, each of which is looked at once."""

from bootrig.network.decode.budget import Budget


class Unread:
    """What has come of a stream and waits for the end of what it begins.

    Args:
        budget: what decoding its capture may cost.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._content = bytearray()
        self._searched = 0  # no mark begins before it

    def __len__(self) -> int:
        return len(self._content)

    def add(self, content: bytes) -> None:
        """Take what comes next."""
        self._budget.spend(len(content))
        self._content += content

    def drop(self, length: int) -> int:
        """Drop so many bytes, or as many as are there; return how many."""
        length = min(length, len(self._content))
        if length:
            del self._content[:length]
            self._searched = 0
        return length

    def read_to(self, mark: bytes) -> bytes | None:
        """Return what is before the first `mark`, and drop both; None where it has not come.

        Until it has come, the same mark has to be asked for.
        """
        end = self._content.find(mark, self._searched)
        self._budget.spend((len(self._content) if end < 0 else end) - self._searched)
        if end < 0:
            self._searched = max(0, len(self._content) - len(mark) + 1)
            return None
        found = bytes(self._content[:end])
        self._budget.spend(end)
        self.drop(end + len(mark))
        return found
