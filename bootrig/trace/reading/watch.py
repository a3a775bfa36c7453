"""The end of a console's text, to look for patterns in as it comes, in work that is linear in what comes."""

OVERLAP = 1 << 12


class Watch:
    """What a console showed last, and up to 4 KiB before it.

    `add` what `ConsoleReader.take_new` gave, then look at `fresh`. A match that begins over 4 KiB before the text that
    completes it is not found.

    Attributes:
        fresh: what was added last, and up to 4 KiB before it.
    """

    def __init__(self) -> None:
        self.fresh = ""

    def add(self, text: str) -> None:
        """Take what the console showed next."""
        self.fresh = self.fresh[-OVERLAP:] + text
