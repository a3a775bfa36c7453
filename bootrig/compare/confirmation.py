"""What virtual time showed and real time has to confirm.

A rule that is `in_real_time` can be fooled by virtual time. Booting every cell again in real time would take an hour,
so one cell stands as witness for all that show the like: the same rule, subject, machine and platform firmware (and
scenario, where the rule looks at what the scenario serves) and about the same values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bootrig.compare.difference import Confirmation, Difference, Severity, Verdict
from bootrig.compare.pairing import PairedCell
from bootrig.compare.rules import RULES
from bootrig.trace.trace import CellKey

CLUSTER_GROWTH = 1.5
CLUSTER_STEP_S = 2.0

Scope = tuple[str, str, str, str, str, str]


def needs_confirmation(verdict: Verdict) -> set[CellKey]:
    """Return the cells that have to be booted again in real time, baseline and candidate, before `verdict` counts.

    Give `compare_traces` the traces in real time beside those in virtual time; a second call then asks only for what no
    cell has witnessed yet.
    """
    pending = [
        entry for entry in verdict.differences if entry.confirmation is Confirmation.PENDING and not entry.waiver
    ]
    chosen: set[CellKey] = set()
    for cluster in iter_clusters(pending):
        keys = {entry.key for entry in cluster if entry.key is not None}
        if any(entry.rule == "outcome" for entry in cluster):
            chosen |= keys
        elif keys and not keys & chosen:
            largest = max(cluster, key=lambda entry: (_amount(entry), str(entry.key and entry.key.label)))
            chosen |= {largest.key} if largest.key else set()
    return chosen


def iter_clusters(differences: Iterable[Difference]) -> list[list[Difference]]:
    """Return differences that one witness can confirm together; outcomes come first, for they need every cell."""
    scopes: dict[Scope, list[Difference]] = {}
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
    return sorted(clusters, key=lambda cluster: cluster[0].rule != "outcome")


def _scope(difference: Difference) -> Scope:
    key = difference.key
    if key is None:
        return (difference.rule, difference.subject, "", "", "", "")
    scenario = key.scenario if RULES[difference.rule].per_boot else ""
    return (difference.rule, difference.subject, scenario, key.machine, key.platform_firmware, key.emulator)


def _amount(difference: Difference) -> float:
    return abs(difference.delta or 0.0)


def _order(difference: Difference) -> tuple[float, str, str]:
    if difference.delta is not None:
        return difference.delta, "", ""
    return 0.0, str(difference.baseline), str(difference.candidate)


def _alike(first: Difference, second: Difference) -> bool:
    """Whether one witness can stand for both, `second` being the next larger."""
    if first.delta is None or second.delta is None:
        return (first.baseline, first.candidate) == (second.baseline, second.candidate)
    low, high = sorted((first.delta, second.delta), key=abs)
    return (low > 0) == (high > 0) and abs(high) <= CLUSTER_GROWTH * abs(low) + CLUSTER_STEP_S


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Differences after real time had its say.

    Attributes:
        differences: those that stand, confirmed or still pending.
        refuted: those that real time did not show.
    """

    differences: tuple[Difference, ...]
    refuted: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the cells with boots in real time say.

    Attributes:
        real: differences in real time by rule and subject, and the cells that show them.
        virtual: differences in virtual time of cells that ran in both.
        witnesses: cells that ran in real time on both sides, and whether they ran undisturbed in virtual time too.
    """

    real: Mapping[tuple[str, str, Severity], frozenset[CellKey]]
    virtual: Sequence[Difference]
    witnesses: Mapping[CellKey, bool]


def confirm(cells: Sequence[PairedCell], found: Sequence[Difference], in_virtual: Sequence[Difference]) -> Confirmed:
    """Judge what was seen in virtual time by what was seen in real time.

    Args:
        cells: all cells that both sides have.
        found: the differences of the pairs that count.
        in_virtual: the differences of the pairs in virtual time beside pairs in real time.
    """
    real: dict[tuple[str, str, Severity], set[CellKey]] = {}
    witnesses = {
        cell.judged.key: cell.virtual is not None and not cell.virtual.is_disturbed
        for cell in cells
        if cell.judged.is_real
    }
    for entry in found:
        if entry.key in witnesses:
            real.setdefault(_sight(entry), set()).add(entry.key)
    evidence = _Evidence({sight: frozenset(keys) for sight, keys in real.items()}, in_virtual, witnesses)
    judged = _judge_pending(found, evidence)
    return Confirmed(
        tuple(entry for entry in judged if entry.confirmation is not Confirmation.REFUTED),
        tuple(entry for entry in judged if entry.confirmation is Confirmation.REFUTED),
    )


def _sight(difference: Difference) -> tuple[str, str, Severity]:
    """Return what makes two sightings the same; slower is slower, by however much."""
    severity = difference.severity
    if difference.delta is not None:
        severity = Severity.IMPROVEMENT if difference.delta < 0 else Severity.REGRESSION
    return difference.rule, difference.subject, severity


def _judge_pending(found: Sequence[Difference], evidence: _Evidence) -> list[Difference]:
    status: dict[int, Confirmation] = {}
    pending = [entry for entry in found if entry.confirmation is Confirmation.PENDING]
    for cluster in iter_clusters([*pending, *evidence.virtual]):
        answer = _ask_witnesses(cluster, evidence)
        status |= {id(entry): answer for entry in cluster}
    return [replace(entry, confirmation=status.get(id(entry)) or _judge_real(entry, evidence)) for entry in found]


def _ask_witnesses(cluster: Sequence[Difference], evidence: _Evidence) -> Confirmation:
    """Return what the witnesses of one cluster say.

    Witnesses are cells of the cluster itself, else cells of its scope that were booted in real time only.
    """
    own = {entry.key for entry in cluster if entry.key in evidence.witnesses}
    scope = _scope(cluster[0])
    asked = own or {
        key
        for key, has_virtual in evidence.witnesses.items()
        if not has_virtual and _scope(replace(cluster[0], key=key)) == scope
    }
    if cluster[0].rule == "outcome" and not own:
        return Confirmation.PENDING
    if not asked:
        return Confirmation.PENDING
    seen = evidence.real.get(_sight(cluster[0]), frozenset())
    return Confirmation.CONFIRMED if asked & seen else Confirmation.REFUTED


def _judge_real(difference: Difference, evidence: _Evidence) -> Confirmation:
    """Return whether what real time showed stands: a time has to be seen in virtual time too, where the cell ran there.

    A loaded host delays boots in real time; virtual time does not know the host's load before the first packet.
    """
    if not RULES.get(difference.rule) or not RULES[difference.rule].in_real_time:
        return difference.confirmation
    if difference.key is None or difference.key not in evidence.witnesses:
        return difference.confirmation
    if difference.delta is None or not evidence.witnesses[difference.key]:
        return Confirmation.CONFIRMED
    seen = any(entry.key == difference.key and _sight(entry) == _sight(difference) for entry in evidence.virtual)
    return Confirmation.CONFIRMED if seen else Confirmation.REFUTED
