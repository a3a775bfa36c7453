"""The registry of rules: what may be looked at in a pair of boots, each by its name."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bootrig.compare.difference import Confirmation, Difference, Severity, Value
from bootrig.compare.pairing import CellPair
from bootrig.scenario.trace import TimeMode


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


@dataclass(frozen=True, slots=True)
class Rule:
    """One named opinion.

    Attributes:
        name: how waivers and reports call it.
        check: finds differences in one pair of boots.
        in_real_time: whether what it sees in virtual time counts only after real time showed it too.
        per_boot: whether what it sees hangs on what the scenario serves; otherwise a cell of any scenario can
            stand for the others.
        description: what it looks at and how it judges, the docstring of `check`.
    """

    name: str
    check: Check
    in_real_time: bool
    per_boot: bool
    description: str

    def find_differences(self, pair: CellPair) -> Iterator[Difference]:
        """Yield what the rule finds in `pair`."""
        pending = self.in_real_time and pair.time_mode is TimeMode.VIRTUAL
        for finding in self.check(pair):
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
                confirmation=Confirmation.PENDING if pending else Confirmation.NOT_NEEDED,
            )


_RULES: dict[str, Rule] = {}
RULES: Mapping[str, Rule] = MappingProxyType(_RULES)


def rule(name: str, *, in_real_time: bool = False, per_boot: bool = True) -> Callable[[Check], Check]:
    """Register a check under `name`; its docstring is the rule's description.

    Raises:
        ValueError: the name is taken, or the check has no docstring.
    """

    def register(check: Check) -> Check:
        if name in _RULES:
            raise ValueError(f"there is a rule {name} already")
        if not check.__doc__:
            raise ValueError(f"the rule {name} has no docstring")
        _RULES[name] = Rule(name, check, in_real_time, per_boot, check.__doc__)
        return check

    return register
