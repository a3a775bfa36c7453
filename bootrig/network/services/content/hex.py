"""Bytes, written as hexadecimal digits."""

from bootrig.document.toml import TableReader
from bootrig.network.services.content.kind import ContentKind, MadeFile, Material


class HexContent(ContentKind[str]):
    """`hex = "4d 5a 00"`; blanks and line breaks between bytes are free."""

    def read(self, table: TableReader) -> str:
        """Return the digits."""
        return table.string("hex", pattern=r"(?:\s*[0-9A-Fa-f]{2})*\s*", expected="pairs of hexadecimal digits")

    def make(self, name: str, content: str, material: Material) -> MadeFile:
        """Return the bytes."""
        return MadeFile(bytes.fromhex(content))


CONTENT = HexContent()
