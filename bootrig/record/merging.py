"""Joining the runs of a matrix' shards into one."""

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from msgspec import structs

from bootrig.record.run import RecordedRun, Run, RunError, write_run
from bootrig.temporary import remove_path
from bootrig.workdir import make_run_directory

OPTION = "--shard"
_SHARD = re.compile(rf"{OPTION}(?:=(?P<shard>.*))?")
_NUMBERS = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")
# Of these all shards have the same: what was booted, and with what.
SAME = {"verb": "verbs", "bootrig": "versions of bootrig", "sides": "ROM sets", "emulators": "emulators"}
SAME |= {"platform_firmware": "platform firmware"}


def merge_runs(recorded: Sequence[RecordedRun], runs: Path | None = None) -> RecordedRun:
    """Return a new run with the cells of all, which are the shards of one matrix; it is made in the directory `runs`.

    Raises:
        RunError: they are not all shards of one matrix, or not each once, or one did not end.
        InputError: the directory cannot be made.
    """
    shards = [_find_shard(one) for one in recorded]
    _require_whole(recorded, [shard for shard, _ in shards])
    first = recorded[0].run
    for (_, argv), one in zip(shards, recorded, strict=True):
        _require_same(one, recorded[0], argv, shards[0][1])
    directory = make_run_directory(runs, first.verb)
    try:
        for one in recorded:
            _copy(one, directory)
        merged = structs.replace(
            first,
            id=directory.name,
            argv=shards[0][1],
            started=min(one.run.started for one in recorded),
            ended=max(one.run.ended or "" for one in recorded),
            exit_status=None,
            programs={name: version for one in recorded for name, version in one.run.programs.items()},
            cells=tuple(cell for one in recorded for cell in one.run.cells),
        )
        write_run(merged, directory)
    except OSError as error:
        remove_path(directory)
        raise RunError(f"the runs cannot be joined: {error.filename}: {error.strerror}") from error
    except BaseException:
        remove_path(directory)
        raise
    return RecordedRun(merged, directory)


def _find_shard(recorded: RecordedRun) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Return which shard of how many a run is, and its command without that.

    Raises:
        RunError: it is none, or did not end.
    """
    words, named = list(recorded.run.argv), ""
    for index in reversed(range(len(words))):
        if match := _SHARD.fullmatch(words[index]):
            end = index + 1 + (match["shard"] is None)
            named = named or match["shard"] or "".join(words[index + 1 : end])
            del words[index:end]
    numbers = _NUMBERS.fullmatch(named)
    if numbers is None:
        raise RunError(f"{recorded.directory} is not a shard: its command has no {OPTION} I/N")
    if recorded.run.ended is None:
        raise RunError(f"{recorded.directory} has not ended: it is under way, or was killed")
    return (int(numbers[1]), int(numbers[2])), tuple(words)


def _require_whole(recorded: Sequence[RecordedRun], shards: Sequence[tuple[int, int]]) -> None:
    """Make sure that each shard is there, and once.

    Raises:
        RunError: it is not so.
    """
    _, count = shards[0]
    for (number, others), one in zip(shards, recorded, strict=True):
        if others != count:
            raise RunError(f"{one.directory} is shard {number}/{others}, {recorded[0].directory} one of {count}")
    numbers = [number for number, _ in shards]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    missing = sorted(set(range(1, count + 1)) - set(numbers))
    for found, what in ((twice, "there twice"), (missing, "missing")):
        if found:
            words = ", ".join(f"{number}/{count}" for number in found)
            raise RunError(f"shard{'s' if len(found) > 1 else ''} {words}: {what}", remedy="name each shard's run once")


def _require_same(one: RecordedRun, other: RecordedRun, argv: tuple[str, ...], other_argv: tuple[str, ...]) -> None:
    """Make sure that two runs are parts of the same.

    Raises:
        RunError: they differ in something else than the shard.
    """
    if argv != other_argv:
        raise RunError(f"{one.directory} had another command than {other.directory}: {' '.join(argv)}")
    for field, words in SAME.items():
        if getattr(one.run, field) != getattr(other.run, field):
            raise RunError(f"{one.directory} has other {words} than {other.directory}")


def _copy(recorded: RecordedRun, directory: Path) -> None:
    """Copy what a run has of cells and of what they were booted with; what is there already has the same content."""
    for source in _iter_directories(recorded.run, recorded.directory):
        target = directory / source.relative_to(recorded.directory)
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target, follow_symlinks=False)


def _iter_directories(run: Run, directory: Path) -> Iterator[Path]:
    yield from (directory / cell.directory for cell in run.cells)
    of_cells = {PurePosixPath(cell.directory).parts[0] for cell in run.cells}
    for place in sorted(directory.iterdir()):
        if place.is_dir() and not place.is_symlink() and place.name not in of_cells:
            yield from sorted(place.iterdir())
