"""A text; `@nonce@` in it is replaced by the boot's nonce."""

from bootrig.document.toml import TableReader
from bootrig.network.services.content.kind import NONCE_WORD, ContentKind, MadeFile, Material


class TextContent(ContentKind[str]):
    """`text = "..."`."""

    def read(self, table: TableReader) -> str:
        """Return the text."""
        return table.string("text", expected="a string that is not empty", pattern=r"(?s).+")

    def make(self, name: str, content: str, material: Material) -> MadeFile:
        """Return the text with this boot's nonce."""
        return MadeFile(content.replace(NONCE_WORD, material.nonce).encode())


CONTENT = TextContent()
