"""Files that a page carries: each content once, and nothing that makes the page too long."""

import base64
import gzip
import hashlib
from dataclasses import dataclass

COMPRESSED_ABOVE = 4_000
LONGEST = 64_000
PCAP, CAST, GZIP = "application/vnd.tcpdump.pcap", "application/x-asciicast", "application/gzip"


@dataclass(frozen=True, slots=True)
class Download:
    """A file that a page offers.

    Attributes:
        label: what it is.
        name: under which name it is saved.
        length: of its content in bytes.
        address: a `data:` address; empty where the content is on another place of the page, or left out.
        anchor: of the place of that content on this page; empty where it is left out.
        place: where the file is in the run's directory.
    """

    label: str
    name: str
    length: int
    address: str
    anchor: str
    place: str


class Downloads:
    """Gives each content an address once; those that come again are links to the first place."""

    def __init__(self, longest: int | None = LONGEST) -> None:
        self._anchors: dict[str, str] = {}
        self._longest = longest

    def add(self, content: bytes, kind: str, label: str, name: str, place: str) -> Download:
        """Return how a file is offered; one that is too long even when compressed is only named."""
        digest = hashlib.sha256(content).hexdigest()
        if digest in self._anchors:
            return Download(label, name, len(content), "", self._anchors[digest], place)
        packed = content
        if len(content) > COMPRESSED_ABOVE:
            kind, name, packed = GZIP, f"{name}.gz", gzip.compress(content, mtime=0)
        if self._longest is not None and len(packed) > self._longest:
            return Download(label, name, len(content), "", "", place)
        anchor = self._anchors[digest] = f"file-{len(self._anchors) + 1}"
        address = f"data:{kind};base64,{base64.b64encode(packed).decode()}"
        return Download(label, name, len(content), address, anchor, place)
