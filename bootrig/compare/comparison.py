"""From the traces of two sides to the verdict."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bootrig.compare.confirmation import confirm
from bootrig.compare.difference import Difference
from bootrig.compare.finding import Severity
from bootrig.compare.pairing import ONCE, CellPair, Pairing, pair_traces
from bootrig.compare.policy import Policy
from bootrig.compare.rules import RULES
from bootrig.compare.second_clocks import find_untimed, share_works
from bootrig.compare.varied import tell_varied
from bootrig.compare.verdict import STATES, CellState, ComparedBoot, ComparedCell, NotCompared, Verdict
from bootrig.compare.waivers import apply_waivers
from bootrig.errors import is_wrong_input
from bootrig.trace.names import DEFAULT_EMULATOR, CellKey
from bootrig.trace.reading.cached import tell_cached, tell_recorded
from bootrig.trace.reading.side_name import name_side
from bootrig.trace.trace import Trace
from firmware.lint.finding import Finding as LintFinding

DEFAULT = Policy()


@dataclass(frozen=True, slots=True)
class Proof:
    """What boots have to show before something counts.

    Attributes:
        everywhere: whether each regression has to be seen in real time in its own cell.
        repeats: how many boots of each cell of baseline and candidate have to end alike.
    """

    everywhere: bool = False
    repeats: tuple[int, int] = ONCE


PLAIN = Proof()


def compare_traces(
    baseline: Sequence[Trace],
    candidate: Sequence[Trace],
    policy: Policy = DEFAULT,
    *,
    broken: Mapping[CellKey, str] | None = None,
    lint: Sequence[LintFinding] = (),
    notes: Sequence[str] = (),
    proof: Proof = PLAIN,
    today: datetime.date | None = None,
) -> Verdict:
    """Hold the candidate's traces against the baseline's, cell by cell and rule by rule.

    Args:
        baseline: traces of the ROM set that is in use. There may be several attempts of a cell.
        candidate: traces of the ROM set that may replace it.
        policy: what the site relies on and accepts: it raises severities first, then its waivers are applied.
        broken: cells in which the rig broke on some side, or the input was found to be wrong, and how.
        lint: what lint finds in the candidate's ROMs and not in the baseline's.
        notes: what else is to be said of the sides.
        proof: what boots have to show before something counts.
        today: the day by which waivers expire; this very day by default.
    """

    def find(pairing: Pairing) -> list[Difference]:
        return policy.apply(find_differences(pairing))

    pairing = share_works(pair_traces(baseline, candidate, broken, policy.tolerance, proof.repeats))
    pairing = replace(pairing, lint=tuple(lint))
    day = today or datetime.datetime.now(tz=datetime.UTC).date()
    found, of_waivers = apply_waivers(find(pairing), policy.waivers, day)
    confirmed = confirm(pairing, found, find, everywhere=proof.everywhere)
    untimed = tuple(sorted(cell.judged.key for cell in find_untimed(pairing)))
    return Verdict(
        baseline=_name_sides(baseline),
        candidate=_name_sides(candidate),
        differences=confirmed.differences,
        cells=tuple(sorted(_iter_cells(pairing, confirmed.differences), key=lambda cell: cell.key)),
        not_compared=tuple(_explain_not_compared(pairing)),
        refuted=confirmed.refuted,
        broken=pairing.broken,
        wanted=confirmed.wanted,
        untimed=untimed,
        notes=(
            *notes,
            *tell_recorded([*baseline, *candidate]),
            *tell_varied(pairing),
            *_tell_other_emulators(pairing),
            *filter(None, [tell_cached([*baseline, *candidate])]),
            *_tell_emulator(pairing),
            *_tell_untimed(untimed),
            *_tell_truncated(pairing),
            *policy.find_notes(),
            *of_waivers,
        ),
        fail_on=policy.fail_on,
        added=tuple(dict.fromkeys(word for pair in pairing for trace in pair.sides for word in trace.added)),
    )


def find_differences(pairing: Pairing) -> list[Difference]:
    """Return what all rules find, in the order of rules, then of cells."""
    return [entry for rule in RULES.values() for entry in rule.find_differences(pairing)]


def _name_sides(traces: Sequence[Trace]) -> str:
    return ", ".join(dict.fromkeys(map(name_side, traces)))


def _tell_emulator(pairing: Pairing) -> Iterator[str]:
    """Yield that nothing but the default emulator was tried, where that is so."""
    traces = [trace for pair in pairing for trace in pair.sides]
    versions = sorted({trace.emulator.version for trace in traces if trace.emulator.version})
    if versions and {trace.key.emulator for trace in traces} == {DEFAULT_EMULATOR}:
        yield f"tried with QEMU {' and '.join(versions)} only; --emulator names others"


def _tell_other_emulators(pairing: Pairing) -> Iterator[str]:
    """Yield that the sides were booted by other emulators, and what was not compared for that, where that is so."""
    pairs = [pair for pair in pairing if pair.has_other_emulators]
    if pairs:
        versions = " and with QEMU ".join(dict.fromkeys(trace.emulator.version for trace in pairs[0].sides))
        rules = ", ".join(entry.name for entry in RULES.values() if entry.same_emulator)
        yield f"booted with QEMU {versions}: what is the emulator's own was not compared ({rules})"


def _tell_untimed(cells: Sequence[CellKey]) -> Iterator[str]:
    """Yield that some times differ and were not compared, where that is so."""
    if cells:
        where = f"{cells[0]}" if len(cells) == 1 else f"{len(cells)} cells, the first {cells[0]}"
        yield f"times differ in {where}; without boots at a second clock, waits cannot be told from work"


def _tell_truncated(pairing: Pairing) -> Iterator[str]:
    """Yield that a limit cut what boots showed, so that it was not compared, where that is so."""
    pairs = [pair for pair in pairing if pair.is_truncated]
    if pairs:
        where = f"{pairs[0].key}" if len(pairs) == 1 else f"{len(pairs)} cells, the first {pairs[0].key}"
        cut = next(words for trace in pairs[0].sides for words in trace.truncated)
        yield f"limits cut what was seen in {where} ({cut}); only outcomes and ROMs were compared there"


def _explain_not_compared(pairing: Pairing) -> Iterator[NotCompared]:
    """Explain the cells that have no boot of some side."""
    compared = [pair.key for pair in pairing]
    yield from (
        NotCompared(key, message if is_wrong_input(message) else f"the rig broke: {message}")
        for key, message in sorted(pairing.broken.items())
        if key not in compared
    )
    for traces, others, absent in (
        (pairing.only_baseline, pairing.only_candidate, "candidate"),
        (pairing.only_candidate, pairing.only_baseline, "baseline"),
    ):
        covered = {key.nic_model for key in (*compared, *pairing.broken, *(trace.key for trace in others))}
        for trace in traces:
            key = trace.key
            if key in pairing.unstarted:
                files = ", ".join(rom.file for rom in pairing.unstarted[key])
                yield NotCompared(key, f"with the {absent} the guest does not start: the set lacks {files}")
            elif key not in pairing.broken:
                what = "of this cell" if key.nic_model in covered else f"with the NIC {key.nic_model}"
                yield NotCompared(key, f"the {absent} has no boot {what}")


def _iter_cells(pairing: Pairing, differences: Sequence[Difference]) -> Iterator[ComparedCell]:
    """Yield the cells of the matrix."""
    weights: dict[CellKey, set[Severity]] = {}
    for entry in differences:
        if entry.key is not None and not entry.waiver:
            weights.setdefault(entry.key, set()).add(entry.weight)
    for pair in pairing:
        state = _judge_state(pair, weights.get(pair.key, set()))
        first, second = (_describe(*side) for side in zip(pair.sides, pair.ends, strict=True))
        yield ComparedCell(pair.key, state, first, second)
    one_sided = {trace.key: (_describe(trace), None) for trace in pairing.only_baseline}
    others = {trace.key: (None, _describe(trace)) for trace in pairing.only_candidate}
    for key, (baseline, candidate) in (one_sided | others).items():
        if key not in pairing.broken:
            state = CellState.ONLY_CANDIDATE if baseline is None else CellState.ONLY_BASELINE
            yield ComparedCell(key, state, baseline, candidate)
    for key in pairing.broken.keys() - {pair.key for pair in pairing}:
        state = CellState.WRONG_INPUT if is_wrong_input(pairing.broken[key]) else CellState.BROKEN
        yield ComparedCell(key, state, *(one_sided | others).get(key, (None, None)))


def _judge_state(pair: CellPair, weights: set[Severity]) -> CellState:
    if pair.is_unstable:
        return CellState.UNSTABLE
    if not any(trace.passed for trace in pair.sides):
        return CellState.BOTH_FAILED
    return next((STATES[severity] for severity in Severity if severity in weights), CellState.SAME)


def _describe(trace: Trace, ends: str = "") -> ComparedBoot:
    return ComparedBoot(trace.outcome, trace.attempt, trace.clock.kind, trace.directory, trace.cached, bool(ends))
