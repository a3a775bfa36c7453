"""One cause, told once: differences that follow from another are folded under it.

In one cell a difference follows from another where its rule says so (`follows_from`) and the other weighs as much or
more; what only a policy makes a regression weighs less than a regression. What follows from nothing is a *head*. A
change that explains a worse head in the same cell is its *why*: OVMF's own PXE client in the place of iPXE is a change
by itself, and the reason where a script does not boot any more. What lint finds in the ROMs that booted is a why, too.
Heads of several cells are one cause where rule,
subject and weight are the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bootrig.compare.difference import Difference
from bootrig.compare.explanation import explains
from bootrig.compare.finding import Severity
from bootrig.compare.rules import RULES
from bootrig.trace.names import CellKey
from bootrig.trace.reading.milestones import WIRE_MILESTONES
from bootrig.trace.reading.stages import Stage

OUTCOME = "outcome"
EARLY = ("", "rom-banner")
STAGES = tuple(stage.value for stage in Stage)
WEIGHTS: Mapping[Severity, int] = {severity: number for number, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that differs, in however many cells.

    Attributes:
        heads: the differences that follow from nothing, one a cell (or one of the sets as wholes); at least one.
        whys: changes that explain heads which are worse, and what lint found that explains the boots.
        followers: differences that follow from the heads or the whys.
    """

    heads: tuple[Difference, ...]
    whys: tuple[Difference, ...] = ()
    followers: tuple[Difference, ...] = ()

    @property
    def first(self) -> Difference:
        """A head that speaks for all."""
        return self.heads[0]

    @property
    def severity(self) -> Severity:
        """How much it weighs."""
        return self.first.weight

    @property
    def is_unconfirmed(self) -> bool:
        """Whether it would be a regression, if it were confirmed."""
        return self.first.finding.severity is not self.severity

    @property
    def cells(self) -> tuple[CellKey, ...]:
        """The cells in which it was seen; none for one of the sets as wholes."""
        return tuple(entry.key for entry in self.heads if entry.key is not None)

    @property
    def confirmed_by(self) -> str:
        """By what boots it was confirmed: what most of its heads say; empty where they need none, or lack it."""
        return Counter(entry.confirmed_by for entry in self.heads).most_common(1)[0][0]

    def is_of_the_whole(self, compared: Iterable[CellKey]) -> bool:
        """Whether it is a fact about whole ROMs: in every cell of `compared` with such a NIC, guest and firmware."""
        if RULES[self.first.rule].depends_on_scenario and self.cells:
            return False
        seen = set(self.cells)
        places = {replace(key, scenario="") for key in seen}
        return all(key in seen for key in compared if replace(key, scenario="") in places)

    @property
    def consequences(self) -> int:
        """How many different things follow from it, each counted once however many cells have it."""
        return len({(entry.rule, entry.finding.subject) for entry in self.followers})

    @property
    def topics(self) -> frozenset[str]:
        """What a site may rely on that it touches."""
        return frozenset(topic for entry in (self.first, *self.followers) for topic in RULES[entry.rule].topics)


@dataclass(slots=True)
class _Members:
    heads: list[Difference] = field(default_factory=list)
    whys: list[Difference] = field(default_factory=list)
    followers: list[Difference] = field(default_factory=list)


def find_causes(differences: Iterable[Difference], reached: Mapping[CellKey, str]) -> tuple[Cause, ...]:
    """Return the causes of differences that were not waived, worst first.

    Of equal weight the one with most cells comes first, then the one of the earlier stage, then the order of rules.

    Args:
        differences: all of a verdict, in the order of rules.
        reached: the last milestone that the candidate reached, by cell.
    """
    cells: dict[CellKey | None, list[Difference]] = {}
    for entry in differences:
        if not entry.waiver:
            cells.setdefault(entry.key, []).append(entry)
    causes: dict[tuple[str, str, Severity], _Members] = {}
    for entries in cells.values():
        for entry, head in _find_heads(entries).items():
            members = causes.setdefault((head.rule, head.finding.subject, head.weight), _Members())
            if entry == head:
                members.heads.append(entry)
            elif _explains(entry, head):
                members.whys.append(entry)
            else:
                members.followers.append(entry)
    found = [Cause(tuple(one.heads), tuple(one.whys), tuple(one.followers)) for one in causes.values()]
    return tuple(sorted(_fold_lint(found), key=lambda cause: _order(cause, reached)))


def _fold_lint(causes: Sequence[Cause]) -> list[Cause]:
    """Return the causes, what lint found as a why of those that it explains, and then of those alone."""
    lint = [cause for cause in causes if cause.first.rule == "lint"]
    others = [cause for cause in causes if cause not in lint]
    used: list[Cause] = []
    for number, cause in enumerate(others):
        if "lint" not in RULES[cause.first.rule].follows_from or WEIGHTS[cause.severity] > WEIGHTS[Severity.CHANGE]:
            continue
        whys = [
            one
            for one in lint
            if _rank(one.first) >= _rank(cause.first) and explains(one.first, cause.first.rule, cause.cells)
        ]
        used += whys
        others[number] = replace(cause, whys=(*cause.whys, *(one.first for one in whys)))
    return [*others, *(one for one in lint if one not in used)]


def _find_heads(entries: Sequence[Difference]) -> dict[Difference, Difference]:
    """Return the head of each difference of one cell; that of a head is itself."""
    parents = {entry: _find_parent(entry, entries) for entry in entries}
    return {entry: _climb(entry, parents) for entry in entries}


def _find_parent(entry: Difference, entries: Sequence[Difference]) -> Difference | None:
    """Return what a difference follows from; or the worse one that it explains, which then is told first.

    How a boot ended follows from nothing: it may have a why.
    """
    for rule in () if entry.rule == OUTCOME else RULES[entry.rule].follows_from:
        for other in entries:
            if other.rule == rule and _rank(other) <= _rank(entry):
                return other
    return next((other for other in entries if _explains(entry, other)), None)


def _explains(entry: Difference, head: Difference) -> bool:
    """Whether a change is the reason for something worse."""
    is_change = entry.weight is Severity.CHANGE or bool(entry.policy)
    return is_change and _rank(entry) > _rank(head) and entry.rule in RULES[head.rule].follows_from


def _rank(entry: Difference) -> tuple[int, int, bool]:
    """Return how much a difference weighs, less for worse.

    A regression that is not confirmed is worse than a change; what only a policy makes a regression is milder than what
    its rule calls one.
    """
    return WEIGHTS[entry.weight], WEIGHTS[entry.finding.severity], bool(entry.policy)


def _climb(entry: Difference, parents: Mapping[Difference, Difference | None]) -> Difference:
    while (parent := parents[entry]) is not None:
        entry = parent
    return entry


def _order(cause: Cause, reached: Mapping[CellKey, str]) -> tuple[int, int, int, bool, int]:
    stage = min((_rank_stage(entry, reached) for entry in cause.heads), default=0)
    weight, severity, is_by_policy = _rank(cause.first)
    return weight, severity, -len(cause.heads), is_by_policy, stage


def _rank_stage(entry: Difference, reached: Mapping[CellKey, str]) -> int:
    """Return how late in a boot a difference is: by the last milestone of a lost boot, by the stage of a time."""
    if entry.rule != OUTCOME or entry.key is None:
        return STAGES.index(entry.finding.subject) if entry.finding.subject in STAGES else 0
    milestone = reached.get(entry.key, "")
    if milestone in EARLY:
        return 0
    return WIRE_MILESTONES.index(milestone) + 1 if milestone in WIRE_MILESTONES else len(WIRE_MILESTONES) + 1
