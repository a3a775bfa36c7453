"""Names of places on the page, which links name behind a `#`."""

import re

_OTHER = re.compile(r"[^A-Za-z0-9_.+/\[\]-]")


class Anchors:
    """Gives each thing an anchor that reads like its name and that nothing else has."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._used: set[str] = set()

    def find(self, name: str) -> str:
        """Return the anchor of what has this name."""
        if name not in self._known:
            plain = anchor = _OTHER.sub("_", name)
            number = 1
            while anchor in self._used:
                number += 1
                anchor = f"{plain}.{number}"
            self._used.add(anchor)
            self._known[name] = anchor
        return self._known[name]
