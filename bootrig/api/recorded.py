"""Sides that are recordings: which ones are, the boots that they give, and comparing two of them."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from bootrig import __version__
from bootrig.cell.process import describe_host_error
from bootrig.compare import Policy, Verdict, compare_traces
from bootrig.compare.linting import choose_named, find_new_named
from bootrig.errors import InputError
from bootrig.jsonfile import write_json
from bootrig.recipe.path import UnknownRecipeError
from bootrig.record.recording import Recording, find_recording, find_recording_path
from bootrig.record.run import Run, RunCell, RunHost, RunSide, tell_time
from bootrig.romset.obtain import obtain_rom_set
from bootrig.romset.side import parse_side
from bootrig.schedule.boot_key import digest_scenario
from bootrig.schedule.equipment import CELLS_DIRECTORY, count_processors
from bootrig.schedule.plan import PlannedCell
from bootrig.store.errors import UnavailableError
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import WantedBoot
from bootrig.trace.trace import TRACE_FILE, Trace


@dataclass(frozen=True, slots=True)
class RecordedSide:
    """A side of a comparison that is a recording: its label, what the user typed, the boots that serve."""

    label: str
    given: str
    recording: Recording
    traces: tuple[Trace, ...]

    @property
    def keys(self) -> frozenset[CellKey]:
        """The cells of which it has boots."""
        return frozenset(trace.key for trace in self.traces)

    def describe(self) -> RunSide:
        """Return what `run.json` says of it."""
        heading = self.recording.heading
        return RunSide(
            label=self.label,
            given=self.given,
            kind="recipe",
            version=heading.origin.get("version", ""),
            recorded=f"{heading.name} of {heading.recorded}",
            roms=heading.roms,
            lint=heading.lint,
        )

    def describe_cells(self) -> tuple[RunCell, ...]:
        """Return what `run.json` says of its cells."""
        keys = dict.fromkeys(trace.key for trace in self.traces)
        return tuple(RunCell(str(key), self.label, self._find_directory(key)) for key in keys)

    def write_traces(self, run_directory: Path) -> "RecordedSide":
        """Write the boots into the run's directory, so that it is whole; return the side with their places.

        Raises:
            RigError: they cannot be written.
        """
        placed = [
            replace(trace, directory=f"{self._find_directory(trace.key)}/{trace.attempt}") for trace in self.traces
        ]
        for trace in placed:
            target = run_directory / trace.directory
            try:
                target.mkdir(parents=True)
                write_json(target / TRACE_FILE, trace, durable=False)
            except OSError as error:
                raise describe_host_error(error, target) from error
        return RecordedSide(self.label, self.given, self.recording, tuple(placed))

    def _find_directory(self, key: CellKey) -> str:
        return f"{CELLS_DIRECTORY}/{self.label}/{key.directory_name}"


def find_recordings(names: Sequence[str], labels: Sequence[str]) -> dict[str, Recording]:
    """Return the recordings of the sides whose ROMs are not at hand, by their labels.

    Raises:
        InputError: a name is wrong, or a recording is damaged.
        RigError: the store cannot be read or written.
    """
    found = {}
    for name, label in zip(names, labels, strict=True):
        words = parse_side(name)
        is_plain = not words.emulator and not words.platform_firmware
        if is_plain and find_recording_path(words.roms) is not None and not _is_at_hand(words.roms):
            recording = find_recording(words.roms)
            if recording is not None:
                found[label] = recording
    return found


def _is_at_hand(name: str) -> bool:
    try:
        obtain_rom_set(name)
    except (UnavailableError, UnknownRecipeError):
        return False
    return True


def serve_cells(
    recordings: Mapping[str, Recording], names: Mapping[str, str], planned: Sequence[PlannedCell]
) -> tuple[tuple[RecordedSide, ...], tuple[PlannedCell, ...], tuple[str, ...]]:
    """Return the recorded sides, the cells of which all of them have boots, and what is to be said of the others.

    Raises:
        InputError: none is left.
    """
    places = {
        cell.key: (
            (cell.key.scenario, cell.key.nic_model, cell.key.machine, cell.platform_firmware),
            digest_scenario(cell.scenario),
        )
        for cell in planned
    }
    sides = tuple(
        RecordedSide(label, names[label], recording, recording.serve(places, label))
        for label, recording in recordings.items()
    )
    left = tuple(cell for cell in planned if all(cell.key in side.keys for side in sides))
    if not left:
        words = " and ".join(f"{side.given} of {side.recording.heading.recorded}" for side in sides)
        raise InputError(
            f"the recording {words} has none of the cells that are asked for",
            remedy=f"bootrig store add FILE..., so that the ROMs of {sides[0].given} are at hand, or fewer filters",
        )
    kept = {cell.key for cell in left}
    chosen = tuple(
        RecordedSide(side.label, side.given, side.recording, tuple(t for t in side.traces if t.key in kept))
        for side in sides
    )
    notes = tuple(
        f"the recording of {side.given} has {len(side.keys)} of {len(planned)} cells; the others were not compared"
        for side in sides
        if len(side.keys) < len(planned)
    )
    return chosen, left, notes


def is_bootable(boot: WantedBoot, wanted: Sequence[WantedBoot], recorded: Sequence[str]) -> bool:
    """Whether a boot that is `wanted` is of a side that is booted, and tells something without any of a recorded one.

    `recorded` are the labels of the recorded sides.
    """
    same = (other for other in wanted if (other.key, other.clock, other.reason) == (boot.key, boot.clock, boot.reason))
    return boot.side not in recorded and not any(other.side in recorded for other in same)


def judge_recorded(sides: Sequence[RecordedSide], policy: Policy, notes: Sequence[str]) -> Verdict:
    """Hold a recorded baseline against a recorded candidate: nothing is booted."""
    baseline, candidate = sides
    models = {key.nic_model for side in sides for key in side.keys}
    first, second = (choose_named(side.recording.heading.lint, models) for side in sides)
    return compare_traces(baseline.traces, candidate.traces, policy, lint=find_new_named(first, second), notes=notes)


def describe_recorded_run(sides: Sequence[RecordedSide], argv: tuple[str, ...], directory: Path) -> Run:
    """Return what `run.json` says of a comparison of recordings."""
    headings = [side.recording.heading for side in sides]
    return Run(
        id=directory.name,
        verb="compare",
        argv=argv,
        bootrig=__version__,
        started=tell_time(),
        host=RunHost(cpus=count_processors(), python=platform.python_version()),
        sides=tuple(side.describe() for side in sides),
        emulators={name: emulator for heading in headings for name, emulator in heading.emulators.items()},
        platform_firmware={name: file for heading in headings for name, file in heading.platform_firmware.items()},
        cells=tuple(cell for side in sides for cell in side.describe_cells()),
    )


def add_recorded(run: Run, recorded: Sequence[RecordedSide]) -> Run:
    """Return what `run.json` says of a run with recorded sides, in their places."""
    sides = sorted((*run.sides, *(side.describe() for side in recorded)), key=lambda side: side.label)
    cells = (*run.cells, *(cell for side in recorded for cell in side.describe_cells()))
    return replace(run, sides=tuple(sides), cells=cells) if recorded else run
