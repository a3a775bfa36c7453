"""Files that services serve: read from the tables of a scenario's file, made for one boot."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import bootrig.network.services.content
from bootrig.document.quoting import quote_key
from bootrig.document.toml import TableReader, suggest
from bootrig.network.names import encode_name, read_name
from bootrig.network.services.content.kind import ContentKind, Material
from bootrig.registry import collect_objects

NAME_LENGTH = 255  # bytes between two slashes that file systems of Linux take


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file that a service serves: its name there, the kind of its content (`probe`, `text`), what the kind read.

    The key of its table is the name, unless the table has a name of its own.
    """

    name: str
    kind: str
    content: Any
    key: str = ""

    @property
    def key_path(self) -> str:
        """Its place in the service's table."""
        return quote_key(self.key or self.name)

    def is_called(self, path: str) -> bool:
        """Whether a client that asks for `path` gets this file."""
        words = PurePosixPath(path.lstrip("/")).parts
        return words == PurePosixPath(self.name).parts and not path.endswith("/")


def find_content_kinds() -> dict[str, ContentKind[Any]]:
    """Return all kinds of content by their names."""
    return dict(collect_objects(bootrig.network.services.content, "CONTENT"))


def split_table(table: TableReader) -> tuple[TableReader, tuple[ServedFile, ...]]:
    """Divide a service's table: every table in it is a file by its name, everything else a setting.

    Returns:
        The reader of the settings, and the files.
    """
    values = {key: table.free_value(key) for key in table.keys}
    settings = {key: value for key, value in values.items() if not isinstance(value, dict)}
    tables = (
        (key, TableReader(table.document, values[key], table.place(key))) for key in values if key not in settings
    )
    return TableReader(table.document, settings, table.key_path), tuple(_iter_files(tables))


def _iter_files(tables: Iterable[tuple[str, TableReader]]) -> Iterator[ServedFile]:
    kinds = find_content_kinds()
    taken: dict[tuple[str, ...], str] = {}
    for key, table in tables:
        name = key if "name" not in table else read_name(table, "name") or ""
        words = PurePosixPath(name).parts
        _check_name(words, table)
        for other, place in taken.items():
            shorter = min(len(words), len(other))
            if words[:shorter] == other[:shorter]:
                how = "is the same file as" if len(words) == len(other) else "and one are a file and a folder:"
                table.add_problem("", f"{how} {place}")
        taken[words] = table.key_path
        word = table.string("content", expected=f"one of {', '.join(kinds)}")
        kind = kinds.get(word)
        if kind is not None:
            if kind.is_program and not _is_text(name):
                table.add_problem("name", f"a file of the content {word} has a name in UTF-8")
            yield ServedFile(name, word, kind.read(table), "" if key == name else key)
        elif word:
            table.add_problem("content", f'found "{word}", expected one of {", ".join(kinds)}{suggest(word, kinds)}')


def _check_name(words: tuple[str, ...], table: TableReader) -> None:
    """Note what no file below the server's root is called."""
    if not words or words[0] == "/" or ".." in words:
        table.add_problem("", "leads out of the server's root")
    if any("\0" in word for word in words):
        table.add_problem("", "the name of a file has no byte 0x00")
    if any(len(encode_name(word)) > NAME_LENGTH for word in words):
        table.add_problem("", f"the name of a file or folder has at most {NAME_LENGTH} bytes")


def _is_text(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)


def iter_file_faults(files: Iterable[ServedFile], builds: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield key path (in the service's table) and message of what reads well and cannot be made for `builds`."""
    kinds = find_content_kinds()
    for served in files:
        for build in builds:
            for key, message in kinds[served.kind].iter_faults(served.content, build):
                yield f"{served.key_path}.{key}", message


def iter_host_faults(files: Iterable[ServedFile]) -> Iterator[tuple[str, str]]:
    """Yield key path (in the service's table) and message of what this machine does not have.

    Raises:
        ServiceError: a package is missing.
    """
    kinds = find_content_kinds()
    for served in files:
        for key, message in kinds[served.kind].iter_host_faults(served.content):
            yield f"{served.key_path}.{key}", message


def make_files(files: Iterable[ServedFile], root: Path, material: Material) -> frozenset[int]:
    """Make files for one boot in the service's directory `root`, which is made, too.

    Returns:
        The sums of the probes among them, any of which a report may show.

    Raises:
        ServiceError: a file of this machine is missing.
    """
    root.mkdir()
    kinds = find_content_kinds()
    sums = set()
    for served in files:
        made = kinds[served.kind].make(served.name, served.content, material)
        if made is None:
            continue
        path = root / os.fsdecode(encode_name(served.name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made.content)
        if made.sum is not None:
            sums.add(made.sum)
    return frozenset(sums)
