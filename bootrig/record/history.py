"""The history of a directory of runs: a SQLite file beside them, made from them, which outlives runs that are removed.

A run is read once, when it has ended; what is known of it stays when its directory goes. The file is a cache: a damaged
one, or one of another form, is told and made anew from the runs that are there. One process at a time uses it, by the
lock of the directory; where it cannot be written, the history is made in memory.
"""

import json
import logging
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bootrig.deadline import Deadline
from bootrig.errors import RigError
from bootrig.jsonfile import JsonFileError
from bootrig.lock import hold_lock
from bootrig.record.run import RUN_FILE, RUNS_DIRECTORY, VERDICT_FILE, RecordedRun, Run, RunError, find_run
from bootrig.record.sighting import SeenBoot, SeenDifference, Sighting, read_sighting

logger = logging.getLogger(__name__)

FORMAT = 1
# another form has another name, so that versions of bootrig beside each other do not undo each other's
HISTORY_FILE = f"history-{FORMAT}.sqlite"
BESIDE = ("", "-journal", "-wal", "-shm")
LOCK_S = 30.0
COMPARE = "compare"
SCHEMA = (
    "CREATE TABLE run (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, mark TEXT NOT NULL,"
    " started TEXT NOT NULL, verb TEXT NOT NULL, answer TEXT NOT NULL, sides TEXT NOT NULL) STRICT",
    "CREATE TABLE planned (run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, cell TEXT NOT NULL,"
    " PRIMARY KEY (run, cell)) STRICT, WITHOUT ROWID",
    "CREATE TABLE boot (run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, cell TEXT NOT NULL, side TEXT NOT NULL,"
    " state TEXT NOT NULL, milestone TEXT NOT NULL, clock TEXT NOT NULL, stages TEXT NOT NULL,"
    " PRIMARY KEY (run, cell, side)) STRICT, WITHOUT ROWID",
    "CREATE TABLE difference (run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, id TEXT NOT NULL, cell TEXT,"
    " severity TEXT NOT NULL, waiver TEXT NOT NULL, sentence TEXT NOT NULL,"
    " PRIMARY KEY (run, id)) STRICT, WITHOUT ROWID",
)


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that has ended.

    Attributes:
        number: by which the history knows it.
        name: its directory's name.
        started: when it began, ISO 8601 in UTC.
        verb: `compare`, `run`, `boot`.
        answer: the verdict's word, or how many boots passed.
        sides: as the user typed them, in their order.
    """

    number: int
    name: str
    started: str
    verb: str
    answer: str
    sides: tuple[str, ...]


class History:
    """What is known of the runs of a directory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def list_runs(self) -> tuple[PastRun, ...]:
        """Return the runs, the oldest first."""
        rows = self._connection.execute(
            "SELECT number, name, started, verb, answer, sides FROM run ORDER BY started, name"
        )
        return tuple(
            PastRun(number, name, started, verb, answer, tuple(json.loads(sides)))
            for number, name, started, verb, answer, sides in rows
        )

    def find_cells(self, run: PastRun) -> frozenset[str]:
        """Return the cells that a run planned."""
        rows = self._connection.execute("SELECT cell FROM planned WHERE run = ?", (run.number,))
        return frozenset(cell for (cell,) in rows)

    def find_boots(self, run: PastRun) -> tuple[SeenBoot, ...]:
        """Return the boots of a run that count."""
        rows = self._connection.execute(
            "SELECT cell, side, state, milestone, clock, stages FROM boot WHERE run = ? ORDER BY cell, side",
            (run.number,),
        )
        return tuple(
            SeenBoot(cell, side, state, milestone, clock, json.loads(stages))
            for cell, side, state, milestone, clock, stages in rows
        )

    def find_differences(self, run: PastRun) -> tuple[SeenDifference, ...]:
        """Return what differed in a comparison."""
        rows = self._connection.execute(
            "SELECT id, cell, severity, waiver, sentence FROM difference WHERE run = ? ORDER BY id", (run.number,)
        )
        names = ("id", "cell", "severity", "waiver", "sentence")
        return tuple(SeenDifference(**dict(zip(names, row, strict=True))) for row in rows)

    def update(self, runs: Path) -> None:
        """Read the runs that have ended since; one that cannot be read is told and left out."""
        known = dict(self._connection.execute("SELECT name, mark FROM run"))
        for path in sorted(runs.glob(f"*/{RUN_FILE}")):
            if path.parent.is_symlink():
                continue
            try:
                status = path.stat()
                mark = f"{status.st_mtime_ns} {status.st_size}"
                if known.get(path.parent.name) != mark:
                    self._read(path.parent, mark)
            except (JsonFileError, RunError, OSError) as error:
                logger.warning("the run %s is not in the history: %s", path.parent.name, error)

    def _read(self, directory: Path, mark: str) -> None:
        recorded = find_run(f"{directory}/")
        lacks_verdict = recorded.run.verb == COMPARE and not (directory / VERDICT_FILE).is_file()
        if recorded.run.ended is not None and not lacks_verdict:
            self.add(recorded, mark, read_sighting(recorded))

    def add(self, recorded: RecordedRun, mark: str, seen: Sighting) -> None:
        """Add a run, in the place of one of the same name; all of it or nothing."""
        run, name = recorded.run, recorded.directory.name
        sides = json.dumps([side.given for side in run.sides])
        with self._connection:
            self._connection.execute("DELETE FROM run WHERE name = ?", (name,))
            cursor = self._connection.execute(
                "INSERT INTO run (name, mark, started, verb, answer, sides) VALUES (?, ?, ?, ?, ?, ?)",
                (name, mark, run.started, run.verb, seen.answer, sides),
            )
            self._connection.executemany("INSERT INTO planned VALUES (?, ?)", _rows(cursor, _plan(run)))
            boots = (
                (one.cell, one.side, one.state, one.milestone, one.clock, json.dumps(one.stages)) for one in seen.boots
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO boot VALUES (?, ?, ?, ?, ?, ?, ?)", _rows(cursor, boots)
            )
            found = ((one.id, one.cell, one.severity, one.waiver, one.sentence) for one in seen.differences)
            self._connection.executemany(
                "INSERT OR REPLACE INTO difference VALUES (?, ?, ?, ?, ?, ?)", _rows(cursor, found)
            )


def _plan(run: Run) -> list[tuple[str]]:
    return [(cell,) for cell in dict.fromkeys(cell.cell for cell in run.cells)]


def _rows(cursor: sqlite3.Cursor, values: Iterable[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    return ((cursor.lastrowid, *value) for value in values)


@contextmanager
def open_history(runs: Path | None = None) -> Iterator[History]:
    """Open the history of a directory of runs, up to the last run that has ended, and keep others from it.

    Raises:
        RigError: another process keeps it for too long, or the directory cannot be read.
    """
    parent = runs or RUNS_DIRECTORY
    if not parent.is_dir():
        with closing(_make(":memory:")) as connection:
            yield History(connection)
        return
    deadline = Deadline.after(LOCK_S, f"another process uses the history of {parent}")
    try:
        with hold_lock(parent, deadline), closing(_open(parent / HISTORY_FILE)) as connection:
            history = History(connection)
            history.update(parent)
            yield history
    except (sqlite3.Error, OSError) as error:
        raise RigError(f"the history of {parent} cannot be used: {error}") from error


def _open(path: Path) -> sqlite3.Connection:
    """Open the file of a history, which is made anew where it is damaged, and in memory where it cannot be written."""
    try:
        if path.is_symlink() or path.exists():
            if (fault := _find_fault(path)) is None:
                return _connect(str(path))
            logger.warning("%s is damaged (%s) and is made anew from the runs that are there", path, fault)
            for suffix in BESIDE:
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        return _make(str(path))
    except (sqlite3.OperationalError, OSError) as error:
        logger.info("%s cannot be written (%s): the history is made in memory", path, error)
        return _make(":memory:")


def _find_fault(path: Path) -> str | None:
    """Return what is wrong with a file of a history, None for nothing.

    Raises:
        sqlite3.OperationalError: it cannot be opened for writing.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        return "not a regular file"
    try:
        with closing(_connect(str(path))) as connection:
            tables = tuple(sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema WHERE sql NOTNULL"))
            if tables != SCHEMA:
                return "not the tables of a history"
            ((told,),) = connection.execute("PRAGMA quick_check(1)")
            # a file that may be read but not written is told here
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if told == "ok" else str(told)


def _make(place: str) -> sqlite3.Connection:
    connection = _connect(place)
    with connection:
        for table in SCHEMA:
            connection.execute(table)
    return connection


def _connect(place: str) -> sqlite3.Connection:
    connection = sqlite3.connect(place, timeout=LOCK_S)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def find_previous(
    history: History, name: str, sides: Sequence[str], cells: Iterable[str], started: str
) -> PastRun | None:
    """Return the last comparison before a run of the same sides, by what users typed, that planned all of its cells."""
    wanted = frozenset(cells)
    for run in reversed(history.list_runs()):
        is_before = (run.started, run.name) < (started, name)
        if is_before and run.verb == COMPARE and run.sides == tuple(sides) and wanted <= history.find_cells(run):
            return run
    return None
