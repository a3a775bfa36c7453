"""A file that clients are told of and the server does not have."""

from bootrig.document.toml import TableReader
from bootrig.network.services.content.kind import ContentKind, Material

KIND = "missing"


class MissingContent(ContentKind[None]):
    """It has no keys."""

    def read(self, table: TableReader) -> None:
        """Return nothing."""

    def make(self, name: str, content: None, material: Material) -> None:
        """Make no file."""


CONTENT = MissingContent()
