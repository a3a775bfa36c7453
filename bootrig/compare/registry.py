"""The registry of rules: what may be looked at in a pair of boots, each by its name."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bootrig.compare.difference import Confirmation, Difference, Severity, Value
from bootrig.compare.pairing import CellPair
from bootrig.trace.trace import OutcomeStatus, TimeMode


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found; the registry adds the rule's name and the cell.

    Attributes:
        severity: how much it weighs.
        subject: what of the cell it is about.
        baseline: the baseline's value.
        candidate: the candidate's value.
        statement: what differs, with `{baseline}` and `{candidate}` for the values.
        why: why that matters.
        unit: unit of numbers.
    """

    severity: Severity
    subject: str
    baseline: Value
    candidate: Value
    statement: str
    why: str = ""
    unit: str = ""


Check = Callable[[CellPair], Iterator[Finding]]
SetCheck = Callable[[Sequence[CellPair]], Iterator[tuple[CellPair, Finding]]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One named opinion.

    Attributes:
        name: how waivers and reports call it.
        check: finds differences between the pairs of boots that it is given.
        needs_all: whether it has to see all pairs at once; the others look at one pair at a time.
        in_real_time: whether what it sees in virtual time counts only after real time showed it too.
        per_boot: whether what it sees hangs on what the scenario serves; otherwise a cell of any scenario can
            stand for the others.
        description: what it looks at and how it judges, the docstring of the check.
    """

    name: str
    check: SetCheck
    needs_all: bool
    in_real_time: bool
    per_boot: bool
    description: str

    def find_differences(self, pairs: Sequence[CellPair]) -> Iterator[Difference]:
        """Yield what the rule finds in `pairs`."""
        for pair, finding in self.check(pairs):
            yield Difference(
                rule=self.name,
                severity=finding.severity,
                key=pair.key,
                subject=finding.subject,
                baseline=finding.baseline,
                candidate=finding.candidate,
                statement=finding.statement,
                why=finding.why,
                unit=finding.unit,
                confirmation=self._confirmation(pair),
            )

    def _confirmation(self, pair: CellPair) -> Confirmation:
        """Return whether what the rule finds in `pair` has to be seen in real time, or was."""
        if not self.in_real_time:
            return Confirmation.NOT_NEEDED
        failed = [trace for trace in pair.sides if trace.outcome.status is OutcomeStatus.FAILED]
        seen = [trace.time_mode is TimeMode.REAL for trace in failed or pair.sides]
        return Confirmation.CONFIRMED if all(seen) else Confirmation.PENDING


_RULES: dict[str, Rule] = {}
RULES: Mapping[str, Rule] = MappingProxyType(_RULES)


def rule(name: str, *, in_real_time: bool = False, per_boot: bool = True) -> Callable[[Check], Check]:
    """Register under `name` a check that looks at one pair of boots; its docstring is the rule's description.

    Raises:
        ValueError: the name is taken, or the check has no docstring.
    """

    def register(check: Check) -> Check:
        def check_each(pairs: Sequence[CellPair]) -> Iterator[tuple[CellPair, Finding]]:
            for pair in pairs:
                for finding in check(pair):
                    yield pair, finding

        _add(Rule(name, check_each, False, in_real_time, per_boot, check.__doc__ or ""))
        return check

    return register


def set_rule(name: str, *, in_real_time: bool = False, per_boot: bool = True) -> Callable[[SetCheck], SetCheck]:
    """Register under `name` a check that looks at all pairs of boots at once, as `rule` does for one.

    Raises:
        ValueError: the name is taken, or the check has no docstring.
    """

    def register(check: SetCheck) -> SetCheck:
        _add(Rule(name, check, True, in_real_time, per_boot, check.__doc__ or ""))
        return check

    return register


def _add(entry: Rule) -> None:
    if entry.name in _RULES:
        raise ValueError(f"there is a rule {entry.name} already")
    if not entry.description:
        raise ValueError(f"the rule {entry.name} has no docstring")
    _RULES[entry.name] = entry
