"""A file for which TFTP's answer is an error."""

from bootrig.document.toml import TableReader
from bootrig.network.services.content.kind import ContentKind, Material

KIND = "error"


class ErrorContent(ContentKind[int]):
    """`code`: the number of the error (RFC 1350, section 5; RFC 2347), 0 by default."""

    def read(self, table: TableReader) -> int:
        """Return the number."""
        return table.integer("code", default=0, minimum=0, maximum=0xFFFF)

    def make(self, name: str, content: int, material: Material) -> None:
        """Make no file."""


CONTENT = ErrorContent()
