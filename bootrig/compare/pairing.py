"""Which trace of the baseline meets which trace of the candidate."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bootrig.trace.trace import CellKey, OutcomeStatus, TimeMode, Trace


@dataclass(frozen=True, slots=True)
class CellPair:
    """Two boots of one cell.

    Attributes:
        baseline: the baseline's trace.
        candidate: the candidate's trace.
    """

    baseline: Trace
    candidate: Trace

    @property
    def key(self) -> CellKey:
        """The cell."""
        return self.baseline.key

    @property
    def sides(self) -> tuple[Trace, Trace]:
        """Baseline and candidate."""
        return self.baseline, self.candidate

    @property
    def time_mode(self) -> TimeMode | None:
        """How both guests' clocks ran; None where they ran in different ways."""
        modes = {trace.time_mode for trace in self.sides}
        return modes.pop() if len(modes) == 1 else None

    @property
    def is_real(self) -> bool:
        """Whether both boots ran in real time."""
        return self.time_mode is TimeMode.REAL

    @property
    def is_disturbed(self) -> bool:
        """Whether packets had to be sent again in virtual time, where that says more of the host than of the guest."""
        return any(trace.time_mode is TimeMode.VIRTUAL and trace.outcome.retransmissions for trace in self.sides)

    @property
    def both_passed(self) -> bool:
        """Whether both boots did what they should: only then can what one of them did not do tell anything."""
        return all(trace.outcome.status is OutcomeStatus.PASSED for trace in self.sides)

    @property
    def same_outcome(self) -> bool:
        """Whether both boots ended the same way at the same milestone."""
        first, second = (trace.outcome for trace in self.sides)
        return (first.status, first.milestone) == (second.status, second.milestone)


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
        only_baseline: traces of cells that the candidate does not have.
        only_candidate: traces of cells that the baseline does not have.
    """

    paired: tuple[PairedCell, ...]
    only_baseline: tuple[Trace, ...]
    only_candidate: tuple[Trace, ...]

    def __iter__(self) -> Iterator[CellPair]:
        return (cell.judged for cell in self.paired)


def pair_traces(baseline: Sequence[Trace], candidate: Sequence[Trace]) -> Pairing:
    """Pair the traces of both sides by their cell.

    A side may have two traces of a cell, one in virtual and one in real time; of two in the same mode the later counts.
    """
    first, second = _index(baseline), _index(candidate)
    return Pairing(
        paired=tuple(_pair(first[key], second[key]) for key in sorted(first.keys() & second.keys())),
        only_baseline=tuple(_preferred(first[key]) for key in sorted(first.keys() - second.keys())),
        only_candidate=tuple(_preferred(second[key]) for key in sorted(second.keys() - first.keys())),
    )


def _index(traces: Iterable[Trace]) -> dict[CellKey, dict[TimeMode, Trace]]:
    index: dict[CellKey, dict[TimeMode, Trace]] = {}
    for trace in traces:
        index.setdefault(trace.key, {})[trace.time_mode] = trace
    return index


def _pair(baseline: Mapping[TimeMode, Trace], candidate: Mapping[TimeMode, Trace]) -> PairedCell:
    pairs = {
        mode: CellPair(baseline[mode], candidate[mode]) for mode in TimeMode if {mode} <= baseline.keys() & candidate
    }
    if TimeMode.REAL in pairs:
        return PairedCell(pairs[TimeMode.REAL], pairs.get(TimeMode.VIRTUAL))
    if TimeMode.VIRTUAL in pairs and len(baseline) == len(candidate) == 1:
        return PairedCell(pairs[TimeMode.VIRTUAL])
    return PairedCell(CellPair(_preferred(baseline), _preferred(candidate)))


def _preferred(traces: Mapping[TimeMode, Trace]) -> Trace:
    return traces.get(TimeMode.REAL) or traces[TimeMode.VIRTUAL]
