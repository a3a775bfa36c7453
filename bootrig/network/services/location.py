"""URLs as boot files name them, and whether they lead to this cell's servers."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from bootrig.network.addresses import SERVER_NAME, SERVICE_ADDRESSES


@dataclass(frozen=True, slots=True)
class Location:
    """A URL: its scheme and host in lower case, its port (None for the scheme's own), its path with all escapes."""

    scheme: str
    host: str
    port: int | None
    path: str

    def is_ours(self, scheme: str, port: int) -> bool:
        """Whether it leads to this cell's server for a scheme."""
        hosts = (SERVER_NAME, *SERVICE_ADDRESSES)
        return self.scheme == scheme and self.host in hosts and self.port in (None, port)


def parse_location(text: str) -> Location | None:
    """Return the URL that `text` is; None for a path."""
    if "://" not in text:
        return None
    try:
        parts = urlsplit(text)
        return Location(parts.scheme, parts.hostname or "", parts.port, parts.path)
    except ValueError:  # a port that is not a number, an address that is not closed
        return None
