"""A directory that is built instead of a recipe's source: which of its files are the source, and what it is called.

Somebody who tries a change has run make in it before, and what make left must not get into another build: of a git work
tree only the files that git tracks are taken, as they are now; of any other directory all but what a build makes.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from filecmp import cmp
from pathlib import Path, PurePosixPath
from shutil import copyfile, copymode

from bootrig.builder.errors import SourceError
from bootrig.builder.git import ask_git
from bootrig.cache import digest_file
from bootrig.jsonfile import JsonFileError, load_json, write_json
from bootrig.process import ProcessError, ToolMissingError
from bootrig.temporary import remove_path

VERSION_CONTROL = frozenset({".git", ".hg", ".svn"})
# What linkers and archivers write: ELF (System V ABI, e_ident), archives of ar(5), thin ones too.
PRODUCT_MAGICS = (b"\x7fELF", b"!<arch>\n", b"!<thin>\n")


@dataclass(frozen=True, slots=True)
class History:
    """What git knows of a work tree.

    Attributes:
        commit: the commit that is checked out, 40 hexadecimal digits.
        described: the nearest tag with the distance from it, as `git describe` has it; the commit without a tag.
        is_modified: whether tracked files are not as in the commit.
        untracked: files that git neither tracks nor ignores; they are not built.
    """

    commit: str
    described: str
    is_modified: bool
    untracked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenTree:
    """The source in a directory.

    Attributes:
        directory: where it is.
        files: its files, relative to the directory, in order.
        digest: SHA-256 over the names, modes and contents of these files.
        history: what git knows of it; None where git does not track it.
    """

    directory: Path
    files: tuple[PurePosixPath, ...]
    digest: str
    history: History | None

    @property
    def name(self) -> str:
        """The directory's name."""
        return self.directory.resolve().name

    @property
    def version(self) -> str:
        """What it calls itself: by its history, else by its digest; `+modified` where it is not as committed."""
        if self.history is None:
            return f"tree-{self.digest[:12]}"
        return self.history.described + ("+modified" if self.history.is_modified else "")


def survey_tree(directory: Path, products: Iterable[str] = ()) -> GivenTree:
    """Return the source in `directory`; `products` are the folders in it that a build makes.

    Raises:
        SourceError: it cannot be read, nothing is in it, or git refuses to tell what it tracks.
    """
    if not directory.is_dir():
        raise SourceError(f"there is no directory {directory}")
    tracked, history = _read_history(directory)
    try:
        files = tuple(
            sorted(_iter_present(directory, tracked) if history else _iter_sources(directory, frozenset(products)))
        )
        digest = _digest_files(directory, files)
    except OSError as error:
        raise SourceError(f"{error.filename or directory} cannot be read: {error.strerror}") from error
    if not files:
        raise SourceError(f"there is no source in {directory}")
    return GivenTree(directory, files, digest, history)


def copy_tree(tree: GivenTree, target: Path) -> None:
    """Make the directory `target` of the source alone.

    Raises:
        OSError: it cannot be read or written.
    """
    for name in tree.files:
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copyfile(tree.directory / name, copy, follow_symlinks=False)
        copymode(tree.directory / name, copy, follow_symlinks=False)


def update_tree(source: Path, target: Path, record: Path) -> None:
    """Bring a source into a directory in which it was built before; what is as it was keeps its time.

    Args:
        source: the source as it is now.
        target: where it was built; what make left there stays.
        record: the file with the names of what was brought in the last time: what is not in the source any more goes.

    Raises:
        OSError: it cannot be read or written.
    """
    names = [
        Path(place, name).relative_to(source)
        for place, folders, files in os.walk(source)
        for name in (*files, *(folder for folder in folders if Path(place, folder).is_symlink()))
    ]
    brought: list[str] = []
    try:
        brought = load_json(record, list[str]) if record.exists() else []
    except JsonFileError:  # damaged, so what is there beside the source is not known
        remove_path(record)
        remove_path(target)
    for gone in {Path(name) for name in brought}.difference(names):
        (target / gone).unlink(missing_ok=True)
    for name in names:
        copy = target / name
        if not _is_same(source / name, copy):
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.unlink(missing_ok=True)
            copyfile(source / name, copy, follow_symlinks=False)  # newer than what was made of what it replaces
            copymode(source / name, copy, follow_symlinks=False)
    write_json(record, sorted(str(name) for name in names))


def _is_same(first: Path, second: Path) -> bool:
    if first.is_symlink() or second.is_symlink():
        return first.is_symlink() and second.is_symlink() and first.readlink() == second.readlink()
    return second.is_file() and first.stat().st_mode == second.stat().st_mode and cmp(first, second, shallow=False)


def _read_history(directory: Path) -> tuple[tuple[str, ...], History | None]:
    """Return the files that git tracks in a directory, and what it knows of it; None where it tracks nothing there."""
    if not any((place / ".git").exists() for place in (directory.resolve(), *directory.resolve().parents)):
        return (), None
    try:
        tracked = _split(ask_git(directory, "ls-files", "-z", "--cached", "--recurse-submodules", "--", "."))
        if not tracked:
            return (), None
        return tracked, History(
            commit=ask_git(directory, "rev-parse", "--verify", "HEAD").strip(),
            described=ask_git(directory, "describe", "--tags", "--always", "--abbrev=12").strip(),
            is_modified=bool(ask_git(directory, "status", "--porcelain", "--untracked-files=no", "--", ".")),
            untracked=_split(ask_git(directory, "ls-files", "-z", "--others", "--exclude-standard", "--", ".")),
        )
    except ToolMissingError as error:
        raise SourceError(f"{directory} is a git work tree, and git is not installed") from error
    except ProcessError as error:
        raise SourceError(f"git does not tell what it tracks in {directory}: {error.output.strip()}") from error


def _split(answer: str) -> tuple[str, ...]:
    return tuple(name for name in answer.split("\0") if name)


def _iter_present(directory: Path, tracked: Iterable[str]) -> Iterator[PurePosixPath]:
    """Yield the files that git tracks and that are there."""
    for name in dict.fromkeys(tracked):
        path = directory / name
        if path.is_symlink() or path.is_file():
            yield PurePosixPath(name)


def _iter_sources(directory: Path, products: frozenset[str]) -> Iterator[PurePosixPath]:
    """Yield all files but version control's, those in folders that a build makes, and what a linker wrote."""
    for place, folders, files in os.walk(directory, onerror=_raise):
        folder = Path(place).relative_to(directory)
        for name in [name for name in folders if (Path(place) / name).is_symlink()]:
            folders.remove(name)
            files.append(name)
        folders[:] = [
            name for name in folders if name not in VERSION_CONTROL and (folder / name).as_posix() not in products
        ]
        for name in files:
            path = Path(place) / name
            if path.is_symlink() or (path.is_file() and not _is_product(path)):
                yield PurePosixPath(folder / name)


def _is_product(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(8).startswith(PRODUCT_MAGICS)


def _raise(error: OSError) -> None:
    raise error


def _digest_files(directory: Path, files: Iterable[PurePosixPath]) -> str:
    digest = hashlib.sha256()
    for name in files:
        path = directory / name
        kind = f"link {path.readlink()}" if path.is_symlink() else f"{path.stat().st_mode & 0o111:o}"
        content = b"" if path.is_symlink() else bytes.fromhex(digest_file(path))
        digest.update(f"{name}\0{kind}\0".encode("utf-8", "surrogateescape") + content)
    return digest.hexdigest()
