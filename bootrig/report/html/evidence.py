"""What runs hold of the boots that a report tells of: their traces, their captures, what lint finds in their ROMs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from bootrig.givenfile import FileKind, GivenFileError, read_given
from bootrig.record.run import RecordedRun, RunSide, find_run
from bootrig.trace.cast import CAST_FILE, CastError, CastEvent, parse_cast
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import CellBoots, group_boots
from bootrig.trace.trace import Trace
from firmware.lint.check import lint_set
from firmware.lint.finding import Finding
from firmware.lint.rule import LintOptions
from firmware.lint.subject import examine_set
from firmware.romset import RomSet

CAPTURE = "capture.pcap"
CAPTURED = FileKind("a capture", 256 << 20)
PICTURE, PNG = FileKind("a picture", 1 << 20), b"\x89PNG\r\n\x1a\n"
CONSOLE = FileKind("a console", 16 << 20)


@dataclass(frozen=True, slots=True)
class RecordedSide:
    """One side of what is reported.

    Attributes:
        label: `baseline`, `candidate`, or a word made from what was given.
        recorded: its run; None where there is none.
        boots: all boots of each cell.
        findings: what lint finds in its ROMs, by file.
    """

    label: str
    recorded: RecordedRun | None = None
    boots: Mapping[CellKey, CellBoots] = field(default_factory=dict)
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)

    @property
    def side(self) -> RunSide | None:
        """What `run.json` says of it."""
        if self.recorded is None:
            return None
        return next((side for side in self.recorded.run.sides if side.label == self.label), None)

    def find_trace(self, key: CellKey, attempt: str) -> Trace | None:
        """Return the boot of a cell by the name of its attempt."""
        boots = self.boots.get(key)
        return None if boots is None else next((one for one in boots.traces if one.attempt == attempt), None)

    def read_capture(self, trace: Trace) -> bytes | None:
        """Return the packets of a boot; None where its run does not have them, or would not have them inside."""
        return self._read(trace, CAPTURE, CAPTURED)

    def read_console(self, trace: Trace) -> bytes | None:
        """Return the console of a boot as an asciicast; None as `read_capture`."""
        return self._read(trace, CAST_FILE, CONSOLE)

    def read_picture(self, trace: Trace, file: str) -> bytes | None:
        """Return a picture of the screen by its file's name; None as `read_capture`, or where it is not a PNG file."""
        content = self._read(trace, PurePosixPath(file).name, PICTURE)
        return content if content is not None and content.startswith(PNG) else None

    def find_events(self, trace: Trace) -> list[CastEvent]:
        """Return what the console of a boot showed, and when; nothing where its run does not have it."""
        content = self.read_console(trace)
        try:
            return [] if content is None else parse_cast(content)
        except CastError:
            return []

    def _read(self, trace: Trace, name: str, kind: FileKind) -> bytes | None:
        if self.recorded is None or not trace.directory:
            return None
        directory = self.recorded.directory
        place = PurePosixPath(trace.directory)
        if place.is_absolute() or ".." in place.parts:
            return None
        path = directory / place / name
        try:
            if not path.resolve().is_relative_to(directory.resolve()):
                return None
            return read_given(path, kind)
        except (GivenFileError, OSError, ValueError):  # a NUL or half a character in the name
            return None


def load_pair(runs: Sequence[Path]) -> tuple[RecordedSide, RecordedSide]:
    """Return baseline and candidate of one run of `compare`, or of two runs; without runs there is nothing in them.

    Raises:
        RunError: a run has other sides.
        JsonFileError: a document of a run is damaged.
    """
    words = ("baseline", "candidate")
    if not runs:
        return RecordedSide(words[0]), RecordedSide(words[1])
    recorded = [find_run(f"{path.absolute()}/") for path in (runs[0], runs[-1])]
    labels = [one.find_label(word) for one, word in zip(recorded, words, strict=True)]
    first, second = (one.load_rom_set(label) for one, label in zip(recorded, labels, strict=True))
    findings = _lint(first, None), _lint(second, first)
    sides = [
        RecordedSide(label, one, _group(one.load_traces(label)), found)
        for one, label, found in zip(recorded, labels, findings, strict=True)
    ]
    return sides[0], sides[1]


def load_sides(runs: Sequence[Path], traces: Sequence[Trace]) -> tuple[RecordedSide, ...]:
    """Return the sides of a run without baseline, whose traces are at hand."""
    recorded = find_run(f"{runs[0].absolute()}/") if runs else None
    sides = []
    for label in dict.fromkeys(trace.side for trace in traces):
        is_known = recorded is not None and any(side.label == label for side in recorded.run.sides)
        rom_set = recorded.load_rom_set(label) if recorded is not None and is_known else None
        own = [trace for trace in traces if trace.side == label]
        sides.append(RecordedSide(label, recorded, _group(own), _lint(rom_set, None)))
    return tuple(sides)


def _group(traces: Sequence[Trace]) -> dict[CellKey, CellBoots]:
    return {key: boots for (_, _, key), boots in group_boots(traces).items()}


def _lint(rom_set: RomSet | None, baseline: RomSet | None) -> dict[str, tuple[Finding, ...]]:
    if rom_set is None:
        return {}
    options = LintOptions(baseline=None if baseline is None else examine_set(baseline))
    found: dict[str, list[Finding]] = {}
    for finding in lint_set(examine_set(rom_set), options):
        found.setdefault(finding.file, []).append(finding)
    return {
        file: tuple(sorted(own, key=lambda one: (not one.is_new, one.severity.rank))) for file, own in found.items()
    }
