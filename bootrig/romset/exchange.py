"""Replacing a directory by another in one step, and making the other one cheaply out of hard links.

What the operating system refuses is an OSError. Source: renameat2(2), RENAME_EXCHANGE.
"""

import ctypes
import errno
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

AT_FDCWD = -100
RENAME_EXCHANGE = 2


def exchange(first: Path, second: Path) -> None:
    """Let two paths of one file system change places atomically.

    Raises:
        OSError: the operating system refuses; EINVAL or ENOSYS where the file system or the kernel cannot do it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise OSError(errno.ENOSYS, "the C library has no renameat2")
    status = libc.renameat2(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE)
    if status != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(first))


def replace_directory(staged: Path, directory: Path) -> Path:
    """Put the directory `staged` in the place of `directory`; return where the old one is now.

    Where the file system cannot exchange, the old directory is moved away first: for a moment a reader sees no
    directory at all, but never a mixture. `recover_directory` mends what a crash in that moment leaves.

    Raises:
        OSError: the operating system refuses; then `directory` is as it was.
    """
    try:
        exchange(staged, directory)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS):
            raise
    else:
        return staged
    logger.warning("%s: the file system cannot exchange directories; it is replaced by two renames", directory)
    moved = moved_path(directory)
    directory.rename(moved)
    try:
        staged.rename(directory)
    except OSError:
        moved.rename(directory)
        raise
    return moved


def staged_path(directory: Path) -> Path:
    """Return where the successor of a directory is made: beside it, so that it is on the same file system."""
    return directory.with_name(f".{directory.name}.bootrig-staged")


def moved_path(directory: Path) -> Path:
    """Return where the predecessor of a directory is while it is replaced by two renames."""
    return directory.with_name(f".{directory.name}.bootrig-moved")


def recover_directory(directory: Path) -> None:
    """Mend what an interrupted replacement left: the old directory is restored or removed, the staged one removed."""
    moved, staged = moved_path(directory), staged_path(directory)
    if moved.is_dir() and not directory.exists():
        logger.warning("%s: an interrupted replacement is undone", directory)
        moved.rename(directory)
    for path in (moved, staged):
        if path.is_dir():
            remove_tree(path)


def remove_tree(path: Path) -> None:
    """Remove a directory with all that is in it; its files may have other names elsewhere, which stay."""
    shutil.rmtree(path)


def link_tree(source: Path, target: Path, keep: Callable[[str], bool] = lambda name: True) -> None:
    """Fill the directory `target` with the entries of `source` whose names `keep` accepts: files by hard links.

    Raises:
        OSError: the operating system refuses; EXDEV where another file system is mounted inside.
    """
    with os.scandir(source) as entries:
        for entry in entries:
            if not keep(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                if entry.stat(follow_symlinks=False).st_dev != source.stat().st_dev:
                    raise OSError(errno.EXDEV, "another file system is mounted there", entry.path)
                (target / entry.name).mkdir()
                link_tree(Path(entry.path), target / entry.name)
            else:
                link_file(Path(entry.path), target / entry.name)
    copy_attributes(source, target)


def link_file(source: Path, target: Path) -> None:
    """Give a file or symbolic link a second name; a copy where the system allows no link."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        # EPERM: fs.protected_hardlinks or a file system without links (proc(5), link(2)); EMLINK: too many names;
        # EXDEV: another file system.
        if error.errno not in (errno.EPERM, errno.EMLINK, errno.EACCES, errno.EXDEV):
            raise
        shutil.copy2(source, target, follow_symlinks=False)


def copy_attributes(source: Path, target: Path) -> None:
    """Give a directory the owner, the mode and the times of another, as far as this user may."""
    stat = source.stat()
    with suppress(PermissionError):
        os.chown(target, stat.st_uid, stat.st_gid)
    shutil.copystat(source, target)


def sync_tree(directory: Path) -> None:
    """Have the new files of a directory and the directory itself on the disk before they are seen."""
    for path in (*directory.rglob("*"), directory):
        if path.is_symlink() or not (path.is_dir() or (path.is_file() and path.stat().st_nlink == 1)):
            continue
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
