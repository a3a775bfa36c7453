"""A run's cells: the boots of each, in the order in which they are asked for, and what came of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bootrig.cell.errors import CellError
from bootrig.cell.specification import CellSpecification
from bootrig.errors import is_wrong_input
from bootrig.schedule.equipment import Equipment, specify
from bootrig.schedule.executors.executor import CellResult, RunCells
from bootrig.schedule.plan import PlannedCell
from bootrig.schedule.prefixes import choose_prefixes, name_prefixes
from bootrig.schedule.results import KeptResults
from bootrig.schedule.shelf import Shelf
from bootrig.schedule.sides import Side
from bootrig.temporary import remove_path
from bootrig.trace.attempt import Attempt
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import REAL_TIME, CellBoots, Reason, WantedBoot, find_rungs, is_evidence
from bootrig.trace.trace import Clock, ClockKind, Trace

BROKEN_LIMIT = 5


class Listener:
    """Told how a run goes; does nothing by itself."""

    def run_made(self, directory: Path, cells: int) -> None:
        """The run directory is there, and so many cells will be booted."""

    def batch_added(self, reason: Reason, more: int) -> None:
        """`more` boots are added, for another reason."""

    def cell_started(self, specification: CellSpecification) -> None:
        """A boot begins."""

    def boots_cold(self, why: str) -> None:
        """QEMU does not freeze or thaw guests: cells that could share their beginning boot from power-on."""

    def kvm_left(self, why: str) -> None:
        """A boot under KVM broke: it and what follows in real time is booted under TCG."""

    def cell_finished(self, result: CellResult) -> None:
        """A boot has ended."""


class Campaign:
    """Runs the cells of one or more sides, which share the equipment, and keeps the results.

    What `kept` has is not booted again. What is booted first may go on from prefixes on the `shelf`; without one, all
    boots are cold.
    """

    def __init__(
        self,
        run_cells: RunCells,
        equipment: Equipment,
        run_directory: Path,
        sides: Sequence[Side],
        planned: Sequence[PlannedCell],
        listener: Listener,
        kept: KeptResults,
        shelf: Shelf | None = None,
    ) -> None:
        self._run_cells = run_cells
        self._equipment = equipment
        self._run_directory = run_directory
        self._sides = sides
        self._suited = [
            cell
            for cell in planned
            if any(
                side.is_recorded or side.suits(told, equipment.find_rom_file(told))
                for side in sides
                for told in [side.stack.assign(cell)]
            )
        ]
        self._cells = {(side.label, cell.key): (side, cell) for side, cell in self.iter_cells()}
        self._results: dict[tuple[str, CellKey, Attempt], CellResult] = {}
        self._listener = listener
        self._kept = kept
        self._places: Counter[tuple[str, CellKey, Clock]] = Counter()
        self._shelf = shelf
        self._has_left_kvm = False

    @property
    def errors(self) -> dict[tuple[str, CellKey], CellError]:
        """What broke first, by side and cell."""
        found: dict[tuple[str, CellKey], CellError] = {}
        for (side, key, _), result in self._results.items():
            if result.error is not None:
                found.setdefault((side, key), result.error)
        return found

    def traces(self, label: str | None = None) -> tuple[Trace, ...]:
        """Return the traces of one side, or of all: those of every boot."""
        return tuple(
            result.trace
            for (side, _, _), result in self._results.items()
            if label in (None, side) and result.trace is not None
        )

    def iter_cells(self) -> Iterator[tuple[Side, PlannedCell]]:
        """Yield the places of the matrix for which there is a ROM, and on some side an image for the platform firmware.

        Where one side has such an image, the others are booted without: what a set has lost must show. A side that is
        compared is tried without a ROM, too.
        """
        for cell in self._suited:
            for side in self._sides:
                if side.is_compared or side.covers(cell.key.nic_model):
                    yield side, side.stack.assign(cell)

    def knows(self, trace: Trace) -> bool:
        """Whether the scenario of a boot says that it ends so with this ROM set."""
        _, cell = self._cells[trace.side, trace.key]
        return any(known.fits(trace) for known in cell.scenario.expectation.known)

    def run(self) -> None:
        """Boot every planned cell for every ROM set that covers it, until one attempt of each counts.

        Raises:
            CellError: everything breaks.
        """
        specified = [
            specify(cell, side, self._equipment, self._run_directory, Attempt(self._equipment.choose_first_clock(cell)))
            for side, cell in self._cells.values()
        ]
        if self._shelf is None:
            self._run(specified)
        else:
            unknown = self._take_known(name_prefixes(specified, self._shelf))
            self._boot(choose_prefixes(unknown, self._shelf))
        while self.boot(find_rungs(self.traces())):
            pass

    def boot(self, wanted: Iterable[WantedBoot]) -> int:
        """Boot what is wanted, each boot once, but nothing where the rig broke already; return how many were booted.

        Raises:
            CellError: everything breaks.
        """
        broken = self.errors
        chosen: dict[tuple[str, CellKey, Clock], WantedBoot] = {}
        for boot in wanted:
            if (boot.side, boot.key) not in broken:
                chosen.setdefault((boot.side, boot.key, boot.clock), boot)
        for reason in Reason:
            if more := sum(boot.reason is reason for boot in chosen.values()):
                self._listener.batch_added(reason, more)
        self._run(self._specify(boot) for boot in chosen.values())
        return len(chosen)

    def _specify(self, wanted: WantedBoot) -> CellSpecification:
        side, cell = self._cells[wanted.side, wanted.key]
        clock = self._equipment.find_clock(cell, wanted.clock)
        return replace(self._specify_next(side, cell, clock), prefix=self._find_prefix(wanted, clock))

    def _specify_next(self, side: Side, cell: PlannedCell, clock: Clock) -> CellSpecification:
        number = sum(
            (label, key, attempt.clock) == (side.label, cell.key, clock) for label, key, attempt in self._results
        )
        return specify(cell, side, self._equipment, self._run_directory, Attempt(clock, number + 1))

    def _find_prefix(self, wanted: WantedBoot, clock: Clock) -> str:
        """Return the prefix of a boot that takes the place of one that was disturbed; others confirm, and are cold."""
        first = self._results.get((wanted.side, wanted.key, Attempt(clock)))
        use = first.trace.prefix if first is not None and first.trace is not None else None
        return use.key if use is not None and wanted.reason is Reason.DISTURBED else ""

    def _run(self, specifications: Iterable[CellSpecification]) -> None:
        self._boot(self._take_known(specifications))

    def _take_known(self, specifications: Iterable[CellSpecification]) -> list[CellSpecification]:
        """Take the boots that are kept, and return the others; of clones of one cell all are kept, or none is.

        For where times differ from process to process, a clone is not to be compared with a cold boot.
        """
        groups: dict[object, list[CellSpecification]] = {}
        for one in specifications:
            groups.setdefault(one.key if one.prefix and one.has_random_times else id(one), []).append(one)
        unknown = []
        for group in groups.values():
            traces = self._kept.find([(one, self._find_place(one)) for one in group])
            if not traces:
                unknown += group
            for specification, trace in zip(group, traces, strict=False):
                self._take(CellResult(specification, trace, None))
        return unknown

    def _boot(self, specifications: Sequence[CellSpecification]) -> None:
        left: list[CellSpecification] = []
        for result in self._run_cells(specifications, on_start=self._listener.cell_started) if specifications else ():
            if self._is_left_by_kvm(result):
                left.append(result.specification)
            else:
                self._take(result)
        if left:
            self._boot([self._specify_anew(specification) for specification in left])

    def _is_left_by_kvm(self, result: CellResult) -> bool:
        """Whether a boot broke under a KVM for which nobody asked; then no more is booted under it."""
        told, error = result.specification, result.error
        if error is None or is_wrong_input(str(error)) or told.clock.kind is not ClockKind.KVM:
            return False
        if self._equipment.is_kvm_asked:
            return False
        if not self._has_left_kvm:
            self._has_left_kvm = True
            self._equipment = self._equipment.without_kvm()
            self._listener.kvm_left(str(error))
        return True

    def _specify_anew(self, broken: CellSpecification) -> CellSpecification:
        """Return the boot under TCG that takes the place of one that broke under KVM, of which nothing stays."""
        remove_path(broken.directory)
        side, cell = self._cells[broken.side, broken.key]
        return self._specify_next(side, cell, self._equipment.find_clock(cell, REAL_TIME))

    def _find_place(self, specification: CellSpecification) -> int:
        """Return which one a boot is among those with its clock that are kept, from 1."""
        return self._places[specification.side, specification.key, specification.clock] + 1

    def _take(self, result: CellResult) -> None:
        """Take the result of a boot, and keep it if it is worth that.

        Raises:
            CellError: everything breaks.
        """
        told = result.specification
        self._results[told.side, told.key, told.attempt] = result
        if result.trace is not None and self._is_worth_keeping(result.trace):
            if not result.trace.cached:
                self._kept.keep(told, self._find_place(told), is_clone=result.trace.prefix is not None)
            self._places[told.side, told.key, told.clock] += 1
        self._listener.cell_finished(result)
        if result.error is not None and not is_wrong_input(str(result.error)):
            self._require_some_work(result.error)

    def _is_worth_keeping(self, trace: Trace) -> bool:
        """Whether a boot is evidence of the guest: undisturbed, or in real time and the attempt that counts."""
        if not is_evidence(trace) or not trace.outcome.disturbed:
            return is_evidence(trace)
        boots = (found for found in self.traces(trace.side) if found.key == trace.key)
        return CellBoots(tuple(boots)).counted is trace

    def _require_some_work(self, last: CellError) -> None:
        """Go on unless everything breaks: a wrong file is its own cells' only, what breaks a rig mostly that of all.

        Raises:
            CellError: it does.
        """
        broken = sum(not is_wrong_input(str(error)) for error in self.errors.values())
        if broken >= BROKEN_LIMIT and not self.traces():
            raise CellError(
                f"{broken} boots broke and none did not, the rest was not tried; the last: {last}",
                directory=last.directory,
                remedy=last.remedy,
            )
