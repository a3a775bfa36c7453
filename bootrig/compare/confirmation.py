"""What has to be seen again before it counts, by which cell, and what those boots say: one policy, without effects.

- What no clock can change (fields, options, names, bytes) needs nothing.
- Retries, traffic and order are seen at the second clock, by one cell for all that show the like: the same rule,
  subject, sign, machine, platform firmware and emulator. Times, which two clocks split, are looked at again at both.
- An outcome is seen at the second clock of its own cell, of the sides that failed; where that shows another, real time
  decides.
- A regression is seen in real time as well, in one cell of its cause: the same rule, subject, severity, machine,
  platform firmware and emulator. One that only a policy makes needs nothing where no clock can change it, and nothing
  more where it is of times: real time is too coarse for what a rule calls a change.

A cell vouches only for what it could have seen. One that does not see it refutes only itself; then every cell for which
nobody vouched is booted in real time. That tells nothing of instructions, which are info: there the next cell is asked.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence, Set
from dataclasses import astuple, dataclass, replace

from bootrig.compare.difference import Confirmation, Difference
from bootrig.compare.evidence import Evidence, Find, find_sight, gather_evidence
from bootrig.compare.finding import Severity
from bootrig.compare.pairing import Pairing
from bootrig.compare.registry import Needs
from bootrig.compare.rules import RULES
from bootrig.compare.second_clocks import find_second_clocks
from bootrig.compare.vouching import Answer, Testimony, Ways, vouch
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import WantedBoot

Told = dict[Difference, Testimony[Difference]]

# A cell that is booted again anyway is asked first where its difference is not smaller than this part of the largest.
NEAR_SHARE = 0.8
# What a clock can make.
ASKED = (Needs.CLOCK, Needs.LOOK)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Differences after the boots beside those that count have been asked.

    Attributes:
        differences: those that are confirmed, need no confirmation, or lack theirs.
        refuted: those that other boots did not show.
        wanted: the boots that would tell more.
    """

    differences: tuple[Difference, ...]
    refuted: tuple[Difference, ...]
    wanted: tuple[WantedBoot, ...]


def confirm(pairing: Pairing, found: Sequence[Difference], find: Find, *, everywhere: bool = False) -> Confirmed:
    """Ask all boots about what was found in those that count.

    Args:
        pairing: all cells of both sides.
        found: what was found, with the severities and waivers that count.
        find: how it is found, with the severities that count.
        everywhere: whether each regression has to be seen in real time in its own cell.
    """
    evidence = gather_evidence(pairing, find)
    members = [entry for entry in found if entry.key in evidence.cells]
    clock = _ask_clocks(members, evidence)
    real = _ask_real_time(members, clock, evidence, everywhere=everywhere)
    judged = [_judge(entry, clock, real, evidence) for entry in found]
    wanted = [boot for told in (clock, real) for testimony in told.values() for boot in testimony.wanted]
    return Confirmed(
        tuple(entry for entry in judged if entry.confirmation is not Confirmation.REFUTED),
        tuple(entry for entry in judged if entry.confirmation is Confirmation.REFUTED),
        tuple(dict.fromkeys([*_find_alike(pairing), *find_second_clocks(pairing), *wanted])),
    )


def _ask_clocks(members: Sequence[Difference], evidence: Evidence) -> Told:
    """Ask about what a clock can make."""
    told: Told = {}
    for cluster in _group([entry for entry in members if RULES[entry.rule].needs in ASKED], _find_scope):
        if RULES[cluster[0].rule].needs_own_cell:
            told |= {entry: _ask_own_cell(entry, evidence) for entry in cluster}
        else:
            asked = {entry.key for entry, testimony in told.items() if testimony.wanted}
            ordered = _put_first(cluster, asked)
            told |= vouch(ordered, _find_ways(cluster[0], evidence), one_is_enough=_is_of_work(cluster))
    return told


def _put_first(cluster: Sequence[Difference], asked: Set[CellKey | None]) -> list[Difference]:
    """Return a cluster, whose largest is first, with those before it that are in cells which are asked anyway."""
    least = abs(cluster[0].finding.delta or 0.0) * NEAR_SHARE
    near = [entry for entry in cluster if entry.key in asked and abs(entry.finding.delta or 0.0) >= least]
    return [*near, *(entry for entry in cluster if entry not in near)]


def _is_of_work(cluster: Sequence[Difference]) -> bool:
    """Whether differences are times by which nothing is lost: instructions, which users do not feel."""
    return all(RULES[entry.rule].needs is Needs.LOOK and entry.finding.severity is Severity.INFO for entry in cluster)


def _find_ways(first: Difference, evidence: Evidence) -> Ways[Difference]:
    """Return how the cells of a cluster are asked; real time knows nothing of what two clocks split."""
    if RULES[first.rule].needs is Needs.LOOK:
        return Ways(evidence.ask_clock, evidence.want_look, evidence.want_clock)

    def ask(entry: Difference) -> bool | None:
        seen = evidence.ask_clock(entry)
        return evidence.ask_real_time(entry) if seen is None else seen

    return Ways(ask, evidence.want_clock, evidence.want_real_time)


def _ask_own_cell(entry: Difference, evidence: Evidence) -> Testimony[Difference]:
    """Ask the second clock; where that shows another outcome, or cannot be asked, real time decides."""
    seen = evidence.ask_clock(entry)
    if seen:
        return Testimony(Answer.SEEN, entry)
    is_real = evidence.find_cell(entry).judged.is_real
    if is_real and seen is False:
        return Testimony(Answer.NOT_SEEN, entry)
    in_real_time = None if is_real else evidence.ask_real_time(entry)
    if in_real_time is not None:
        return Testimony(Answer.SEEN if in_real_time else Answer.NOT_SEEN, entry)
    if seen is None and (wanted := evidence.want_clock(entry)):
        return Testimony(Answer.OPEN, wanted=wanted)
    return Testimony(Answer.OPEN, wanted=evidence.want_real_time(entry))


def _ask_real_time(members: Sequence[Difference], clock: Told, evidence: Evidence, *, everywhere: bool) -> Told:
    """Ask about regressions, one cell of each cause, once its clock has confirmed what it can."""

    def want(entry: Difference) -> tuple[WantedBoot, ...]:
        is_open = entry in clock and clock[entry].answer is Answer.OPEN
        return () if is_open else evidence.want_real_time(entry)

    told: Told = {}
    regressions = [
        entry
        for entry in members
        if entry.finding.severity is Severity.REGRESSION
        and RULES[entry.rule].needs is not Needs.REPEATS
        and not (entry.policy and (RULES[entry.rule].needs is Needs.NOTHING or entry.finding.delta is not None))
        and not (entry in clock and clock[entry].answer is Answer.NOT_SEEN)
    ]
    for cause in _group(regressions, _find_cause):
        told |= vouch(cause, Ways(evidence.ask_real_time, want, want), everywhere=everywhere)
    return told


def _group(members: Sequence[Difference], find_mark: Callable[[Difference], Hashable]) -> Iterable[list[Difference]]:
    """Return members with equal marks, the largest first: it is the one that noise explains worst."""
    groups: dict[Hashable, list[Difference]] = {}
    for entry in sorted(members, key=lambda entry: (-abs(entry.finding.delta or 0.0), entry.id)):
        groups.setdefault(find_mark(entry), []).append(entry)
    return groups.values()


def _find_place(entry: Difference) -> tuple[str, ...]:
    key = entry.require_key()
    return key.machine, key.platform_firmware, key.emulator


def _find_scope(entry: Difference) -> Hashable:
    """Return what differences have in common for which one witness speaks."""
    finding = entry.finding
    values = () if finding.delta is not None else (finding.baseline, finding.candidate)
    return find_sight(entry), values, _find_place(entry)


def _find_cause(entry: Difference) -> Hashable:
    return entry.rule, entry.finding.subject, _find_place(entry)


def _judge(entry: Difference, clock: Told, real: Told, evidence: Evidence) -> Difference:
    """Return a difference with what its testimonies say."""
    told = [testimony for testimony in (clock.get(entry), real.get(entry)) if testimony is not None]
    answers = {testimony.answer for testimony in told}
    if Answer.NOT_SEEN in answers:
        return replace(entry, confirmation=Confirmation.REFUTED)
    if Answer.OPEN in answers:
        return replace(entry, confirmation=Confirmation.PENDING)
    if not told:
        return entry
    words = [
        *([_describe(clock[entry], entry, evidence.find_clock_words)] if entry in clock else []),
        *([_describe(real[entry], entry, evidence.find_real_words)] if entry in real else []),
    ]
    return replace(entry, confirmation=Confirmation.CONFIRMED, confirmed_by="; ".join(dict.fromkeys(words)))


def _describe(testimony: Testimony[Difference], entry: Difference, find_words: Callable[[Difference], str]) -> str:
    """Return by what a difference was confirmed, and where, if not in its own cell: `e1000 in real time`."""
    witness = testimony.witness or entry
    own, other = entry.require_key(), witness.require_key()
    parts = [new for old, new in zip(astuple(own), astuple(other), strict=True) if old != new]
    return " ".join(["/".join(parts), find_words(witness)]).strip()


def _find_alike(pairing: Pairing) -> list[WantedBoot]:
    """Return the boots without which the sides count with two clocks: times differ then."""
    return [boot for cell in pairing.paired for boot in cell.want_alike() if boot.key not in pairing.broken]
