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

from bootrig.cache import open_regular_file
from bootrig.errors import InputError
from bootrig.recipe.source import SHA256, SHA256_DIGITS
from bootrig.store.errors import ImportFileError
from bootrig.store.incoming import STORE_VARIABLE, start_incoming, store_error
from bootrig.temporary import remove_path
from bootrig.workdir import cache_directory, write_atomically

logger = logging.getLogger(__name__)

DIGEST = re.compile(SHA256)
RECORD_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")
CHUNK_LENGTH = JSON_LENGTH = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the store.

    Attributes:
        sha256: its digest, which is its name.
        length: its length in bytes.
        file_name: its name when it was added; empty where that is unknown.
        way: how it was obtained: an address, `imported`, `member of ...`; empty where that is unknown.
        added_s: when it was written, in seconds since 1970.
    """

    sha256: str
    length: int
    file_name: str = ""
    way: str = ""
    added_s: float = 0.0


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
        named = os.environ.get(STORE_VARIABLE)
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
        return path if path.is_file() and not path.is_symlink() else None

    def find_intact(self, sha256: str) -> Path | None:
        """Return the file with this digest as `find` does, after reading it.

        What has its name and not its bytes, be it a damaged file, a directory or a link, is removed, with a warning.
        """
        path = self.path_of(sha256)
        try:
            with open_regular_file(path) as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() == sha256:
                    return path
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            logger.debug("%s: %s", path, error)
        self._remove(path)
        logger.warning("%s is damaged and was removed", path)
        return None

    def read(self, sha256: str) -> bytes | None:
        """Return the bytes of the file that `find_intact` returns, None where it returns none."""
        path = self.find_intact(sha256)
        try:
            return None if path is None else path.read_bytes()
        except OSError as error:
            raise store_error(self.root, "read", error) from error

    def remove(self, sha256: str) -> None:
        """Remove the file with this digest, and what is noted about it."""
        self._remove(self.path_of(sha256))
        self._remove(self._note_path(sha256))

    def _remove(self, path: Path) -> None:
        try:
            remove_path(path)
        except OSError as error:
            raise store_error(self.root, "written", error) from error

    def add_bytes(self, content: bytes, *, file_name: str = "", way: str = "") -> str:
        """Add bytes; return their digest."""
        sha256 = hashlib.sha256(content).hexdigest()
        if self.find_intact(sha256) is None:
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
            if self.find_intact(incoming.sha256) is None:
                incoming.keep(self.path_of(incoming.sha256))
        self.note(incoming.sha256, file_name=path.name, way=way)
        return StoredFile(incoming.sha256, incoming.length, path.name, way)

    def note(self, sha256: str, *, file_name: str, way: str) -> None:
        """Remember a file's name and how it was obtained; the first note stays."""
        path = self._note_path(sha256)
        if file_name and not self._read_json(path):
            self._write_json(path, {"file_name": file_name, "way": way})

    def _note_path(self, sha256: str) -> Path:
        return self.root / "notes" / f"{sha256}.json"

    def iter_files(self) -> Iterator[StoredFile]:
        """Yield the stored files in the order of their digests."""
        for path in sorted(path for path in self.root.glob("files/??/*") if DIGEST.fullmatch(path.name)):
            note, status = self._read_json(self._note_path(path.name)), path.lstat()
            yield StoredFile(
                path.name, status.st_size, note.get("file_name", ""), note.get("way", ""), added_s=status.st_mtime
            )

    def remove_damaged(self) -> tuple[StoredFile, ...]:
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
        if not files or any(not DIGEST.fullmatch(sha256) or not self.find(sha256) for sha256 in files.values()):
            return None
        return files

    def iter_records(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the build keys of the artifacts that are remembered, each with what `record` was given."""
        for path in sorted(self.root.glob("records/*.json")):
            yield path.stem, self._read_json(path)

    def forget(self, key: str) -> None:
        """Remove what `record` has written."""
        self._remove(self._record_path(key))

    def _record_path(self, key: str) -> Path:
        if not RECORD_KEY.fullmatch(key):
            raise ValueError(f'"{key}" is not a build key')
        return self.root / "records" / f"{key}.json"

    def _write_json(self, path: Path, content: Mapping[str, str]) -> None:
        try:
            if path.is_dir():
                remove_path(path)
            write_atomically(path, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())
        except OSError as error:
            raise store_error(self.root, "written", error) from error

    @staticmethod
    def _read_json(path: Path) -> dict[str, str]:
        """Return a table of strings; an empty one where the file is missing or damaged."""
        with suppress(OSError, ValueError, RecursionError):
            with open_regular_file(path) as stream:
                content = json.loads(stream.read(JSON_LENGTH))
            if isinstance(content, dict) and all(isinstance(value, str) for value in content.values()):
                return content
        return {}
