"""Boots that failed in a run without baseline: what confirms them, and by which cell. One policy, without effects.

A boot that failed is booted again at the second clock of its own cell; where that one passes, real time decides. What
is confirmed so is seen in real time as well, in one cell for each side, scenario, last milestone, machine, platform
firmware and emulator. Boots that are known to fail need nothing.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bootrig.compare.vouching import Answer, Testimony, Ways, vouch
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import (
    REAL_TIME,
    CellBoots,
    Reason,
    WantedBoot,
    choose_second_clock,
    group_boots,
    settle_traces,
)
from bootrig.trace.reading.ends import describe_ends
from bootrig.trace.trace import Clock, Trace
from firmware.lint.finding import Finding

Place = tuple[str, str, CellKey]
Told = Mapping[Place, Testimony[Place]]
ONCE = 1


@dataclass(frozen=True, slots=True)
class Failures:
    """The boots that failed, of those that count.

    Attributes:
        known: those that are known to fail.
        confirmed: those that failed again.
        unconfirmed: those that lack the boots that would tell.
        refuted: those of cells that passed in real time.
        wanted: the boots that would tell more.
        unstable: the boots that count of cells that ended differently when they were repeated, each with how, in words.
    """

    known: tuple[Trace, ...]
    confirmed: tuple[Trace, ...]
    unconfirmed: tuple[Trace, ...]
    refuted: tuple[Trace, ...]
    wanted: tuple[WantedBoot, ...]
    unstable: tuple[tuple[Trace, str], ...] = ()


class OutcomeState(StrEnum):
    """What became of a cell of a run without baseline."""

    PASSED = "passed"
    FAILED = "failed"
    UNSTABLE = "unstable"
    UNCONFIRMED = "unconfirmed"
    KNOWN = "known"
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How the boots of a run without baseline ended.

    Attributes:
        traces: of all boots.
        failures: what became of those that failed.
        errors: what broke first in each cell in which the rig broke or the input is wrong: the label of the side, the
            cell, the message.
        lint: the errors that lint finds in the ROMs that were booted, by the label of the side.
    """

    traces: tuple[Trace, ...]
    failures: Failures
    errors: tuple[tuple[str, CellKey, str], ...] = ()
    lint: tuple[tuple[str, Finding], ...] = ()

    @property
    def settled(self) -> tuple[tuple[Trace, OutcomeState], ...]:
        """One boot a side and cell, the one that counts, and what became of it."""
        states = {
            (trace.side, trace.rom_set, trace.key): state
            for state, traces in (
                (OutcomeState.FAILED, self.failures.confirmed),
                (OutcomeState.UNSTABLE, tuple(trace for trace, _ in self.failures.unstable)),
                (OutcomeState.UNCONFIRMED, self.failures.unconfirmed),
                (OutcomeState.KNOWN, self.failures.known),
                (OutcomeState.REFUTED, self.failures.refuted),
            )
            for trace in traces
        }
        return tuple(
            (trace, states.get((trace.side, trace.rom_set, trace.key), OutcomeState.PASSED))
            for trace in settle_traces(self.traces)
        )

    def tell_ends(self, counted: Trace) -> str:
        """Return how the repeated boots of an unstable cell ended, by the one that counts; empty for other cells."""
        return next((words for trace, words in self.failures.unstable if trace is counted), "")


def judge_failures(
    traces: Iterable[Trace],
    is_known: Callable[[Trace], bool] = lambda _trace: False,
    *,
    everywhere: bool = False,
    repeat: int = ONCE,
) -> Failures:
    """Ask all boots about those that failed.

    Args:
        traces: all boots of all sides.
        is_known: whether a boot is known to end as it did.
        everywhere: whether each has to fail in real time in its own cell.
        repeat: how many boots of a cell have to end alike; one that is unstable needs no confirmation.
    """
    groups = group_boots(traces)
    unstable = {place: boots for place, boots in groups.items() if boots.is_unstable(repeat)}
    failed = {place: one for place, one in groups.items() if not one.counted.passed and place not in unstable}
    known = {place for place, boots in failed.items() if is_known(boots.counted)}
    second = {place: _ask_second_clock(place, boots) for place, boots in failed.items() if place not in known}
    real = _ask_real_time(failed, second, everywhere=everywhere)
    answers = {place: {second[place].answer, *([real[place].answer] if place in real else [])} for place in second}

    def select(is_meant: Callable[[set[Answer]], bool]) -> tuple[Trace, ...]:
        return tuple(failed[place].counted for place, told in answers.items() if is_meant(told))

    testimonies = [*second.values(), *real.values()]
    return Failures(
        known=tuple(failed[place].counted for place in failed if place in known),
        confirmed=select(lambda told: told == {Answer.SEEN}),
        unconfirmed=select(lambda told: Answer.OPEN in told and Answer.NOT_SEEN not in told),
        refuted=select(lambda told: Answer.NOT_SEEN in told),
        wanted=tuple(dict.fromkeys(boot for testimony in testimonies for boot in testimony.wanted)),
        unstable=tuple((boots.counted, describe_ends(boots.find_repeats(repeat))) for boots in unstable.values()),
    )


def _ask_second_clock(place: Place, boots: CellBoots) -> Testimony[Place]:
    clock = choose_second_clock([boots])
    number = boots.number_beside(clock)
    again = boots.find(clock, number)
    if again is not None and not again.passed:
        return Testimony(Answer.SEEN, place)
    if boots.is_real and again is not None:
        return Testimony(Answer.NOT_SEEN, place)
    in_real_time = None if boots.is_real else boots.find(REAL_TIME)
    if in_real_time is not None:
        return Testimony(Answer.NOT_SEEN if in_real_time.passed else Answer.SEEN, place)
    if again is None and (wanted := _want(boots, clock, number, Reason.SECOND_CLOCK)):
        return Testimony(Answer.OPEN, wanted=wanted)
    return Testimony(Answer.OPEN, wanted=_want(boots, REAL_TIME, 1, Reason.REAL_TIME))


def _ask_real_time(failed: Mapping[Place, CellBoots], second: Told, *, everywhere: bool) -> Told:
    """Ask one cell of each cause, once its second clock has confirmed it."""

    def ask(place: Place) -> bool | None:
        boot = failed[place].find(REAL_TIME)
        return None if boot is None else not boot.passed

    def want(place: Place) -> tuple[WantedBoot, ...]:
        is_open = second[place].answer is Answer.OPEN
        return () if is_open else _want(failed[place], REAL_TIME, 1, Reason.REAL_TIME)

    causes: dict[Hashable, list[Place]] = {}
    for place, testimony in second.items():
        if testimony.answer is not Answer.NOT_SEEN:
            causes.setdefault(_find_cause(place, failed[place].counted), []).append(place)
    told: dict[Place, Testimony[Place]] = {}
    for cause in causes.values():
        told |= vouch(cause, Ways(ask, want, want), everywhere=everywhere)
    return told


def _find_cause(place: Place, trace: Trace) -> Hashable:
    side, rom_set, key = place
    return side, rom_set, key.scenario, trace.outcome.milestone, key.machine, key.platform_firmware, key.emulator


def _want(boots: CellBoots, clock: Clock, number: int, reason: Reason) -> tuple[WantedBoot, ...]:
    if not boots.lacks(clock, number):
        return ()
    return (WantedBoot(boots.counted.side, boots.counted.key, clock, reason),)
