"""Bytes, written as hexadecimal digits."""

from bootrig.document.toml import TableReader
from bootrig.network.services.content.kind import ContentKind, MadeFile, Material


class HexContent(ContentKind[bytes]):
    """`hex = "4d 5a 00"`."""

    def read(self, table: TableReader) -> bytes:
        """Return the bytes."""
        return table.hexadecimal("hex")

    def make(self, name: str, content: bytes, material: Material) -> MadeFile:
        """Return them."""
        return MadeFile(content)


CONTENT = HexContent()
