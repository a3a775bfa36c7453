"""Writing a ROM set into an emulator's data directory, so that a reader sees the old set or the new one.

    DIR/efi-e1000.rom ...           the set, under the names by which QEMU looks for it
    DIR/bootrig-manifest.json       what it is
    DIR/.bootrig/previous/          the set before it, with its manifest: `rollback` restores it
    DIR/.bootrig/displaced/         files of others that were in the way; they return when they no longer are

The successor of the whole directory is made beside it, the files of others by hard links, and then the two change
places in one step. A crash leaves the old directory or the new one, and at most a hidden directory beside it, which the
next embedding removes.
"""

import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bootrig import __version__
from bootrig.cache import digest_file
from bootrig.deadline import Deadline
from bootrig.jsonfile import JsonFileError, encode_json
from bootrig.lock import hold_lock
from bootrig.romset.errors import EmbedFailedError, EmbedRefusedError
from bootrig.romset.exchange import (
    copy_attributes,
    link_file,
    link_tree,
    recover_directory,
    remove_tree,
    replace_directory,
    staged_path,
    sync_tree,
)
from bootrig.romset.manifest import MANIFEST_NAME, EmbeddedFile, Manifest, find_manifest
from firmware.optionrom.rom import survey_option_rom
from firmware.romset import RomSet

logger = logging.getLogger(__name__)

LOCK_S = 30.0
PRIVATE = ".bootrig"
PREVIOUS, DISPLACED = "previous", "displaced"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a directory will have: a manifest (None: no set at all), and each file as bytes or as a file to link."""

    manifest: Manifest | None
    files: Mapping[str, bytes | Path]


def embed_rom_set(
    rom_set: RomSet,
    directory: Path,
    *,
    force: bool = False,
    durable: bool = True,
    find_file: Callable[[str], Path | None] = lambda _sha256: None,
) -> Manifest:
    """Write a ROM set into a directory under QEMU's default names, atomically; return the manifest.

    A ROM that the set has under one prefix only serves under both.

    Args:
        rom_set: the set.
        directory: an emulator's data directory; it is made where it does not exist.
        force: whether files of others may be displaced (and kept).
        durable: whether the new files have to be on the disk before they are seen; a directory that lives only as long
            as a run does without.
        find_file: returns a file with these bytes that is never written, by their digest: it is linked where it can be.

    Raises:
        EmbedRefusedError: the set has no ROMs or an empty one, `directory` is a file or the root of the file system,
            or files of others are in the way and `force` was not given.
        EmbedFailedError: the operating system refused, or a manifest that is there is damaged.
    """
    _require_usable(rom_set)
    installed = rom_set.installed_files()
    files = tuple(
        EmbeddedFile(name, rom.given or rom.file_name, rom.sha256, rom.length) for name, rom in installed.items()
    )
    manifest = Manifest(rom_set.name, __version__, dict(rom_set.origin), files)
    places = {rom.sha256: find_file(rom.sha256) for rom in installed.values()}
    wanted = _Wanted(manifest, {name: places[rom.sha256] or rom.content for name, rom in installed.items()})
    directory = _resolve(directory)
    with _translated(directory):
        directory.parent.mkdir(parents=True, exist_ok=True)
        with _lock(directory):
            recover_directory(directory)
            if not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
                _embed_fresh(directory, wanted, durable=durable)
                return manifest
            return _install(directory, wanted, force=force, durable=durable) or manifest


def rollback(directory: Path, *, force: bool = False) -> Manifest | None:
    """Restore what a directory had before the set that is embedded now; a second time undoes the first.

    The manifest of what is embedded now is returned, None where the directory had none before.

    Raises:
        EmbedRefusedError: nothing is embedded, there was nothing before it, or files of others are in the way and
            `force` was not given.
        EmbedFailedError: the operating system refused, or a manifest is damaged.
    """
    directory = _resolve(directory)
    if not directory.parent.is_dir():
        raise EmbedRefusedError(f"{directory} does not exist")
    with _translated(directory), _lock(directory):
        recover_directory(directory)
        previous = directory / PRIVATE / PREVIOUS
        if not previous.is_dir():
            raise EmbedRefusedError(f"{directory} has no previous ROM set to restore")
        manifest = find_manifest(previous)
        names = [file.name for file in manifest.files] if manifest else []
        wanted = _Wanted(manifest, {name: previous / name for name in names})
        return _install(directory, wanted, force=force, durable=True)


def _require_usable(rom_set: RomSet) -> None:
    if not rom_set.roms:
        raise EmbedRefusedError(
            f"{rom_set.name} has no ROMs: no file is called efi-NAME.rom or pxe-NAME.rom, or as the PCI IDs of a NIC"
        )
    if empty := [rom.file_name for rom in rom_set.roms if not rom.content]:
        raise EmbedRefusedError(f"{rom_set.name} has empty ROMs, with which QEMU does not start: {', '.join(empty)}")


def require_option_roms(rom_set: RomSet) -> None:
    """Refuse a set with files that do not begin as an option ROM does.

    Raises:
        EmbedRefusedError: there are some; they are named.
    """
    if wrong := [rom.given or rom.file_name for rom in rom_set.roms if not survey_option_rom(rom.content).rom.images]:
        raise EmbedRefusedError(
            f"{rom_set.name} has files that are not option ROMs: {', '.join(wrong)}",
            remedy="bootrig lint says what is wrong with them; --force embeds them as they are",
        )


def _resolve(directory: Path) -> Path:
    """Return a data directory's own place.

    Raises:
        EmbedRefusedError: nothing can be embedded there: it is, or is below, something else than a directory, or it is
            the root of the file system.
    """
    found = directory.resolve()
    there = next(place for place in (found, *found.parents) if os.path.lexists(place))
    if not there.is_dir():
        raise EmbedRefusedError(f"{there} is not a directory")
    if found == found.parent:
        raise EmbedRefusedError(f"{found} is not an emulator's data directory: it is replaced as a whole")
    return found


def _embed_fresh(directory: Path, wanted: _Wanted, *, durable: bool) -> None:
    """Embed into a directory that is empty or not there: nothing to keep, one rename."""
    staged = staged_path(directory)
    try:
        staged.mkdir()
        if directory.exists():
            copy_attributes(directory, staged)
        _write_files(staged, wanted)
        if durable:
            sync_tree(staged)
        staged.replace(directory)
    finally:
        if staged.exists():
            remove_tree(staged)


def _install(directory: Path, wanted: _Wanted, *, force: bool, durable: bool) -> Manifest | None:
    """Make the successor of a directory with the files of `wanted`, and let the two change places."""
    current = find_manifest(directory)
    own = {file.name for file in current.files if _digest(directory / file.name) == file.sha256} if current else set()
    in_way = [name for name in wanted.files if name not in own and os.path.lexists(directory / name)]
    _refuse_foreign(directory, wanted, in_way, force=force)
    staged = staged_path(directory)
    staged.mkdir()
    try:
        gone = own | set(in_way) | {MANIFEST_NAME, PRIVATE}
        link_tree(directory, staged, lambda name: name not in gone)
        displaced = _keep_displaced(directory, staged, wanted, in_way)
        _keep_previous(directory, staged, own, has_set=current is not None)
        manifest = replace(wanted.manifest, displaced=displaced) if wanted.manifest else None
        _write_files(staged, _Wanted(manifest, wanted.files))
        if durable:
            sync_tree(staged)
        old = replace_directory(staged, directory)
    except BaseException:
        remove_tree(staged)
        raise
    _discard(old)
    return manifest


def _discard(old: Path) -> None:
    """Remove the directory that was replaced; the set is embedded whether or not that works."""
    try:
        remove_tree(old)
    except OSError as error:
        logger.warning("%s, which is no longer needed, could not be removed: %s", old, error.strerror)


def _refuse_foreign(directory: Path, wanted: _Wanted, in_way: list[str], *, force: bool) -> None:
    """Refuse if files of others are in the way; the same bytes are not, a directory always is."""
    wrong = [name for name in in_way if (directory / name).is_dir() and not (directory / name).is_symlink()]
    if wrong:
        raise EmbedRefusedError(f"{directory} contains directories named like ROM files: {', '.join(wrong)}")
    foreign = [name for name in in_way if _digest(directory / name) != _digest_of(wanted.files[name])]
    if foreign and not force:
        raise EmbedRefusedError(
            f"{directory} has files that bootrig did not write, or that were changed since: {', '.join(foreign)}",
            remedy="embed with --force: they are kept, and --rollback restores them",
        )


def _keep_displaced(directory: Path, staged: Path, wanted: _Wanted, in_way: list[str]) -> tuple[str, ...]:
    """Keep the files of others: those displaced before, those in the way now; those no longer in the way are put back.

    The names of those that are kept apart now are returned.
    """
    kept = staged / PRIVATE / DISPLACED
    kept.mkdir(parents=True)
    before = directory / PRIVATE / DISPLACED
    for path in sorted(before.iterdir()) if before.is_dir() else ():
        free = path.name not in wanted.files and not os.path.lexists(staged / path.name)
        link_file(path, (staged if free and path.suffix == ".rom" else kept) / path.name)
    for name in in_way:
        place = kept / name
        if os.path.lexists(place):
            place = kept / f"{name}.{(_digest(directory / name) or 'link')[:12]}"
        if not os.path.lexists(place):
            link_file(directory / name, place)
    return tuple(sorted(path.name for path in kept.iterdir()))


def _keep_previous(directory: Path, staged: Path, own: set[str], *, has_set: bool) -> None:
    """Keep the set that is there now as the previous one; an empty directory says that there was none."""
    previous = staged / PRIVATE / PREVIOUS
    previous.mkdir(parents=True)
    for name in sorted(own):
        link_file(directory / name, previous / name)
    if has_set:
        link_file(directory / MANIFEST_NAME, previous / MANIFEST_NAME)


def _write_files(staged: Path, wanted: _Wanted) -> None:
    for name, content in wanted.files.items():
        if isinstance(content, Path):
            link_file(content, staged / name)
        else:
            _write(staged / name, content)
    if wanted.manifest:
        _write(staged / MANIFEST_NAME, encode_json(wanted.manifest))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o644)


def _digest(path: Path) -> str | None:
    """Return the SHA-256 of a regular file, None for anything else."""
    if path.is_symlink() or not path.is_file():
        return None
    return digest_file(path)


def _digest_of(content: bytes | Path) -> str | None:
    return _digest(content) if isinstance(content, Path) else hashlib.sha256(content).hexdigest()


def _lock(directory: Path) -> AbstractContextManager[None]:
    """Hold the lock of the directory above, in which a directory is replaced."""
    deadline = Deadline.after(LOCK_S, f"another process embeds into a directory of {directory.parent}")
    return hold_lock(directory.parent, deadline)


@contextmanager
def _translated(directory: Path) -> Iterator[None]:
    """Turn the operating system's refusals and damaged manifests into errors of embedding."""
    try:
        yield
    except JsonFileError as error:
        remedy = f"remove {directory / MANIFEST_NAME}: its files then count as those of others"
        raise EmbedFailedError(str(error), remedy=remedy) from error
    except (OSError, shutil.Error) as error:
        number = getattr(error, "errno", None)
        reason = getattr(error, "strerror", None) or str(error)
        remedy = ""
        if number in (errno.EBUSY, errno.EXDEV):
            remedy = "a mount point cannot be replaced as a whole: embed into a directory below it, or mount elsewhere"
        elif number in (errno.EACCES, errno.EPERM, errno.EROFS):
            remedy = f"the directory above must be writable too, as {directory.name} is replaced as a whole"
        elif number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            remedy = f"free some space on the file system of {directory.parent}"
        raise EmbedFailedError(f"cannot embed into {directory}: {reason}", remedy=remedy) from error
