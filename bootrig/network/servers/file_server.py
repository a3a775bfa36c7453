"""What servers of files share: their socket, the files that a client can get, their log."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from bootrig.network.addresses import address_family
from bootrig.network.errors import ServiceError


def find_served_name(root: Path) -> bytes | None:
    """Return the name by which clients call a file in a root directory, None where it has none."""
    return next((os.fsencode(path.relative_to(root)) for path in sorted(root.rglob("*")) if path.is_file()), None)


def bind_socket(server: str, root: Path, kind: socket.SocketKind, address: str, port: int) -> socket.socket:
    """Return a bound socket that does not block, for a server that has a root directory.

    Raises:
        ServiceError: the root is not a directory, or the port cannot be bound.
    """
    if not root.is_dir():
        raise ServiceError(f"{server} root {root} is not a directory")
    bound = socket.socket(address_family(address), kind)
    bound.setblocking(False)
    try:
        if kind is socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
    except OSError as error:
        bound.close()
        remedy = "another server has it in this network namespace" if error.errno == errno.EADDRINUSE else ""
        what = f"the {server} server cannot bind {address} port {port}: {error.strerror}"
        raise ServiceError(what, remedy=remedy) from error
    return bound


def find_jailed_file(root: Path, name: bytes) -> Path | None:
    """Return the regular file that a client calls `name`, None where there is none under `root`.

    Leading slashes are dropped, and what ends in one is not a file. `..` and symbolic links may lead from place to
    place under `root`, not out of it.
    """
    if b"\0" in name or name.endswith(b"/"):
        return None
    try:
        top = root.resolve(strict=True)
        found = (top / os.fsdecode(name.lstrip(b"/"))).resolve(strict=True)
        return found if found.is_relative_to(top) and found.is_file() else None
    except (OSError, RuntimeError, ValueError):  # missing, too long, a loop of links (RuntimeError before Python 3.13)
        return None


class ServiceLog:
    """Lines in a file. A full disk stops no server: the capture, and the cell's own writing, say the same."""

    def __init__(self, stream: FileIO) -> None:
        self._stream = stream

    def write_line(self, text: str) -> None:
        """Append a line; characters that are not UTF-8 are escaped."""
        with suppress(OSError, ValueError):  # ValueError: a last word after the end
            self._stream.write(text.encode("utf-8", "backslashreplace") + b"\n")


@contextmanager
def start_log(path: Path) -> Iterator[ServiceLog]:
    """Open a log for appending."""
    with path.open("ab", buffering=0) as stream:
        yield ServiceLog(stream)
