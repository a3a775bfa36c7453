"""The store: files named by their SHA-256, written once, safe under several writers, usable offline.

STORE/files/ab/abcdef...      a file; its name is its digest
STORE/notes/abcdef...json     its name and how it was obtained
STORE/records/KEY.json        names of an artifact's files and their digests, by build key
STORE/incoming/               files that are being written, each locked by its writer
"""

import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bootrig.cache import digest_file
from bootrig.errors import InputError
from bootrig.recipe.source import SHA256, SHA256_DIGITS
from bootrig.store.errors import ImportFileError
from bootrig.store.incoming import start_incoming, store_error
from bootrig.workdir import cache_directory, write_atomically

logger = logging.getLogger(__name__)

DIGEST = re.compile(SHA256)
RECORD_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")
CHUNK_LENGTH = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the store.

    Attributes:
        sha256: its digest, which is its name.
        length: its length in bytes.
        file_name: its name when it was added; empty where that is unknown.
        way: how it was obtained: an address, `imported`, `member of ...`; empty where that is unknown.
    """

    sha256: str
    length: int
    file_name: str = ""
    way: str = ""


class Store:
    """Content-addressed files in a directory, which is made with the first file.

    What cannot be read or written is a StoreError; nothing half-written is left.

    Attributes:
        root: the directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def default(cls) -> "Store":
        """Return the user's store: `$BOOTRIG_STORE`, else `store` in the cache directory."""
        named = os.environ.get("BOOTRIG_STORE")
        return cls(Path(named) if named else cache_directory() / "store")

    def path_of(self, sha256: str) -> Path:
        """Return where the file with this digest is or would be.

        Raises:
            InputError: `sha256` is not a digest.
        """
        if not DIGEST.fullmatch(sha256):
            raise InputError(f'"{sha256}" is not a SHA-256 digest, expected {SHA256_DIGITS}')
        return self.root / "files" / sha256[:2] / sha256

    def find(self, sha256: str) -> Path | None:
        """Return the file with this digest, None where the store does not have it; its bytes are not read."""
        path = self.path_of(sha256)
        return path if path.is_file() else None

    def find_intact(self, sha256: str) -> Path | None:
        """Return the file with this digest as `find` does, after reading it; one that was damaged is removed."""
        path = self.find(sha256)
        try:
            if path is None or digest_file(path) == sha256:
                return path
        except OSError as error:
            raise store_error(self.root, "read", error) from error
        self._remove_damaged(path)
        return None

    def read(self, sha256: str) -> bytes | None:
        """Return the bytes with this digest, None where the store does not have them.

        A file whose bytes have another digest was damaged on the disk: it is removed, with a warning.
        """
        path = self.path_of(sha256)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise store_error(self.root, "read", error) from error
        if hashlib.sha256(content).hexdigest() == sha256:
            return content
        self._remove_damaged(path)
        return None

    @staticmethod
    def _remove_damaged(path: Path) -> None:
        logger.warning("%s is damaged and was removed", path)
        path.unlink(missing_ok=True)

    def add_bytes(self, content: bytes, *, file_name: str = "", way: str = "") -> str:
        """Add bytes; return their digest."""
        sha256 = hashlib.sha256(content).hexdigest()
        if self.find(sha256) is None:
            with start_incoming(self.root) as incoming:
                incoming.write(content)
                incoming.keep(self.path_of(sha256))
        self.note(sha256, file_name=file_name, way=way)
        return sha256

    def add_file(self, path: Path, *, way: str = "imported") -> StoredFile:
        """Add a copy of the file `path`.

        Raises:
            ImportFileError: the file cannot be read.
        """
        with start_incoming(self.root) as incoming:
            try:
                with path.open("rb") as source:
                    while chunk := source.read(CHUNK_LENGTH):
                        incoming.write(chunk)
            except OSError as error:
                raise ImportFileError(f"{path} cannot be read: {error.strerror}") from error
            if self.find(incoming.sha256) is None:
                incoming.keep(self.path_of(incoming.sha256))
        self.note(incoming.sha256, file_name=path.name, way=way)
        return StoredFile(incoming.sha256, incoming.length, path.name, way)

    def note(self, sha256: str, *, file_name: str, way: str) -> None:
        """Remember a file's name and how it was obtained; the first note stays."""
        path = self.root / "notes" / f"{sha256}.json"
        if file_name and not path.exists():
            self._write_json(path, {"file_name": file_name, "way": way})

    def iter_files(self) -> Iterator[StoredFile]:
        """Yield the stored files in the order of their digests."""
        for path in sorted(self.root.glob("files/??/*")):
            note = self._read_json(self.root / "notes" / f"{path.name}.json")
            yield StoredFile(path.name, path.stat().st_size, note.get("file_name", ""), note.get("way", ""))

    def verify(self) -> tuple[StoredFile, ...]:
        """Read every file and return those that are damaged; each of them is removed from the store."""
        return tuple(stored for stored in self.iter_files() if self.find_intact(stored.sha256) is None)

    def record(self, key: str, files: Mapping[str, str]) -> None:
        """Remember an artifact: which digests its file names have, under its build key.

        Raises:
            ValueError: `key` is not a build key.
            InputError: a digest is not one.
        """
        for sha256 in files.values():
            self.path_of(sha256)
        self._write_json(self._record_path(key), dict(files))

    def recall(self, key: str) -> dict[str, str] | None:
        """Return the digests of an artifact's files by their names; None unless the store has every one of them."""
        files = self._read_json(self._record_path(key))
        if not files or any(self.find(sha256) is None for sha256 in files.values()):
            return None
        return files

    def _record_path(self, key: str) -> Path:
        if not RECORD_KEY.fullmatch(key):
            raise ValueError(f'"{key}" is not a build key')
        return self.root / "records" / f"{key}.json"

    def _write_json(self, path: Path, content: Mapping[str, str]) -> None:
        try:
            write_atomically(path, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())
        except OSError as error:
            raise store_error(self.root, "written", error) from error

    @staticmethod
    def _read_json(path: Path) -> dict[str, str]:
        """Return a table of strings; an empty one where the file is missing or damaged."""
        with suppress(OSError, ValueError):
            content = json.loads(path.read_bytes())
            if isinstance(content, dict) and all(isinstance(value, str) for value in content.values()):
                return content
        return {}
