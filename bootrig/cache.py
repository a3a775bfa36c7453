"""Results that are kept in the cache directory, by the key that they depend on.

A kept file's name is the digest of its key and the digest of its content, so that a damaged file is noticed, removed
and made anew. A key is any JSON value; it names the format of the result, and everything from which the result is made.
Each room is a directory in the cache directory.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bootrig.workdir import cache_directory, write_atomically


def digest_file(path: Path) -> str:
    """Return the SHA-256 digest of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_key(key: Any) -> str:
    """Return the SHA-256 digest of a JSON value."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()


def find_file(room: str, key: Any) -> Path | None:
    """Return the file that is kept under `key`; None where there is none. A damaged one is removed."""
    for path in sorted((cache_directory() / room).glob(f"{digest_key(key)}-*")):
        try:
            if digest_file(path) == path.name.partition("-")[2]:
                return path
        except OSError:
            pass
        path.unlink(missing_ok=True)
    return None


def keep_file(room: str, key: Any, content: bytes) -> Path:
    """Keep `content` under `key`, in place of what was kept before, and return its file."""
    directory = cache_directory() / room
    path = directory / f"{digest_key(key)}-{hashlib.sha256(content).hexdigest()}"
    write_atomically(path, content)
    for other in directory.glob(f"{digest_key(key)}-*"):
        if other != path:
            other.unlink(missing_ok=True)
    return path


def obtain_file(room: str, key: Any, make: Callable[[], bytes]) -> Path:
    """Return the file that is kept under `key`; where there is none, what `make` returns is kept first."""
    return find_file(room, key) or keep_file(room, key, make())


def find_value(room: str, key: Any) -> Any:
    """Return the JSON value that is kept under `key`; None where there is none."""
    path = find_file(room, key)
    return None if path is None else json.loads(path.read_bytes())


def keep_value(room: str, key: Any, value: Any) -> None:
    """Keep a JSON value under `key`, in place of what was kept before."""
    keep_file(room, key, json.dumps(value, separators=(",", ":")).encode())


def obtain_value(room: str, key: Any, make: Callable[[], Any]) -> Any:
    """Return the JSON value that is kept under `key`; where there is none, what `make` returns is kept first."""
    path = obtain_file(room, key, lambda: json.dumps(make(), separators=(",", ":")).encode())
    return json.loads(path.read_bytes())
