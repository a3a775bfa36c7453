"""Which trace of the baseline meets which trace of the candidate."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bootrig.compare.tolerance import TOLERANCE, Tolerance
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import (
    REAL_TIME,
    CellBoots,
    Reason,
    WantedBoot,
    choose_second_clock,
    group_boots,
    is_same_clock,
)
from bootrig.trace.reading.ends import describe_ends
from bootrig.trace.reading.stages import Stage
from bootrig.trace.trace import Clock, MissingRom, Trace
from firmware.lint.finding import Finding as LintFinding

ONCE = (1, 1)
Event = TypeVar("Event")
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class CellPair:
    """Two boots of one cell.

    Attributes:
        key: the cell.
        baseline: the baseline's trace.
        candidate: the candidate's trace.
        second: the trace of either side at a second virtual clock, both undisturbed; None where there is none.
        tolerance: how far times may differ.
        ends: how the boots of baseline and candidate ended, in words, where those that were repeated ended differently;
            empty where they ended alike.
        lent: where there is no `second`, the instructions of baseline and candidate in those stages of which another
            cell tells; None where two clocks do not split them.
    """

    key: CellKey
    baseline: Trace
    candidate: Trace
    second: tuple[Trace, Trace] | None = None
    tolerance: Tolerance = TOLERANCE
    ends: tuple[str, str] = ("", "")
    lent: Mapping[Stage, tuple[float | None, float | None]] = field(default_factory=dict)

    @property
    def sides(self) -> tuple[Trace, Trace]:
        """Baseline and candidate."""
        return self.baseline, self.candidate

    @property
    def is_virtual(self) -> bool:
        """Whether both boots ran in virtual time."""
        return all(trace.clock.is_virtual for trace in self.sides)

    @property
    def is_real(self) -> bool:
        """Whether both boots ran in real time."""
        return not any(trace.clock.is_virtual for trace in self.sides)

    @property
    def is_mixed(self) -> bool:
        """Whether the boots ran with other clocks, so that their times say nothing."""
        return not is_same_clock(self.baseline.clock, self.candidate.clock)

    @property
    def has_other_emulators(self) -> bool:
        """Whether the boots are those of emulators of other versions."""
        versions = {trace.emulator.version for trace in self.sides if trace.emulator.version}
        return len(versions) > 1

    @property
    def is_disturbed(self) -> bool:
        """Whether packets were sent again in virtual time, where that says more of the host than of the guest."""
        return any(trace.clock.is_virtual and trace.outcome.disturbed for trace in self.sides)

    @property
    def is_truncated(self) -> bool:
        """Whether a limit cut something of what a boot showed."""
        return any(trace.truncated for trace in self.sides)

    @property
    def both_passed(self) -> bool:
        """Whether both boots did what they should: only then does it tell anything that one of them lacks something."""
        return all(trace.passed for trace in self.sides)

    @property
    def is_unstable(self) -> bool:
        """Whether the repeated boots of some side ended differently."""
        return any(self.ends)


@dataclass(frozen=True, slots=True)
class PairedCell:
    """One cell that both sides have.

    Attributes:
        judged: the boots that count, with those at the second clock where that is virtual; where one side counts at a
            slower clock or in real time only, the boots of both with that clock.
        baseline: all of the baseline's boots.
        candidate: all of the candidate's boots.
    """

    judged: CellPair
    baseline: CellBoots
    candidate: CellBoots

    @property
    def boots(self) -> tuple[CellBoots, CellBoots]:
        """All boots of baseline and candidate."""
        return self.baseline, self.candidate

    @property
    def can_be_split(self) -> bool:
        """Whether two virtual clocks can tell waits from work in the boots that count."""
        return (
            not self.judged.is_mixed
            and not self.judged.has_other_emulators
            and self.judged.is_virtual
            and not self.judged.is_disturbed
            and self.second_clock.is_virtual
        )

    @property
    def second_clock(self) -> Clock:
        """The cell's second clock."""
        return choose_second_clock(self.boots)

    @property
    def second(self) -> CellPair | None:
        """The boots at the second clock; None where a side has none."""
        return self._find(self.second_clock, *self._second_numbers)

    @property
    def failed_again(self) -> CellPair | None:
        """The boots at the second clock of those sides that failed, beside what counts of one that passed.

        In real time both sides are booted again. None where both passed, and where a boot is lacking.
        """
        if self.judged.both_passed:
            return None
        if self.judged.is_real:
            return self.second
        pair = [
            judged if judged.passed else boots.find(self.second_clock, number)
            for judged, boots, number in zip(self.judged.sides, self.boots, self._second_numbers, strict=True)
        ]
        baseline, candidate = pair
        if baseline is None or candidate is None:
            return None
        return replace(self.judged, baseline=baseline, candidate=candidate, second=None, lent={})

    @property
    def place(self) -> tuple[str, ...]:
        """What cells have in common in which the same firmware runs, whatever the scenario and the NIC."""
        key = self.judged.key
        clock = self.baseline.first_clock
        return key.machine, key.platform_firmware, key.emulator, f"{clock.kind}{clock.shift}"

    @property
    def look(self) -> CellPair | None:
        """The second look at both virtual clocks; None where the clocks do not split times, or a side has none."""
        if self.judged.second is None:
            return None
        first, second = self._find(self.baseline.first_clock, 2, 2), self._find(self.second_clock, 2, 2)
        return None if first is None or second is None else replace(first, second=second.sides)

    @property
    def alike(self) -> CellPair | None:
        """The boots with one clock, where those that count have two; None where a side has none."""
        return self._find(self._slower_clock, 1, 1)

    @property
    def real(self) -> CellPair | None:
        """The boots in real time; None where a side has none."""
        return self._find(REAL_TIME, 1, 1)

    @property
    def real_beside_recorded(self) -> CellPair | None:
        """The boots in real time; of a recorded side that has none the one that counts, if the other one has.

        No clock makes what is found in them: a recording has boots in real time of those cells only that failed.
        """
        pair = [boots.find(REAL_TIME) or _stand_in(boots) for boots in self.boots]
        baseline, candidate = pair
        if baseline is None or candidate is None or not any(boots.find(REAL_TIME) for boots in self.boots):
            return None
        return replace(self.judged, baseline=baseline, candidate=candidate, second=None, lent={})

    def want_second(self) -> tuple[WantedBoot, ...]:
        """Return the boots at the second clock that are lacking; none where a side gives no undisturbed one."""
        return self._want(self.second_clock, self._second_numbers, Reason.SECOND_CLOCK) or ()

    def want_failed_again(self) -> tuple[WantedBoot, ...]:
        """Return the boots of `failed_again` that are lacking; none where one gives no undisturbed one."""
        failed = [not trace.passed or self.judged.is_real for trace in self.judged.sides]
        return self._want(self.second_clock, self._second_numbers, Reason.SECOND_CLOCK, failed) or ()

    def want_look(self) -> tuple[WantedBoot, ...]:
        """Return the boots that are lacking for a second look; none where a side gives no undisturbed one."""
        if self.judged.second is None:
            return ()
        first, second = (
            self._want(clock, (2, 2), Reason.SECOND_LOOK) for clock in (self.baseline.first_clock, self.second_clock)
        )
        return () if first is None or second is None else (*first, *second)

    def want_real(self) -> tuple[WantedBoot, ...]:
        """Return the boots in real time that are lacking."""
        return self._want(REAL_TIME, (1, 1), Reason.REAL_TIME) or ()

    def want_real_beside_recorded(self) -> tuple[WantedBoot, ...]:
        """Return the boots of `real_beside_recorded` that are lacking."""
        is_asked = [_stand_in(boots) is None for boots in self.boots]
        return self._want(REAL_TIME, (1, 1), Reason.REAL_TIME, is_asked) or ()

    def want_alike(self) -> tuple[WantedBoot, ...]:
        """Return the boot that is lacking where the sides count with two clocks: one with the slower of them."""
        return (self._want(self._slower_clock, (1, 1), Reason.DISTURBED) or ()) if self.judged.is_mixed else ()

    @property
    def _slower_clock(self) -> Clock:
        """The slower of the clocks with which the sides count: real time, or the smaller shift."""
        clocks = [boots.counted.clock for boots in self.boots]
        real = [REAL_TIME for clock in clocks if not clock.is_virtual]
        return next(iter(real), min(clocks, key=lambda clock: clock.shift or 0))

    @property
    def _second_numbers(self) -> tuple[int, int]:
        return self.baseline.number_beside(self.second_clock), self.candidate.number_beside(self.second_clock)

    def _find(self, clock: Clock, first: int, second: int) -> CellPair | None:
        baseline, candidate = self.baseline.find(clock, first), self.candidate.find(clock, second)
        if baseline is None or candidate is None:
            return None
        return replace(self.judged, baseline=baseline, candidate=candidate, second=None, lent={})

    def _want(
        self, clock: Clock, numbers: tuple[int, int], reason: Reason, of_sides: Sequence[bool] = (True, True)
    ) -> tuple[WantedBoot, ...] | None:
        """Return the boots that are lacking of these sides; None where one gives none that is evidence."""
        open_ = [
            (boots, number)
            for boots, number, is_asked in zip(self.boots, numbers, of_sides, strict=True)
            if is_asked and boots.find(clock, number) is None
        ]
        if not all(boots.lacks(clock, number) for boots, number in open_):
            return None
        return tuple(WantedBoot(boots.counted.side, self.judged.key, clock, reason) for boots, _ in open_)


@dataclass(frozen=True, slots=True)
class Pairing:
    """All cells of both sides.

    Attributes:
        paired: cells that both sides have, in the order of keys.
        only_baseline: traces of cells that the candidate does not have, in the order of keys.
        only_candidate: traces of cells that the baseline does not have, in the order of keys.
        broken: cells in which the rig broke on some side, and how.
        unstarted: what the guest lacked in cells that one side has, because with the other QEMU refused to start it.
        lint: what lint finds in the candidate's ROMs and not in the baseline's.
    """

    paired: tuple[PairedCell, ...]
    only_baseline: tuple[Trace, ...] = ()
    only_candidate: tuple[Trace, ...] = ()
    broken: Mapping[CellKey, str] = field(default_factory=dict)
    unstarted: Mapping[CellKey, tuple[MissingRom, ...]] = field(default_factory=dict)
    lint: tuple[LintFinding, ...] = ()

    def __iter__(self) -> Iterator[CellPair]:
        return (cell.judged for cell in self.paired)

    def replace_judged(self, choose: Callable[[PairedCell], CellPair | None]) -> "Pairing":
        """Return the cells with other boots as those that count; those for which `choose` finds none are left out."""
        chosen = ((cell, choose(cell)) for cell in self.paired)
        return Pairing(tuple(replace(cell, judged=pair) for cell, pair in chosen if pair is not None))


def pair_traces(
    baseline: Sequence[Trace],
    candidate: Sequence[Trace],
    broken: Mapping[CellKey, str] | None = None,
    tolerance: Tolerance = TOLERANCE,
    repeats: tuple[int, int] = ONCE,
) -> Pairing:
    """Pair the traces of both sides by their cell; a side may have several boots of one.

    Args:
        baseline: the baseline's traces.
        candidate: the candidate's traces.
        broken: cells in which the rig broke on some side, and how.
        tolerance: how far times may differ.
        repeats: how many boots of each cell of baseline and candidate have to end alike.
    """
    first, second = _index(baseline, broken or {}), _index(candidate, broken or {})
    unstarted = dict(_pop_unstarted(first, second))
    return Pairing(
        paired=tuple(
            _pair(key, first[key], second[key], tolerance, repeats) for key in sorted(first.keys() & second.keys())
        ),
        only_baseline=tuple(first[key].counted for key in sorted(first.keys() - second.keys())),
        only_candidate=tuple(second[key].counted for key in sorted(second.keys() - first.keys())),
        broken=broken or {},
        unstarted=unstarted,
    )


def _pop_unstarted(
    first: dict[CellKey, CellBoots], second: dict[CellKey, CellBoots]
) -> Iterator[tuple[CellKey, tuple[MissingRom, ...]]]:
    """Remove the cells that QEMU refused to start on one side only; yield each with what its guest lacked."""
    for key in sorted(first.keys() & second.keys()):
        missing = first[key].counted.missing_roms, second[key].counted.missing_roms
        if bool(missing[0]) is not bool(missing[1]):
            del (first if missing[0] else second)[key]
            yield key, missing[0] or missing[1]


def _index(traces: Iterable[Trace], broken: Mapping[CellKey, str]) -> dict[CellKey, CellBoots]:
    """Return the boots of each cell, but for those whose rig broke before an attempt counted."""
    return {
        key: boots for (_, _, key), boots in group_boots(traces).items() if key not in broken or boots.next_rung is None
    }


def _stand_in(boots: CellBoots) -> Trace | None:
    """Return the boot that counts of a recorded side: nobody boots it in real time."""
    return boots.counted if boots.counted.recorded else None


def _pair(
    key: CellKey, baseline: CellBoots, candidate: CellBoots, tolerance: Tolerance, repeats: tuple[int, int]
) -> PairedCell:
    ends = _describe_unstable(baseline, repeats[0]), _describe_unstable(candidate, repeats[1])
    pair = CellPair(key, baseline.counted, candidate.counted, tolerance=tolerance, ends=ends)
    cell = PairedCell(pair, baseline, candidate)
    if pair.is_mixed and (alike := cell.alike) is not None:
        return replace(cell, judged=alike)
    second = cell.second if cell.can_be_split else None
    return cell if second is None else replace(cell, judged=replace(pair, second=second.sides))


def _describe_unstable(boots: CellBoots, repeat: int) -> str:
    return describe_ends(boots.find_repeats(repeat)) if boots.is_unstable(repeat) else ""


def iter_unequal_values(
    first: Mapping[str, Event], second: Mapping[str, Event], read: Callable[[Event], Read]
) -> Iterator[tuple[str, Read, Read]]:
    """Read one value from what both boots have under a name; yield the unequal pairs, each once.

    Yields:
        The first name that has them, ` of nbp.0`, empty where there is one pair only; the value of `first` and that of
        `second`.
    """
    unequal: dict[tuple[Read, Read], str] = {}
    for name in first:
        if name in second:
            values = read(first[name]), read(second[name])
            if values[0] != values[1]:
                unequal.setdefault(values, name)
    for (baseline, candidate), name in unequal.items():
        yield "" if len(unequal) == 1 else f" of {name}", baseline, candidate
