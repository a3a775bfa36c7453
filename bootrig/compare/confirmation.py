"""What has to be booted in real time, and what real time says: one policy, without effects.

A rule that `needs_confirmation` can be fooled by virtual time, where a server's millisecond is tens of a guest's.
Booting every cell again in real time would take an hour, so one cell is the witness for all that show the like: the
same rule, subject, machine, platform firmware and emulator (and scenario, where the rule depends on it), about the same
values in the same direction. Of an outcome every cell is its own and only witness.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bootrig.compare.difference import Confirmation, Difference
from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair, Pairing
from bootrig.compare.rules import RULES
from bootrig.compare.verdict import Verdict
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Trace

CLUSTER_GROWTH = 1.5
CLUSTER_STEP_S = 2.0

Sight = tuple[str, str, Severity | bool]


def find_doubtful(traces: Iterable[Trace]) -> set[CellKey]:
    """Return the cells that have to be booted again in real time, on every side, before their outcome counts.

    Those are the cells with a boot in virtual time that failed, or in which packets were sent again.
    """
    return {trace.key for trace in traces if trace.clock.is_virtual and (not trace.passed or trace.outcome.disturbed)}


def needs_confirmation(verdict: Verdict) -> set[CellKey]:
    """Return the cells that have to be booted again in real time, on both sides, before `verdict` counts.

    Give `compare_traces` the traces in real time beside those in virtual time; a second call then asks only for what no
    cell has witnessed yet.
    """
    pending = [
        entry for entry in verdict.differences if entry.confirmation is Confirmation.PENDING and not entry.waiver
    ]
    chosen: set[CellKey] = set()
    for cluster in iter_clusters(pending):
        keys = {entry.key: _amount(entry) for entry in cluster if entry.key is not None}
        if not keys.keys() & chosen:
            # the largest is the one that noise explains worst
            chosen.add(max(keys, key=lambda key: (keys[key], key)))
    return chosen


def iter_clusters(differences: Iterable[Difference]) -> list[list[Difference]]:
    """Return differences that one witness can confirm together.

    Those that need their own cell are first: a cell that is booted again anyway then serves the others too.
    """
    scopes: dict[tuple[str, str, CellKey | None], list[Difference]] = {}
    for difference in differences:
        scopes.setdefault(_scope(difference), []).append(difference)
    clusters: list[list[Difference]] = []
    for members in scopes.values():
        ordered = sorted(members, key=_order)
        clusters.append([ordered[0]])
        for previous, entry in pairwise(ordered):
            if not _alike(previous, entry):
                clusters.append([])
            clusters[-1].append(entry)
    return sorted(clusters, key=lambda cluster: not RULES[cluster[0].rule].needs_own_cell)


def _scope(difference: Difference) -> tuple[str, str, CellKey | None]:
    """Return what differences that one witness can confirm have in common; parts without effect are empty."""
    rule, key = RULES[difference.rule], difference.key
    if key is not None and not rule.needs_own_cell:
        key = replace(key, nic_model="", scenario=key.scenario if rule.depends_on_scenario else "")
    return difference.rule, difference.finding.subject, key


def _amount(difference: Difference) -> float:
    return abs(difference.finding.delta or 0.0)


def _order(difference: Difference) -> tuple[float, str, str]:
    finding = difference.finding
    if finding.delta is not None:
        return finding.delta, "", ""
    return 0.0, str(finding.baseline), str(finding.candidate)


def _alike(first: Difference, second: Difference) -> bool:
    """Whether one witness can confirm both, `second` being the next larger."""
    one, other = first.finding, second.finding
    if one.delta is None or other.delta is None:
        return (one.baseline, one.candidate) == (other.baseline, other.candidate)
    low, high = sorted((abs(one.delta), abs(other.delta)))
    return _is_more(one) is _is_more(other) and high <= CLUSTER_GROWTH * low + CLUSTER_STEP_S


def _is_more(finding: Finding) -> bool | None:
    """Whether the candidate's number is the larger one; None where there are no two numbers."""
    return None if finding.delta is None else finding.delta > 0


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Differences after real time has been asked.

    Attributes:
        differences: those that count, confirmed or still pending.
        refuted: those that real time did not show.
    """

    differences: tuple[Difference, ...]
    refuted: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class _Witness:
    """A cell that was booted in real time on both sides.

    Attributes:
        pair: its boots there.
        ran_in_virtual: whether both sides ran in virtual time too, undisturbed.
    """

    pair: CellPair
    ran_in_virtual: bool

    def could_see(self, rule: str) -> bool:
        """Whether both boots could have shown what the rule looks at."""
        return all(RULES[rule].witnesses(trace) for trace in self.pair.sides)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the cells with boots in real time say.

    Attributes:
        real: which of them show a thing.
        virtual: differences in virtual time of cells that ran in both.
        witnesses: all of them.
    """

    real: Mapping[Sight, set[CellKey]]
    virtual: Sequence[Difference]
    witnesses: Mapping[CellKey, _Witness]


def confirm(pairing: Pairing, found: Sequence[Difference], in_virtual: Sequence[Difference]) -> Confirmed:
    """Judge what was seen in virtual time by what was seen in real time.

    Args:
        pairing: all cells of both sides.
        found: the differences of the pairs that count.
        in_virtual: the differences of the pairs in virtual time beside pairs in real time.
    """
    witnesses = {
        cell.judged.key: _Witness(cell.judged, cell.virtual is not None and not cell.virtual.is_disturbed)
        for cell in pairing.paired
        if cell.judged.is_real
    }
    real: dict[Sight, set[CellKey]] = {}
    for entry in found:
        if entry.key in witnesses:
            real.setdefault(_sight(entry), set()).add(entry.key)
    judged = _judge(found, _Evidence(real, in_virtual, witnesses))
    return Confirmed(
        tuple(entry for entry in judged if entry.confirmation is not Confirmation.REFUTED),
        tuple(entry for entry in judged if entry.confirmation is Confirmation.REFUTED),
    )


def _sight(difference: Difference) -> Sight:
    """Return what makes two sightings the same: slower is slower, by however much, and never faster."""
    finding, more = difference.finding, _is_more(difference.finding)
    return difference.rule, finding.subject, finding.severity if more is None else more


def _judge(found: Sequence[Difference], evidence: _Evidence) -> list[Difference]:
    """Return the differences with what the witnesses of their clusters say, or else their own boots in real time."""
    # The witness's own difference in virtual time is what shows that it belongs to the cluster.
    pending = [entry for entry in (*found, *evidence.virtual) if entry.confirmation is Confirmation.PENDING]
    answers = {
        entry: answer
        for cluster in iter_clusters(pending)
        for answer in [_ask_witnesses(cluster, evidence)]
        for entry in cluster
    }
    return [
        replace(entry, confirmation=answers[entry] if entry in answers else _judge_real(entry, evidence))
        for entry in found
    ]


def _ask_witnesses(cluster: Sequence[Difference], evidence: _Evidence) -> Confirmation:
    """Return what the witnesses of one cluster say.

    Witnesses are cells of the cluster. Where it has none, cells of its scope of which virtual time says nothing,
    because they were booted in real time only or were disturbed: they may belong to it. A cell that virtual time showed
    without the difference does not belong to it and cannot refute it.
    """
    first = cluster[0]
    able = {key for key, witness in evidence.witnesses.items() if witness.could_see(first.rule)}
    asked = {entry.key for entry in cluster if entry.key in able} or {
        key
        for key in able
        if not evidence.witnesses[key].ran_in_virtual and _scope(replace(first, key=key)) == _scope(first)
    }
    if not asked:
        return Confirmation.PENDING
    return Confirmation.CONFIRMED if asked & evidence.real.get(_sight(first), set()) else Confirmation.REFUTED


def _judge_real(difference: Difference, evidence: _Evidence) -> Confirmation:
    """Return whether a difference that was seen in real time holds.

    A time has to be seen in virtual time too, where the cell ran there: a loaded host delays boots in real time, and
    virtual time does not know the host's load before the first packet.
    """
    witness = evidence.witnesses.get(difference.key) if difference.key is not None else None
    if witness is None or not RULES[difference.rule].needs_confirmation:
        return difference.confirmation
    if difference.finding.delta is None or not witness.ran_in_virtual:
        return Confirmation.CONFIRMED
    seen = any(entry.key == difference.key and _sight(entry) == _sight(difference) for entry in evidence.virtual)
    return Confirmation.CONFIRMED if seen else Confirmation.REFUTED
