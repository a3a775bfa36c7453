"""Boots that an earlier run has, in the place of booting again: a run that was killed is completed by another one."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from bootrig.cell.process import describe_host_error
from bootrig.cell.specification import CellSpecification, write_specification
from bootrig.jsonfile import JsonFileError, load_json, write_json
from bootrig.schedule.results import KeptResults
from bootrig.trace.trace import TRACE_FILE, Trace


class RecordedResults(KeptResults):
    """The boots of an earlier run that has the same sides and cells; others are looked for in the cache.

    Of a boot that is taken from there nothing is kept in the cache: other sources may have made it.
    """

    def __init__(self, run_directory: Path, *, is_fresh: bool = False) -> None:
        super().__init__(is_fresh=is_fresh)
        self._run_directory = run_directory
        self._taken: set[Path] = set()

    def find(self, wanted: Sequence[tuple[CellSpecification, int]]) -> Sequence[Trace]:
        """Return the traces of these boots, if the run has all of them, or the cache.

        Raises:
            RigError: the files cannot be written.
        """
        found = [self._load(specification) for specification, _ in wanted]
        traces = [trace for trace in found if trace is not None]
        if len(traces) < len(wanted):
            return super().find(wanted)
        for (specification, _), trace in zip(wanted, traces, strict=True):
            self._take(specification, trace)
        return traces

    def keep(self, specification: CellSpecification, place: int, *, is_clone: bool = False) -> None:
        """Keep a boot that was made in this run."""
        if specification.directory not in self._taken:
            super().keep(specification, place, is_clone=is_clone)

    def _load(self, specification: CellSpecification) -> Trace | None:
        """Return the trace of the same boot; None where it is not there, or the cell began with another clock."""
        path = self._run_directory / specification.attempt_path / TRACE_FILE
        try:
            trace = load_json(path, Trace)
        except JsonFileError:
            return None
        is_same = (trace.cell, trace.side, trace.attempt, trace.first_clock, trace.rom_set) == (
            str(specification.key),
            specification.side,
            str(specification.attempt),
            specification.first_clock,
            specification.rom_set,
        )
        return replace(trace, directory=specification.attempt_path) if is_same else None

    def _take(self, specification: CellSpecification, trace: Trace) -> None:
        source, target = self._run_directory / specification.attempt_path, specification.directory
        try:
            write_specification(specification)
            shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(TRACE_FILE))
            write_json(target / TRACE_FILE, trace, durable=False)
        except OSError as error:
            raise describe_host_error(error, target) from error
        self._taken.add(target)
