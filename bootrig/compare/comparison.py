"""From the traces of two ROM sets to the verdict."""

import datetime
from collections.abc import Iterable, Iterator, Sequence

from bootrig.compare.confirmation import confirm
from bootrig.compare.difference import (
    CellState,
    ComparedCell,
    Difference,
    NotCompared,
    Severity,
    Verdict,
)
from bootrig.compare.pairing import CellPair, Pairing, pair_traces
from bootrig.compare.rules import RULES
from bootrig.compare.rules.outcome import describe_outcome
from bootrig.compare.waivers import Waiver, apply_waivers
from bootrig.trace.trace import CellKey, OutcomeStatus, Trace

COVERAGE = "coverage"


def compare_traces(
    baseline: Sequence[Trace],
    candidate: Sequence[Trace],
    waivers: Sequence[Waiver] = (),
    *,
    today: datetime.date | None = None,
) -> Verdict:
    """Hold the candidate's traces against the baseline's, cell by cell and rule by rule.

    Args:
        baseline: traces of the ROM set that is in use. A cell may be there twice, in virtual and in real time.
        candidate: traces of the ROM set that may replace it.
        waivers: differences that somebody accepted.
        today: the day by which waivers expire; this very day by default.
    """
    pairing = pair_traces(baseline, candidate)
    found = _find_differences(pairing)
    in_virtual = _find_differences(cell.virtual for cell in pairing.paired if cell.virtual)
    confirmed = confirm(pairing.paired, found, in_virtual)
    lost, not_compared = _judge_coverage(pairing, baseline, candidate)
    day = today or datetime.datetime.now(tz=datetime.UTC).date()
    differences, notes = apply_waivers([*lost, *confirmed.differences], waivers, day)
    return Verdict(
        baseline=_names(baseline),
        candidate=_names(candidate),
        differences=differences,
        cells=tuple(_iter_cells(pairing, differences)),
        not_compared=not_compared,
        refuted=confirmed.refuted,
        notes=notes,
    )


def _names(traces: Sequence[Trace]) -> str:
    return ", ".join(dict.fromkeys(trace.rom_set for trace in traces))


def _find_differences(pairs: Iterable[CellPair]) -> list[Difference]:
    """Return what all rules find in all pairs, in the order of rules, then of pairs."""
    kept = list(pairs)
    order = {name: index for index, name in enumerate(RULES)}
    single = [rule for rule in RULES.values() if not rule.needs_all]
    found = [entry for pair in kept for rule in single for entry in rule.find_differences([pair])]
    found += [entry for rule in RULES.values() if rule.needs_all for entry in rule.find_differences(kept)]
    return sorted(found, key=lambda entry: order[entry.rule])


def _judge_coverage(
    pairing: Pairing, baseline: Sequence[Trace], candidate: Sequence[Trace]
) -> tuple[list[Difference], tuple[NotCompared, ...]]:
    """Explain the cells that only one side has; a NIC model that worked and is not covered any more is a regression."""
    covered = [{trace.key.nic_model for trace in traces} for traces in (baseline, candidate)]
    differences: list[Difference] = []
    explained: list[NotCompared] = []
    sides = (
        ("baseline", pairing.only_baseline, baseline, covered[1], Severity.REGRESSION),
        ("candidate", pairing.only_candidate, candidate, covered[0], Severity.IMPROVEMENT),
    )
    for present, traces, all_traces, other, severity in sides:
        absent = "candidate" if present == "baseline" else "baseline"
        worked = {trace.key.nic_model for trace in all_traces if trace.outcome.status is OutcomeStatus.PASSED}
        for trace in traces:
            nic_model = trace.key.nic_model
            if nic_model in other or not other:
                explained.append(NotCompared(trace.key, present, f"the {absent} has no boot of this cell"))
                continue
            explained.append(NotCompared(trace.key, present, f"the {absent} has no boot with the NIC {nic_model}"))
            if nic_model in worked:
                differences.append(_coverage_difference(trace.key, severity))
    return differences, tuple(explained)


def _coverage_difference(key: CellKey, severity: Severity) -> Difference:
    lost = severity is Severity.REGRESSION
    return Difference(
        rule=COVERAGE,
        severity=severity,
        key=key,
        subject=f"NIC {key.nic_model}",
        baseline="covered" if lost else None,
        candidate=None if lost else "covered",
        statement=(
            f"the candidate has no ROM for the NIC {key.nic_model}, the baseline boots with it"
            if lost
            else f"the candidate boots with the NIC {key.nic_model}, for which the baseline has no ROM"
        ),
        why="guests with this NIC do not boot from the network any more" if lost else "",
    )


def _iter_cells(pairing: Pairing, differences: Sequence[Difference]) -> Iterator[ComparedCell]:
    """Yield the matrix in the order of keys."""
    weights: dict[CellKey, set[Severity]] = {}
    for entry in differences:
        if entry.key is not None and not entry.waiver:
            weights.setdefault(entry.key, set()).add(entry.severity)
    cells = [_compared_cell(pair, weights.get(pair.key, set())) for pair in pairing]
    for state, traces in (
        (CellState.ONLY_BASELINE, pairing.only_baseline),
        (CellState.ONLY_CANDIDATE, pairing.only_candidate),
    ):
        for trace in traces:
            words, first = describe_outcome(trace.outcome), state is CellState.ONLY_BASELINE
            cells.append(
                ComparedCell(
                    key=trace.key,
                    state=state,
                    baseline=words if first else "",
                    candidate="" if first else words,
                    baseline_directory=trace.directory if first else "",
                    candidate_directory="" if first else trace.directory,
                )
            )
    yield from sorted(cells, key=lambda cell: cell.key)


STATES = {
    Severity.REGRESSION: CellState.REGRESSED,
    Severity.CHANGE: CellState.CHANGED,
    Severity.IMPROVEMENT: CellState.IMPROVED,
    Severity.INFO: CellState.NOTED,
}


def _compared_cell(pair: CellPair, weights: set[Severity]) -> ComparedCell:
    failed = all(trace.outcome.status is OutcomeStatus.FAILED for trace in pair.sides)
    worst = next((STATES[severity] for severity in Severity if severity in weights), CellState.SAME)
    return ComparedCell(
        key=pair.key,
        state=CellState.BOTH_FAILED if failed else worst,
        baseline=describe_outcome(pair.baseline.outcome),
        candidate=describe_outcome(pair.candidate.outcome),
        time_mode=pair.time_mode,
        baseline_directory=pair.baseline.directory,
        candidate_directory=pair.candidate.directory,
    )
