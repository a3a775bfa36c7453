"""What the boots beside those that count show of a difference: at the second clock, in a second look, in real time."""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Literal

from bootrig.compare.difference import Difference
from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair, PairedCell, Pairing
from bootrig.compare.registry import Needs
from bootrig.compare.rules import RULES
from bootrig.compare.rules.stages import comes_back, lasts_in_real_time
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import WantedBoot
from bootrig.trace.trace import ClockKind

Find = Callable[[Pairing], Iterable[Difference]]
Sight = tuple[str, str, Severity | bool]


def find_sight(difference: Difference) -> Sight:
    """Return what makes two sightings the same: slower is slower, by however much, and never faster."""
    finding = difference.finding
    more = finding.delta > 0 if finding.delta is not None else finding.severity
    return difference.rule, finding.subject, more


@dataclass(frozen=True, slots=True)
class Shown:
    """What boots of one sort show: pairs of them by their cells, and what the rules find in those."""

    pairs: Mapping[CellKey, CellPair]
    found: Mapping[tuple[CellKey | None, Sight], Finding]

    def find(self, difference: Difference) -> Finding | Literal[False] | None:
        """Return what its own cell shows of a difference; False for nothing, None where it could not have seen it."""
        pair = self.pairs.get(difference.require_key())
        if pair is None or not all(RULES[difference.rule].witnesses(trace) for trace in pair.sides):
            return None
        return self.found.get((difference.key, find_sight(difference)), False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All boots of both sides, and what the rules find in those that do not count.

    Attributes:
        cells: the cells that both sides have.
        broken: cells in which the rig broke: they are not booted again.
        second: what the boots at the second clock show.
        failed_again: what those of the sides that failed show, beside what counts of those that passed.
        look: what second looks show.
        real: what the boots in real time show.
        real_beside_recorded: what those show, also where a recorded side has none.
    """

    cells: Mapping[CellKey, PairedCell]
    broken: Set[CellKey]
    second: Shown
    failed_again: Shown
    look: Shown
    real: Shown
    real_beside_recorded: Shown

    def find_cell(self, difference: Difference) -> PairedCell:
        """Return the cell of a difference that is in one.

        Raises:
            KeyError: it is in none that both sides have.
        """
        return self.cells[difference.require_key()]

    def ask_clock(self, difference: Difference) -> bool | None:
        """Whether its own cell shows it again as its rule needs it; None where it was not asked."""
        cell, rule = self.find_cell(difference), RULES[difference.rule]
        if rule.needs is Needs.LOOK and cell.judged.second is not None:
            again = self.look.find(difference)
            return again if again is None or again is False else comes_back(difference.finding, again)
        if rule.needs is Needs.CLOCK and cell.judged.is_real and not rule.needs_own_cell:
            return True  # no clock made it
        seen = self._show_second(difference).find(difference)
        return None if seen is None else seen is not False

    def _show_second(self, difference: Difference) -> Shown:
        """Return what the boots at the second clock show; of an outcome, those of a side that passed are not needed."""
        return self.failed_again if RULES[difference.rule].needs_own_cell else self.second

    def ask_real_time(self, difference: Difference) -> bool | None:
        """Whether its own cell shows it in real time; None where it was not asked."""
        cell = self.find_cell(difference)
        if cell.judged.is_real:
            return True
        if RULES[difference.rule].needs is Needs.LOOK:
            return None if cell.real is None else lasts_in_real_time(difference.finding, cell.real)
        seen = (self.real if _is_of_clock(difference) else self.real_beside_recorded).find(difference)
        return None if seen is None else seen is not False

    def want_look(self, difference: Difference) -> tuple[WantedBoot, ...]:
        """Return the boots that a second look at its own cell lacks; empty where two clocks told nothing of that cell.

        What another cell tells of it is looked at there.
        """
        return () if self.find_cell(difference).judged.lent else self.want_clock(difference)

    def want_clock(self, difference: Difference) -> tuple[WantedBoot, ...]:
        """Return the boots that its own cell lacks before `ask_clock` answers."""
        cell, rule = self.find_cell(difference), RULES[difference.rule]
        if difference.waiver or cell.judged.key in self.broken:
            return ()
        if rule.needs_own_cell:
            return cell.want_failed_again()
        is_split = cell.judged.second is not None
        return cell.want_look() if is_split and rule.needs is Needs.LOOK else cell.want_second()

    def want_real_time(self, difference: Difference) -> tuple[WantedBoot, ...]:
        """Return the boots that its own cell lacks before `ask_real_time` answers."""
        cell = self.find_cell(difference)
        if difference.waiver or cell.judged.key in self.broken:
            return ()
        return cell.want_real() if _is_of_clock(difference) else cell.want_real_beside_recorded()

    def find_clock_words(self, witness: Difference) -> str:
        """Return by which clock the witness's own cell showed it: `at shift 5`."""
        cell, rule = self.find_cell(witness), RULES[witness.rule]
        if rule.needs is Needs.LOOK and cell.judged.second is not None:
            clocks = cell.judged.baseline.clock, cell.judged.second[0].clock
            return f"again at shifts {' and '.join(str(clock.shift) for clock in clocks)}"
        if not self._show_second(witness).find(witness):
            return self.find_real_words(witness)
        clock = cell.second_clock
        return f"at shift {clock.shift}" if clock.is_virtual else f"again {self.find_real_words(witness)}"

    def find_real_words(self, witness: Difference) -> str:
        """Return how time ran where the witness's own cell showed it: `in real time`."""
        pair = self.find_cell(witness).real
        is_kvm = pair is not None and pair.baseline.clock.kind is ClockKind.KVM
        return "under KVM" if is_kvm else "in real time"


def gather_evidence(pairing: Pairing, find: Find) -> Evidence:
    """Return what the boots show that do not count; `find` is how differences are found in those that do."""
    return Evidence(
        {cell.judged.key: cell for cell in pairing.paired},
        pairing.broken.keys(),
        _look_at(pairing, lambda cell: cell.second, find),
        _look_at(pairing, lambda cell: cell.failed_again, find),
        _look_at(pairing, lambda cell: cell.look, find),
        _look_at(pairing, lambda cell: cell.real, find),
        _look_at(pairing, lambda cell: cell.real_beside_recorded, find),
    )


def _is_of_clock(difference: Difference) -> bool:
    """Whether a clock could make a difference, so that both boots have to have the same."""
    rule = RULES[difference.rule]
    return rule.needs is not Needs.NOTHING and not rule.needs_own_cell


def _look_at(pairing: Pairing, choose: Callable[[PairedCell], CellPair | None], find: Find) -> Shown:
    chosen = pairing.replace_judged(choose)
    found = {(entry.key, find_sight(entry)): entry.finding for entry in find(chosen)}
    return Shown({pair.key: pair for pair in chosen}, found)
