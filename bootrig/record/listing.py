"""The runs of a directory: when, what, how each ended, how much space it takes; and removing old ones.

A run that has ended says in `run.json` how, and how much space it takes, so that nothing else of it is read.
"""

import datetime
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bootrig.errors import ExitStatus, InputError
from bootrig.jsonfile import JsonFileError, load_json
from bootrig.record.presence import is_under_way
from bootrig.record.run import RUN_FILE, RUNS_DIRECTORY, Run, point_latest
from bootrig.temporary import remove_path

BLOCK_LENGTH = 512  # stat(2): of st_blocks, whatever the file system's own are
_MADE = re.compile(r"\d{8}T\d{6}-.+")
_GONE = ".bootrig-gone-"
_STATUS_WORDS = {ExitStatus.GOOD: "good", ExitStatus.BAD: "bad", ExitStatus.BROKEN: "nothing proven"}


class RunState(StrEnum):
    """What became of a run."""

    ENDED = "ended"
    UNDER_WAY = "under way"
    KILLED = "did not end"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """A run as a list tells it.

    Attributes:
        directory: its directory, whose name is the run's.
        state: what became of it.
        run: what `run.json` says; None for a damaged one.
        fault: what is damaged; empty for nothing.
        length: how many bytes its files take on the disk, without those that are kept elsewhere as well.
        started_s: when it began, in seconds since 1970.
    """

    directory: Path
    state: RunState
    run: Run | None
    fault: str = ""
    length: int
    started_s: float

    @property
    def name(self) -> str:
        """The run's name."""
        return self.directory.name

    @property
    def result(self) -> str:
        """The verdict, or how boots ended, in words."""
        if self.run is None or self.state is not RunState.ENDED:
            return str(self.state)
        status = self.run.exit_status
        return self.run.outcome or ("" if status is None else _STATUS_WORDS.get(ExitStatus(status), ""))

    @property
    def cells(self) -> int:
        """How many cells were planned; those of several sides count once."""
        return 0 if self.run is None else len({cell.cell for cell in self.run.cells})


@dataclass(frozen=True, slots=True)
class PrunedRuns:
    """The runs that were removed, how many bytes that freed, and those that were to go and are under way."""

    removed: tuple[ListedRun, ...]
    freed: int
    left: tuple[ListedRun, ...]


def list_runs(runs: Path | None = None) -> tuple[ListedRun, ...]:
    """Return the runs of a directory, the newest first; damaged ones are among them.

    Raises:
        InputError: the directory cannot be read.
    """
    parent = runs or RUNS_DIRECTORY
    try:
        return tuple(map(_look, sorted(_iter_directories(parent), reverse=True)))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise InputError(f"{parent} cannot be read: {error.strerror}") from error


def _iter_directories(parent: Path) -> Iterator[Path]:
    """Yield the directories of runs; what has neither the name of a run nor `run.json` is somebody else's."""
    with os.scandir(parent) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                path = parent / entry.name
                if _MADE.fullmatch(entry.name) or (path / RUN_FILE).exists():
                    yield path


def _look(directory: Path) -> ListedRun:
    try:
        run = load_json(directory / RUN_FILE, Run)
        started = datetime.datetime.fromisoformat(run.started)
        if run.exit_status is not None:
            ExitStatus(run.exit_status)
    except (JsonFileError, ValueError) as error:
        fault = str(error).removeprefix(f"{directory}/")
        state = RunState.UNDER_WAY if is_under_way(directory) else RunState.DAMAGED
        began_s = directory.stat().st_mtime
        return ListedRun(
            directory=directory, state=state, run=None, fault=fault, length=measure(directory), started_s=began_s
        )
    state = RunState.ENDED
    if run.ended is None:
        state = RunState.UNDER_WAY if is_under_way(directory) else RunState.KILLED
    length = measure(directory) if run.length is None else run.length
    return ListedRun(directory=directory, state=state, run=run, length=length, started_s=started.timestamp())


def measure(directory: Path) -> int:
    """Return how many bytes a run takes on the disk, without files that have a name elsewhere, as ROMs of the store."""
    length = 0
    for place, _, names in os.walk(directory):
        for path in (Path(place), *(Path(place, name) for name in names)):
            with suppress(OSError):
                status = path.lstat()
                if status.st_nlink == 1 or path == Path(place):
                    length += status.st_blocks * BLOCK_LENGTH
    return length


def prune_runs(runs: Path | None, *, keep: int | None = None, before_s: float | None = None) -> PrunedRuns:
    """Remove all but the `keep` newest runs, or those that began before a moment, in seconds since 1970.

    What is under way stays. `latest` leads to the newest run that is left.

    Raises:
        InputError: the directory cannot be read, or a run not removed.
    """
    parent = runs or RUNS_DIRECTORY
    listed = list_runs(parent)
    old = listed if keep is None else listed[keep:]
    chosen = [one for one in old if before_s is None or one.started_s < before_s]
    left = [one for one in chosen if one.state is RunState.UNDER_WAY]
    removed, freed = [], 0
    try:
        for half in parent.glob(f"{_GONE}*"):
            freed += measure(half)
            remove_path(half)
        for one in chosen:
            if one not in left:
                freed += measure(one.directory)
                gone = parent / f"{_GONE}{one.name}"
                # a run that is removed in part has no name any more
                one.directory.rename(gone)
                remove_path(gone)
                removed.append(one)
    except OSError as error:
        raise InputError(f"{error.filename} cannot be removed: {error.strerror}") from error
    finally:
        rest = [one for one in listed if one.run is not None and one not in removed]
        point_latest(parent, rest[0].name if rest else None)
    return PrunedRuns(tuple(removed), freed, tuple(left))
