"""Runs: what was asked, with what, and the planned cells (`run.json`, `bootrig-run/1`), and reading a run again.

`run.json` is written when the cells are planned and again at the end; what is seen in between is in the cells'
directories, so a run that was killed can still be judged.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from msgspec import Struct

from bootrig.errors import InputError
from bootrig.givenfile import read_given
from bootrig.jsonfile import load_json, write_json
from bootrig.romset.rom_file import ROM
from bootrig.trace.error import ERROR_FILE, CellErrorDocument
from bootrig.trace.names import CellKey, parse_cell_name
from bootrig.trace.reading.outcome import settle_outcome
from bootrig.trace.trace import TRACE_FILE, Trace
from bootrig.workdir import ROMS_DIRECTORY
from firmware.lint.finding import Finding
from firmware.romset import RomSet

RUN_FILE = "run.json"
VERDICT_FILE = "verdict.json"
RUNS_DIRECTORY = Path("bootrig-runs")
LATEST = "latest"
# So many traces are kept in memory after they were read; a command reads those of a few runs.
MOST_READ = 4096


class RunError(InputError):
    """There is no such run, or it does not hold what is asked of it."""


class RunRom(Struct, frozen=True):
    """One ROM of a side: its file's name, digest and length, the length of its BAR in bytes."""

    file: str
    sha256: str
    length: int
    bar_length: int


class RunSide(Struct, frozen=True, kw_only=True):
    """One side of a run.

    Attributes:
        label: `baseline`, `candidate`, or a word made from what was given.
        given: as the user typed it.
        kind: of what its ROMs are: `recipe`, `directory`, `archive`, `rom`, `host`, `emulator` (its own).
        version: the ROM set's version, empty where it does not say.
        recorded: the recording that it is, `NAME of 2026-11-27`; None for a side that was booted.
        lint: of a recorded side what lint finds in its ROMs, which are not at hand.
        emulator: the emulator that the side sets, as the user typed it; None for none, as with `platform_firmware`.
    """

    label: str
    given: str
    kind: str = ""
    version: str = ""
    recorded: str | None = None
    lint: tuple[Finding, ...] = ()
    roms: tuple[RunRom, ...] = ()
    emulator: str | None = None
    platform_firmware: str | None = None


class RunHost(Struct, frozen=True, kw_only=True):
    """The machine: processors, load when the run began, Python, accelerator; of a run that has ended what held guests.

    Attributes:
        confinement: what held every guest.
        lacking: what of it the machine does not allow, as traces have it.
    """

    cpus: int
    load: float = 0.0
    python: str
    accelerator: str = ""
    confinement: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


class RunEmulator(Struct, frozen=True):
    """An emulator's version and digest."""

    version: str
    sha256: str


class RunFirmware(Struct, frozen=True):
    """A platform firmware's file, digest and version."""

    file: str
    sha256: str
    version: str = ""


class RunCell(Struct, frozen=True):
    """One planned cell: its name, its side's label, its directory relative to the run's."""

    cell: str
    side: str
    directory: str


class RunOptions(Struct, frozen=True, kw_only=True):
    """How guests were booted and what confirmed that, in the words of the options; None is for what was not asked."""

    is_virtual: bool | None = None
    accelerator: str = "auto"
    launcher: str = "direct"
    configure_by: str = "command-line"
    rom_by: str = "default"
    confirm_everywhere: bool = False
    confirm_by: str = "auto"
    is_cold: bool = False


class Run(Struct, frozen=True, kw_only=True):
    """What was asked, with what, and the planned cells.

    Attributes:
        id: the run directory's name.
        verb: `compare`, `run`, `boot`.
        argv: the command's words; empty where no command was given.
        bootrig: version of bootrig.
        started: when it began, ISO 8601 in UTC.
        ended: when it ended; None for a run that is under way or was killed, as is `exit_status`.
        repeat: how many boots of each cell have to end alike.
        outcome: the verdict, or how boots ended, in words; empty where the run has not ended.
        length: how many bytes its files took on the disk when it ended, without those that are kept elsewhere as well.
        options: how guests were booted.
        policy: what the site relies on and accepts; empty for nothing.
        repeats: the name of the run that this one repeats or completes; empty for none.
        programs: versions of the programs that served, by name.
    """

    format: Literal["bootrig-run/1"] = "bootrig-run/1"
    id: str
    verb: str
    argv: tuple[str, ...] = ()
    bootrig: str
    started: str
    ended: str | None = None
    exit_status: int | None = None
    repeat: int = 1
    outcome: str = ""
    length: int | None = None
    options: RunOptions = RunOptions()
    policy: Mapping[str, Any] = {}
    repeats: str = ""
    host: RunHost
    sides: tuple[RunSide, ...] = ()
    emulators: Mapping[str, RunEmulator] = {}
    platform_firmware: Mapping[str, RunFirmware] = {}
    programs: Mapping[str, str] = {}
    cells: tuple[RunCell, ...] = ()


def tell_time() -> str:
    """Return this moment as `run.json` has it."""
    return datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def write_run(run: Run, directory: Path) -> None:
    """Write `run.json`, and let `latest` beside the run's directory lead to it.

    A name `latest` that is not a symbolic link is left alone.
    """
    write_json(directory / RUN_FILE, run)
    point_latest(directory.parent, directory.name)


def point_latest(parent: Path, name: str | None) -> None:
    """Let `latest` in a directory of runs lead to the one of this name, or remove it; what is no link is left alone."""
    latest = parent / LATEST
    if latest.exists() and not latest.is_symlink():
        return
    if name is None:
        latest.unlink(missing_ok=True)
        return
    fresh = parent / f".{LATEST}.{name}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(name)
    fresh.replace(latest)


@lru_cache(MOST_READ)
def _load_settled(path: Path, _changed_ns: int, _length: int) -> Trace:
    """Return a trace with its outcome found anew: once, whoever of a command asks for it."""
    return settle_outcome(load_json(path, Trace))


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run that was read again: what `run.json` says, and its directory."""

    run: Run
    directory: Path

    def load_traces(self, label: str) -> tuple[Trace, ...]:
        """Return all traces of one side, their outcomes found anew, in the order of the planned cells.

        Raises:
            JsonFileError: a trace is damaged.
        """
        return tuple(self._iter_traces(label))

    def _iter_traces(self, label: str) -> Iterator[Trace]:
        for cell in self.run.cells:
            if cell.side == label:
                for path in sorted((self.directory / cell.directory).glob(f"*/{TRACE_FILE}")):
                    status = path.lstat()
                    yield _load_settled(path.absolute(), status.st_mtime_ns, status.st_size)

    def load_rom_set(self, label: str) -> RomSet | None:
        """Return the ROMs of one side as they were embedded; None where the run does not have them any more."""
        side = self.find_side(label)
        files = {rom.file: self.directory / ROMS_DIRECTORY / label / rom.file for rom in side.roms}
        contents = {name: read_given(path, ROM) for name, path in files.items() if path.is_file()}
        return RomSet.of_files(side.given, contents) if contents else None

    def find_side(self, label: str) -> RunSide:
        """Return the side of this label.

        Raises:
            RunError: there is none.
        """
        found = next((side for side in self.run.sides if side.label == label), None)
        if found is None:
            known = ", ".join(side.label for side in self.run.sides) or "none"
            raise RunError(f"{self.directory} has no side {label}", remedy=f"its sides: {known}")
        return found

    def load_errors(self, label: str) -> dict[CellKey, str]:
        """Return what broke first in the cells of one side in which the rig broke.

        Raises:
            JsonFileError: the document of an error is damaged.
        """
        found = {}
        for cell in self.run.cells:
            paths = sorted(
                (self.directory / cell.directory).glob(f"*/{ERROR_FILE}"), key=lambda path: path.stat().st_mtime
            )
            if cell.side == label and paths:
                document = load_json(paths[0], CellErrorDocument)
                found[parse_cell_name(cell.cell)] = document.message.removeprefix(f"{cell.cell}: ")
        return found

    def find_label(self, preferred: str) -> str:
        """Return the label of the side that stands for `preferred`: that one, or the only one.

        Raises:
            RunError: there are several others; they are named.
        """
        labels = [side.label for side in self.run.sides]
        if preferred in labels:
            return preferred
        if len(labels) == 1:
            return labels[0]
        raise RunError(
            f"{self.directory} has no side {preferred}, but {', '.join(labels) or 'none'}",
            remedy="judge takes a run of compare, or two runs with one side each",
        )


def find_run(name: str, runs: Path | None = None) -> RecordedRun:
    """Return the run that `name` names: its directory's name in `runs`, `@last`, `@last-1`, or a path with a slash.

    Raises:
        RunError: there is no such run, or it names what is outside of its directory.
        JsonFileError: its `run.json` is damaged.
    """
    parent = runs or RUNS_DIRECTORY
    directory = Path(name) if "/" in name else _find_named(name.removeprefix("@"), parent)
    if not (directory / RUN_FILE).is_file():
        hint = f"name the directory with a slash: ./{name}" if Path(name, RUN_FILE).is_file() else ""
        raise RunError(f"{directory} is not the directory of a run: it has no {RUN_FILE}", remedy=hint)
    run = load_json(directory / RUN_FILE, Run)
    _require_inside(run, directory)
    return RecordedRun(run, directory)


def name_run(directory: Path) -> str:
    """Return the word by which people name a run where they are: `@last`, its name, or its path."""
    path = directory.absolute()
    if path.parent.resolve() != RUNS_DIRECTORY.absolute().resolve():
        near = Path.cwd()
        return f"./{path.relative_to(near)}" if path.is_relative_to(near) else str(path)
    return "@last" if _list_named(RUNS_DIRECTORY)[-1:] == [path.name] else path.name


def _list_named(parent: Path) -> list[str]:
    """Return the names of the runs in a directory, the newest last."""
    return sorted(path.parent.name for path in parent.glob(f"*/{RUN_FILE}") if not path.parent.is_symlink())


def _require_inside(run: Run, directory: Path) -> None:
    """Make sure that a run, which may be a stranger's, names nothing outside of its directory.

    Raises:
        RunError: it does.
    """
    names = [cell.directory for cell in run.cells]
    names += [f"{side.label}/{rom.file}" for side in run.sides for rom in side.roms]
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\0" in name:
            raise RunError(f"{directory / RUN_FILE} names what is outside of the run: {name!r}")


def _find_named(word: str, parent: Path) -> Path:
    if word != "last" and not word.startswith("last-"):
        return parent / word
    back = word.removeprefix("last").removeprefix("-") or "0"
    runs = _list_named(parent)
    if not back.isdecimal() or int(back) >= len(runs):
        raise RunError(f"there is no run @{word} in {parent}: it has {len(runs)}")
    return parent / runs[-1 - int(back)]
