"""Seeded faults: two sides that differ in one known thing, and what a verdict has to say of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bootrig.api import Filters
from bootrig.compare import Verdict
from bootrig.compare.causes import Cause
from bootrig.compare.verdict import Answer
from bootrig.errors import ExitStatus
from tests.verdict.world import World, compare_worlds


@dataclass(frozen=True, slots=True)
class Place:
    """The cells of a seed: one for each NIC model; the fault is in the first."""

    nic_models: tuple[str, ...] = ("e1000", "virtio-net-pci")
    scenario: str = "pxe-tftp"
    machine: str = "pc"
    platform_firmware: str = "seabios"
    emulator: str = "host"

    @property
    def filters(self) -> Filters:
        """What chooses these cells."""
        return Filters(
            nic_models=self.nic_models,
            scenarios=(self.scenario,),
            machines=(self.machine,),
            platform_firmware=(self.platform_firmware,),
            emulators=(self.emulator,),
        )

    @property
    def faulty_cell(self) -> str:
        """The name of the cell with the fault."""
        return "/".join((self.scenario, self.nic_models[0], self.machine, self.platform_firmware, self.emulator))


class Fault(Protocol):
    """What the sides differ in."""

    def make_worlds(self, place: Place, directory: Path) -> tuple[World, World]:
        """Return what the sides are booted in, made in `directory`: without the fault, and with it."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a verdict has to say.

    Attributes:
        answer: its word.
        status: its exit status.
        heads: the rules that have to name the fault in the faulty cell, as `RULE`, or about the sets as wholes, as
            `RULE@*`; a rule of lint as `lint:RULE`.
        whys: the rules that have to explain them.
        followers: rules of which differences may follow, in the same cell.
        beside: rules of lint that may say something beside, of the same bytes.
        breaks: what the error of the faulty cell says, where the rig has to break in it; empty where it may not.
    """

    answer: Answer
    status: ExitStatus
    heads: frozenset[str] = frozenset()
    whys: frozenset[str] = frozenset()
    followers: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    breaks: str = ""


def regression(
    head: str = "outcome", whys: Iterable[str] = (), followers: Iterable[str] = (), beside: Iterable[str] = ()
) -> Expected:
    """Return that the candidate is not compatible because of one regression."""
    return Expected(
        Answer.NOT_COMPATIBLE,
        ExitStatus.BAD,
        heads=frozenset({head}),
        whys=frozenset(whys),
        followers=frozenset(followers),
        beside=frozenset(beside),
    )


def change(head: str) -> Expected:
    """Return that one thing changed."""
    return Expected(Answer.COMPATIBLE_WITH_CHANGES, ExitStatus.GOOD, frozenset({head}))


def mention(head: str, beside: Iterable[str] = ()) -> Expected:
    """Return that one thing is worth to know, and changes nothing by itself."""
    return Expected(Answer.COMPATIBLE, ExitStatus.GOOD, frozenset({head}), beside=frozenset(beside))


def break_(message: str) -> Expected:
    """Return that the rig broke in the faulty cell, and that the others are fine."""
    return Expected(Answer.COMPATIBLE, ExitStatus.BROKEN, breaks=message)


@dataclass(frozen=True, slots=True)
class Seed:
    """One seeded fault.

    Attributes:
        name: what it is, in a few words.
        fault: how it is made.
        expected: what a verdict has to say of it.
        place: the cells.
        is_cheap: whether it takes a few seconds.
    """

    name: str
    fault: Fault
    expected: Expected
    place: Place = Place()
    is_cheap: bool = False

    def compare(self, directory: Path) -> Verdict:
        """Boot both sides and compare them."""
        baseline, candidate = self.fault.make_worlds(self.place, directory)
        return compare_worlds(baseline, candidate, self.place.filters, directory / "runs")

    def find_misses(self, verdict: Verdict) -> tuple[str, ...]:
        """Return what the verdict does not say and has to."""
        return tuple(self._iter_misses(verdict))

    def _iter_misses(self, verdict: Verdict) -> Iterator[str]:
        expected = self.expected
        if (verdict.answer, verdict.status) != (expected.answer, expected.status):
            yield f"it says {verdict.answer} ({verdict.status:d}), not {expected.answer} ({expected.status:d})"
        heads = {name for cause in verdict.causes for name in self._name_heads(cause)}
        yield from (f"{name} does not name it" for name in sorted(self.expected.heads - heads))
        whys = {_spell(entry.rule, entry.finding.subject) for cause in verdict.causes for entry in cause.whys}
        yield from (f"{name} does not explain it" for name in sorted(self.expected.whys - whys))
        broken = {str(key): message for key, message in verdict.broken.items()}
        if self.expected.breaks and self.expected.breaks not in broken.get(self.place.faulty_cell, ""):
            yield f"the rig did not break by {self.expected.breaks!r}: {broken}"

    def find_false_alarms(self, verdict: Verdict) -> tuple[str, ...]:
        """Return what the verdict says that is not so."""
        return tuple(self._iter_false_alarms(verdict))

    def _iter_false_alarms(self, verdict: Verdict) -> Iterator[str]:
        for cause in verdict.causes:
            heads = self.expected.heads | {f"{rule}@*" for rule in self.expected.beside}
            if not heads.issuperset(self._name_heads(cause)):
                yield f"{cause.severity}: {cause.first.id}"
            for entry in cause.whys:
                if _spell(entry.rule, entry.finding.subject) not in self.expected.whys | self.expected.beside:
                    yield f"why: {entry.id}"
            for entry in cause.followers:
                if entry.rule not in self.expected.followers or str(entry.key) != self.place.faulty_cell:
                    yield f"follower: {entry.id}"
        yield from (f"refuted: {entry.id}" for entry in verdict.refuted)
        for key, message in verdict.broken.items():
            if not self.expected.breaks or str(key) != self.place.faulty_cell:
                yield f"broken: {key}: {message}"
        named = {str(cell.key): cell for cell in verdict.cells}
        yield from (
            f"{name} is {cell.state}"
            for name, cell in named.items()
            if name != self.place.faulty_cell and (cell.state != "same" or not cell.passed_on_both_sides)
        )

    def _name_heads(self, cause: Cause) -> Iterator[str]:
        """Yield the rule of each head: alone in the faulty cell, with the cell elsewhere, lint's rules by their own."""
        for entry in cause.heads:
            if entry.key is None:
                yield f"{_spell(entry.rule, entry.finding.subject)}@*"
            else:
                yield entry.rule if str(entry.key) == self.place.faulty_cell else f"{entry.rule}@{entry.key}"


def _spell(rule: str, subject: str) -> str:
    """Return a rule's name; of lint its own rule, which may have several severities."""
    return f"lint:{subject.partition(':')[0]}" if rule == "lint" else rule
