"""Which boots of a cell say what: the one that counts, those at the second clock, second looks, those in real time.

A cell is booted at its first clock, up to three times, until a boot is undisturbed (rungs 1 to 3 of the ladder), then
once at a slower clock (rung 4), then in real time (rung 5). The attempt that counts is the first undisturbed one in
that order, else the one in real time. Whatever is booted later confirms or refutes and never takes its place, so what a
boot is for is known from its clock and its number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bootrig.trace.attempt import parse_attempt
from bootrig.trace.names import CellKey
from bootrig.trace.reading.firmware_words import find_banner
from bootrig.trace.trace import Clock, ClockKind, Trace

TRIES = 3
REAL_TIME = Clock(ClockKind.REAL)
FASTEST_SHIFT = 7
# Below this shift a boot is no faster than in real time.
LAST_SHIFT = 5
SLOWER_BY = 2
# SeaBIOS guests that send their first packet later than this at shift 7 spend much of that time in loops, and a boot of
# theirs at shift 5 takes over three seconds. Of the ROMs of Debian 12 and of QEMU it comes after 6.6 to 7.3 s, of those
# of Debian 13 and later, which spin until they have gathered randomness, after 9.6 to 10.7 s. It is a time of the
# guest's clock up to where no server has a part in it: the same on every host, loaded or not, cloned or cold, recorded
# or booted.
SPIN_LIMIT_GUEST_S = 8.5
# How the observer tells that the host's clock ended a boot.
WALL_DEADLINE = "s of wall time passed"


class Reason(StrEnum):
    """Why a cell is booted again."""

    DISTURBED = "booting again what was disturbed"
    SECOND_CLOCK = "booting again at the second clock"
    SECOND_LOOK = "looking again at times that differ"
    REAL_TIME = "confirming in real time"
    REPEAT = "repeating boots, to see whether they end alike"


@dataclass(frozen=True, slots=True)
class WantedBoot:
    """A boot that would tell more: of a side, by its label, with this clock (any clock in real time is as good)."""

    side: str
    key: CellKey
    clock: Clock
    reason: Reason


def is_same_clock(first: Clock, second: Clock) -> bool:
    """Whether clocks run alike; under KVM as in real time."""
    return first == second or not (first.is_virtual or second.is_virtual)


@dataclass(frozen=True, slots=True)
class CellBoots:
    """All boots of one cell and side, at least one, in the order of their numbers."""

    traces: tuple[Trace, ...]

    @property
    def first_clock(self) -> Clock:
        """The clock that the cell is tried with first."""
        return self.traces[0].first_clock or self.traces[0].clock

    @property
    def counted(self) -> Trace:
        """The attempt that counts; the last one where nothing undisturbed is there yet."""
        return self.find(self.first_clock) or self._find_slower() or self.find(REAL_TIME) or self.traces[-1]

    @property
    def is_real(self) -> bool:
        """Whether the attempt that counts ran in real time."""
        return not self.counted.clock.is_virtual

    @property
    def slower_clock(self) -> Clock | None:
        """The clock of rung 4; None where a boot is no faster there than in real time, as those of gPXE."""
        shift = (self.first_clock.shift or 0) - SLOWER_BY
        is_slow = any(_is_gpxe(trace) or trace.ended_by.endswith(WALL_DEADLINE) for trace in self.traces)
        return None if shift < LAST_SHIFT or is_slow else Clock(ClockKind.VIRTUAL, shift)

    @property
    def counts_slower(self) -> bool:
        """Whether the attempt that counts is that of rung 4."""
        return self.counted.clock.is_virtual and self.counted.clock == self.slower_clock

    @property
    def next_rung(self) -> Clock | None:
        """The clock of the next attempt; None where one counts, or nothing is left to be tried."""
        if self.find(self.first_clock) is not None:
            return None
        if self.lacks(self.first_clock):
            return self.first_clock
        if self._find_slower() is not None or not self.lacks(REAL_TIME):
            return None
        slower = self.slower_clock
        return REAL_TIME if slower is None or self._select(slower) else slower

    def _find_slower(self) -> Trace | None:
        """Return the undisturbed boot of rung 4, once the first clock has been tried in vain."""
        slower = self.slower_clock
        return None if slower is None or self.lacks(self.first_clock) else self.find(slower)

    def find(self, clock: Clock, number: int = 1) -> Trace | None:
        """Return the boot with that clock which is evidence, or the next ones of them by `number`.

        In virtual time that is an undisturbed one which the host's clock did not end, for that says more of a slow host
        than of the guest; in real time every boot is evidence.
        """
        found = [trace for trace in self._select(clock) if is_evidence(trace)]
        return found[number - 1] if len(found) >= number else None

    def find_repeats(self, repeat: int) -> tuple[Trace, ...]:
        """Return the boots that count as the first `repeat` ones: those with the clock of the one that counts."""
        evidence = [trace for trace in self._select(self.counted.clock) if is_evidence(trace)]
        return tuple(evidence[:repeat])

    def is_unstable(self, repeat: int) -> bool:
        """Whether the first `repeat` boots do not all end alike."""
        return len({(one.outcome.status, one.outcome.milestone) for one in self.find_repeats(repeat)}) > 1

    def lacks(self, clock: Clock, number: int = 1) -> bool:
        """Whether `find` returns nothing and another boot may help: three disturbed ones in a row end that."""
        found = self._select(clock)
        evidence = [is_evidence(trace) for trace in found]
        in_vain = evidence[::-1].index(True) if True in evidence else len(evidence)
        return sum(evidence) < number and in_vain < TRIES

    def number_beside(self, clock: Clock) -> int:
        """Return the number, among those that are evidence, of the first boot with that clock that does not count."""
        return 1 + is_same_clock(self.counted.clock, clock)

    def _select(self, clock: Clock) -> list[Trace]:
        return [trace for trace in self.traces if is_same_clock(trace.clock, clock)]


def is_evidence(trace: Trace) -> bool:
    """Whether a boot says something of the guest: in virtual time those of a slow host do not."""
    return not (trace.clock.is_virtual and (trace.outcome.disturbed or trace.ended_by.endswith(WALL_DEADLINE)))


def _number(trace: Trace) -> int:
    return parse_attempt(trace.attempt).number if trace.attempt else 1


def group_boots(traces: Iterable[Trace]) -> dict[tuple[str, str, CellKey], CellBoots]:
    """Return the boots of each cell by label of the side, ROM set and cell, in the order in which they come."""
    groups: dict[tuple[str, str, CellKey], list[Trace]] = {}
    for trace in traces:
        groups.setdefault((trace.side, trace.rom_set, trace.key), []).append(trace)
    return {place: CellBoots(tuple(sorted(found, key=_number))) for place, found in groups.items()}


def settle_traces(traces: Iterable[Trace]) -> tuple[Trace, ...]:
    """Return the trace that counts for each side and cell, in the order in which they come."""
    return tuple(boots.counted for boots in group_boots(traces).values())


def find_rungs(traces: Iterable[Trace]) -> tuple[WantedBoot, ...]:
    """Return the attempts that the ladder asks for next."""
    return tuple(
        WantedBoot(side, key, clock, Reason.DISTURBED)
        for (side, _, key), boots in group_boots(traces).items()
        if (clock := boots.next_rung) is not None
    )


def find_repeats(traces: Iterable[Trace], repeat: int) -> tuple[WantedBoot, ...]:
    """Return the next boot of each cell that was not booted `repeat` times with the clock that counts there."""
    return tuple(
        WantedBoot(side, key, boots.counted.clock, Reason.REPEAT)
        for (side, _, key), boots in group_boots(traces).items()
        if boots.next_rung is None and boots.lacks(boots.counted.clock, repeat)
    )


def choose_second_clock(boots: Sequence[CellBoots]) -> Clock:
    """Return the second clock of a cell, which is the same on every side; one that was used already stays.

    In virtual time the clocks are 7 and 5, or 7 and 6 where a SeaBIOS guest spins for long before its first packet, so
    that a boot at 5 lasts over three seconds. gPXE stays at 5: that takes long, but it spins through all of its waits,
    of which 5 tells most. Scenarios that are slower than 5, and cells that count at a slower clock or in real time on
    some side, are booted again in real time.
    """
    if any(boot.counts_slower for boot in boots):
        return REAL_TIME
    shifts = {boot.first_clock.shift for boot in boots}
    shift = shifts.pop() if len(shifts) == 1 else None
    if shift is None or shift < LAST_SHIFT:
        return REAL_TIME
    used = sorted({clock.shift or 0 for boot in boots for clock in _iter_others(boot)})
    is_real = any(boot.is_real for boot in boots)
    if used and not (is_real and any(boot.find(Clock(ClockKind.VIRTUAL, used[0])) is None for boot in boots)):
        return Clock(ClockKind.VIRTUAL, used[0])
    if is_real:
        return REAL_TIME
    if shift < FASTEST_SHIFT:
        return Clock(ClockKind.VIRTUAL, FASTEST_SHIFT)
    spins = any(_spins(boot.counted) for boot in boots) and not any(_is_gpxe(boot.counted) for boot in boots)
    return Clock(ClockKind.VIRTUAL, LAST_SHIFT + spins)


def _iter_others(boots: CellBoots) -> Iterable[Clock]:
    """Yield the virtual clocks beside the first one."""
    return (trace.clock for trace in boots.traces if trace.clock.is_virtual and trace.clock != boots.first_clock)


def _spins(trace: Trace) -> bool:
    """Whether a boot at shift 5 would take too long under SeaBIOS, told by the first packet of one at shift 7."""
    is_seabios = any(line.text.startswith("SeaBIOS") for line in trace.console)
    first_s = next((event.guest_s for event in trace.wire if event.from_guest), 0.0)
    return is_seabios and first_s > SPIN_LIMIT_GUEST_S


def _is_gpxe(trace: Trace) -> bool:
    banner = find_banner(trace.console)
    return banner is not None and banner.product == "gPXE"
