"""The registry of rules: what may be looked at in boots of both sides, each by its name.

`bootrig.compare.rules` imports every module of its folder, and each rule registers itself: a rule is one new file, or a
function in one that is there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypedDict, Unpack

from bootrig.compare.difference import Difference
from bootrig.compare.finding import Finding
from bootrig.compare.pairing import CellPair, Pairing
from bootrig.trace.trace import Trace

TOPICS: Sequence[str] = (
    "user-class", "vendor-class", "option-175", "dhcp-options", "dhcp-order", "dhcp-timing", "file-name", "tftp",
    "http", "dns", "ipv6", "vlan", "switch", "script-magic", "commands", "image-formats", "pxe-api", "memory",
    "prompts", "banner", "console", "boot-order", "start-time", "rom-bar", "mac",
)  # fmt: skip
"""What a site may rely on; the first one that a rule has is what its differences are counted under."""

Check = Callable[[CellPair], Iterator[Finding]]
SetCheck = Callable[[Pairing], Iterator[tuple[CellPair | None, Finding]]]


def _sees_everything(_trace: Trace) -> bool:
    return True


class Needs(StrEnum):
    """What has to show a difference again before it counts, whatever its severity."""

    NOTHING = "nothing"
    CLOCK = "clock"
    """A boot at the second clock: retries, traffic and order are what a clock can change."""
    LOOK = "look"
    """Further boots at both clocks, within 0.25 s: times, which take two clocks to be found at all."""
    REPEATS = "repeats"
    """Nothing more: it was seen by repeating the boots of its cell, which no single boot refutes."""


class Declared(TypedDict, total=False):
    """What a rule may declare; `Rule` says what it means."""

    topics: Set[str]
    needs: Needs
    needs_own_cell: bool
    depends_on_scenario: bool
    follows_from: tuple[str, ...]
    same_emulator: bool
    judges_truncated: bool
    witnesses: Callable[[Trace], bool]
    owns_dhcp_options: Set[int]
    owns_http_headers: Set[str]
    owns_ports: Set[int]


@dataclass(frozen=True, slots=True)
class Rule:
    """One named opinion.

    Attributes:
        name: how waivers and reports call it.
        check: yields what it finds, with the pair of boots; None for the ROM sets as wholes.
        description: what it looks at and how it judges, the docstring of the check.
        sees_all_pairs: whether it has to see all pairs at once; the others look at one pair at a time.
        topics: what a site may rely on that this rule looks at.
        needs: what has to show it again before it counts.
        needs_own_cell: whether no other cell can show it.
        depends_on_scenario: whether what it sees depends on what the scenario serves; else it is of the ROM alone.
        follows_from: names of rules whose differences explain this rule's in the same cell.
        same_emulator: whether traces of another emulator say nothing to it.
        judges_truncated: whether it looks at boots of which a limit cut something; the others would take for a
            difference what was not kept.
        witnesses: whether a boot could have shown what the rule looks at.
        owns_dhcp_options: DHCP options that it alone judges.
        owns_http_headers: HTTP headers, in lower case, that it alone judges.
        owns_ports: well-known ports whose traffic it judges.
    """

    name: str
    check: SetCheck
    description: str
    sees_all_pairs: bool
    topics: Set[str] = frozenset()
    needs: Needs = Needs.NOTHING
    needs_own_cell: bool = False
    depends_on_scenario: bool = True
    follows_from: tuple[str, ...] = ()
    same_emulator: bool = False
    judges_truncated: bool = False
    witnesses: Callable[[Trace], bool] = _sees_everything
    owns_dhcp_options: Set[int] = frozenset()
    owns_http_headers: Set[str] = frozenset()
    owns_ports: Set[int] = frozenset()

    def find_differences(self, pairing: Pairing) -> Iterator[Difference]:
        """Yield what the rule finds."""
        for pair, finding in self.check(pairing):
            if pair is None:
                yield Difference(self.name, None, finding)
            elif self._judges(pair):
                yield Difference(self.name, pair.key, finding)

    def _judges(self, pair: CellPair) -> bool:
        if self.same_emulator and pair.has_other_emulators:
            return False
        return self.judges_truncated or not pair.is_truncated


_RULES: dict[str, Rule] = {}
RULES: Mapping[str, Rule] = MappingProxyType(_RULES)


def rule(name: str, **declared: Unpack[Declared]) -> Callable[[Check], Check]:
    """Register under `name` a check that looks at one pair of boots; its docstring is the rule's description.

    Raises:
        ValueError: the name is taken, the check has no docstring, or a topic is unknown.
    """

    def register(check: Check) -> Check:
        def check_each(pairing: Pairing) -> Iterator[tuple[CellPair, Finding]]:
            for pair in pairing:
                for finding in check(pair):
                    yield pair, finding

        _add(Rule(name, check_each, check.__doc__ or "", sees_all_pairs=False, **declared))
        return check

    return register


def set_rule(name: str, **declared: Unpack[Declared]) -> Callable[[SetCheck], SetCheck]:
    """Register under `name` a check that looks at all boots at once, as `rule` does for one pair.

    Raises:
        ValueError: as `rule` does.
    """

    def register(check: SetCheck) -> SetCheck:
        _add(Rule(name, check, check.__doc__ or "", sees_all_pairs=True, **declared))
        return check

    return register


def _add(entry: Rule) -> None:
    if entry.name in _RULES:
        raise ValueError(f"there is a rule {entry.name} already")
    if not entry.description:
        raise ValueError(f"the rule {entry.name} has no docstring")
    if unknown := set(entry.topics).difference(TOPICS):
        raise ValueError(f"the rule {entry.name} has unknown topics: {', '.join(sorted(unknown))}")
    _RULES[entry.name] = entry
