"""Which trace of the baseline meets which trace of the candidate."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bootrig.compare.tolerance import TOLERANCE, Tolerance
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import choose_attempt, find_attempt
from bootrig.trace.trace import MissingRom, Trace
from firmware.lint.finding import Finding as LintFinding

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
    """

    key: CellKey
    baseline: Trace
    candidate: Trace
    second: tuple[Trace, Trace] | None = None
    tolerance: Tolerance = TOLERANCE

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
        """Whether one boot ran in virtual time and the other in real time, so that their times say nothing."""
        return not self.is_virtual and not self.is_real

    @property
    def is_disturbed(self) -> bool:
        """Whether packets were sent again in virtual time, where that says more of the host than of the guest."""
        return any(trace.clock.is_virtual and trace.outcome.disturbed for trace in self.sides)

    @property
    def both_passed(self) -> bool:
        """Whether both boots did what they should: only then does it tell anything that one of them lacks something."""
        return all(trace.passed for trace in self.sides)


@dataclass(frozen=True, slots=True)
class PairedCell:
    """One cell that both sides have.

    Attributes:
        judged: the pair whose differences count: in real time where both sides have that.
        virtual: the pair in virtual time beside a judged one in real time; None where there is none.
    """

    judged: CellPair
    virtual: CellPair | None = None


@dataclass(frozen=True, slots=True)
class Pairing:
    """All cells of both sides.

    Attributes:
        paired: cells that both sides have, in the order of keys.
        only_baseline: traces of cells that the candidate does not have, in the order of keys.
        only_candidate: traces of cells that the baseline does not have, in the order of keys.
        broken: cells that were tried, but the rig broke on some side: they say nothing of any ROM.
        unstarted: what the guest lacked in cells that one side has, because with the other QEMU refused to start it.
        lint: what lint finds in the candidate's ROMs and not in the baseline's.
    """

    paired: tuple[PairedCell, ...]
    only_baseline: tuple[Trace, ...] = ()
    only_candidate: tuple[Trace, ...] = ()
    broken: frozenset[CellKey] = frozenset()
    unstarted: Mapping[CellKey, tuple[MissingRom, ...]] = field(default_factory=dict)
    lint: tuple[LintFinding, ...] = ()

    def __iter__(self) -> Iterator[CellPair]:
        return (cell.judged for cell in self.paired)

    def select_virtual(self) -> "Pairing":
        """Return the pairs in virtual time that are beside judged ones in real time."""
        return Pairing(tuple(PairedCell(cell.virtual) for cell in self.paired if cell.virtual is not None))


def pair_traces(
    baseline: Sequence[Trace],
    candidate: Sequence[Trace],
    broken: Collection[CellKey] = frozenset(),
    tolerance: Tolerance = TOLERANCE,
) -> Pairing:
    """Pair the traces of both sides by their cell; a side may have several attempts of one.

    Args:
        baseline: the baseline's traces.
        candidate: the candidate's traces.
        broken: cells that were tried, but the rig broke on some side.
        tolerance: how far times may differ.
    """
    first, second = _index(baseline), _index(candidate)
    unstarted = dict(_pop_unstarted(first, second))
    return Pairing(
        paired=tuple(_pair(key, first[key], second[key], tolerance) for key in sorted(first.keys() & second.keys())),
        only_baseline=tuple(choose_attempt(first[key]) for key in sorted(first.keys() - second.keys())),
        only_candidate=tuple(choose_attempt(second[key]) for key in sorted(second.keys() - first.keys())),
        broken=frozenset(broken),
        unstarted=unstarted,
    )


def _pop_unstarted(
    first: dict[CellKey, list[Trace]], second: dict[CellKey, list[Trace]]
) -> Iterator[tuple[CellKey, tuple[MissingRom, ...]]]:
    """Remove the cells that QEMU refused to start on one side only; yield each with what its guest lacked."""
    for key in sorted(first.keys() & second.keys()):
        for traces, others in ((first, second), (second, first)):
            if key in traces and key in others and traces[key][0].missing_roms and not others[key][0].missing_roms:
                yield key, traces.pop(key)[0].missing_roms


def _index(traces: Iterable[Trace]) -> dict[CellKey, list[Trace]]:
    index: dict[CellKey, list[Trace]] = {}
    for trace in traces:
        index.setdefault(trace.key, []).append(trace)
    return index


def _pair(key: CellKey, baseline: Sequence[Trace], candidate: Sequence[Trace], tolerance: Tolerance) -> PairedCell:
    """Pair the attempts that count.

    Where only one side was booted in real time, its boot there meets the other's in virtual time: a boot that real
    time has judged is not compared by what virtual time had said of it.
    """
    counting = CellPair(key, choose_attempt(baseline), choose_attempt(candidate), tolerance=tolerance)
    first, second = (find_attempt(traces, virtual=True) for traces in (baseline, candidate))
    if counting.is_real and first is not None and second is not None:
        return PairedCell(counting, CellPair(key, first, second, tolerance=tolerance))
    return PairedCell(counting)


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
