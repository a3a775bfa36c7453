"""How long guests wait, and how much they work, stage by stage.

In virtual time a stage takes as long as the guest waits, and 2**shift ns more for each instruction. Boots at two clocks
tell the one from the other, so that a wait shows to half a second, and code that runs shows as code. Where there is no
second clock, nothing is said of virtual time.
"""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Needs, rule
from bootrig.compare.second_clocks import find_noise_s
from bootrig.compare.tolerance import Tolerance
from bootrig.trace.reading.stages import Split, Stage, StageTime, measure_stages, split_by_work, split_stages
from bootrig.trace.trace import Trace

REGRESSION_S = 10.0
# A second look has to find the same within so many seconds. After the DHCP answer guests may wait by a timer that was
# set before it, so that the time that the answer took, a quarter of a second in undisturbed boots, comes out as theirs.
AGAIN_S = 0.25
AGAIN_ANSWERED_S = 0.5
AGAIN_SHARE = 0.05
REAL_SHARE = 0.5
NOTHING = 0.05
WORK_MINIMUM = 2e6

START_STAGES = frozenset({Stage.START, Stage.FIRST_PACKET})
ADDRESS_STAGES = frozenset({Stage.ADDRESS})
FILE_STAGES = frozenset({Stage.REQUEST, Stage.FILES})
BOOT_STAGES = frozenset({Stage.NBP, Stage.DISK, Stage.DISK_AFTER_FILE, Stage.DISK_UNANSWERED})
# in the others the work that is done while a timer runs vanishes in the wait
WORK_STAGES = START_STAGES | {Stage.NBP}


@dataclass(frozen=True, slots=True)
class RealTolerance:
    """What counts as the same time in real time: whatever is within either bound, seconds or share of the shorter."""

    absolute_s: float
    share: float

    def exceeded(self, first_s: float, second_s: float) -> bool:
        """Whether times differ, by which side ever."""
        return abs(first_s - second_s) > max(self.absolute_s, self.share * min(first_s, second_s))


# In real time a loaded host makes code slow, but timers stay true.
REAL_TOLERANCES: Mapping[Stage, RealTolerance] = {
    Stage.START: RealTolerance(8.0, 1.5),
    Stage.FIRST_PACKET: RealTolerance(8.0, 1.5),
    Stage.ADDRESS: RealTolerance(4.0, 0.5),
    Stage.REQUEST: RealTolerance(4.0, 0.5),
    Stage.FILES: RealTolerance(5.0, 1.5),
    Stage.NBP: RealTolerance(5.0, 1.0),
    Stage.DISK: RealTolerance(5.0, 1.0),
    Stage.DISK_AFTER_FILE: RealTolerance(5.0, 1.0),
    Stage.DISK_UNANSWERED: RealTolerance(5.0, 1.0),
}


def comes_back(first: Finding, again: Finding) -> bool:
    """Whether a second look at a cell, other boots of both sides, found the same: only then is it a difference.

    A wait comes back within a quarter of a second, or half a second after an answer, or within 5 %; work within 5 %.
    What both looks find to be ten seconds longer has come back, however much it varies.
    """
    if (first.subject, first.unit) != (again.subject, again.unit):
        return False
    if first.delta is None or again.delta is None:
        return (first.baseline, first.candidate) == (again.baseline, again.candidate)
    bound = AGAIN_SHARE * abs(first.delta)
    if first.unit == "s":
        if min(first.delta, again.delta) >= REGRESSION_S:
            return True
        bound = max(bound, AGAIN_ANSWERED_S if first.subject == Stage.REQUEST else AGAIN_S)
    return abs(first.delta - again.delta) <= bound


def lasts_in_real_time(first: Finding, pair: CellPair) -> bool | None:
    """Whether boots in real time show a wait that two clocks told, or half of it; None where they lack the stage.

    Half, because a loaded host makes the code of either side slow; the wait itself is true.
    """
    times = [{stage.value: time.guest_s for stage, time in measure_stages(trace).items()} for trace in pair.sides]
    if first.delta is None or any(first.subject not in stages for stages in times):
        return None
    return (times[1][first.subject] - times[0][first.subject]) / first.delta >= REAL_SHARE


def _compare(pair: CellPair, stages: Set[Stage]) -> Iterator[Finding]:
    """Yield what differs in some stages: waits and work where two clocks tell them apart, else times in real time."""
    if pair.is_real:
        yield from _compare_real(pair, stages)
    elif pair.is_virtual and not pair.is_disturbed:
        times = [measure_stages(trace) for trace in pair.sides]
        for stage, (first, second) in _split(pair).items():
            if stage in stages:
                old, new = (measured[stage] for measured in times)
                tolerance = replace(pair.tolerance, wait_s=pair.tolerance.wait_s + find_noise_s(old, new))
                if first is not None and second is not None:
                    yield from _compare_stage(stage, first, second, tolerance)
                elif abs(new.guest_s - old.guest_s) > tolerance.wait_s:
                    yield _tell_unsplit(stage, first, second)


def _split(pair: CellPair) -> dict[Stage, tuple[Split | None, Split | None]]:
    """Return waits and work of either side, by the second clock; by another cell's where that tells of a stage."""
    if pair.second is not None:
        first, second = (split_stages(*clocks) for clocks in zip(pair.sides, pair.second, strict=True))
        return {stage: (first[stage], second[stage]) for stage in Stage if stage in first and stage in second}
    shift, times = pair.baseline.clock.shift or 0, [measure_stages(trace) for trace in pair.sides]
    told: dict[Stage, tuple[Split | None, Split | None]] = {}
    for stage, works in pair.lent.items():
        told[stage] = _split_side(times[0][stage], works[0], shift), _split_side(times[1][stage], works[1], shift)
    return told


def _split_side(time: StageTime, work: float | None, shift: int) -> Split | None:
    return None if work is None else split_by_work(time.guest_s, work, shift)


def _compare_stage(stage: Stage, first: Split, second: Split, tolerance: Tolerance) -> Iterator[Finding]:
    """Yield by how much waits and work differ."""
    if abs(second.wait_s - first.wait_s) > tolerance.wait_s:
        words = "the guest waits {more} " + ("longer" if second.wait_s > first.wait_s else "less")
        yield _judge(stage, first.wait_s, second.wait_s, f"{stage} {words}: {{candidate}}, it was {{baseline}}")
    old, new = first.work_instructions, second.work_instructions
    if stage in WORK_STAGES and abs(new - old) > max(WORK_MINIMUM, tolerance.work_share * min(old, new)):
        words = "the guest runs {candidate}, it was {baseline}"
        subject, values = f"work {stage}", (_round(old / 1e6), _round(new / 1e6))
        yield Finding(Severity.INFO, subject, *values, f"{stage} {words}", unit="million instructions")


def _tell_unsplit(stage: Stage, first: Split | None, second: Split | None) -> Finding:
    """Return that a stage takes another time, and that nobody can tell whether by waiting or by work."""
    sides = " and ".join(name for name, one in (("baseline", first), ("candidate", second)) if one is None)
    statement = f"{stage} waits cannot be told from work: at two clocks the {sides} sends other packets"
    return Finding(Severity.INFO, f"packets {stage}", None, None, statement)


def _compare_real(pair: CellPair, stages: Set[Stage]) -> Iterator[Finding]:
    first, second = (measure_stages(trace) for trace in pair.sides)
    for stage, tolerance in REAL_TOLERANCES.items():
        if stage in stages and stage in first and stage in second:
            old_s, new_s = first[stage].guest_s, second[stage].guest_s
            if tolerance.exceeded(old_s, new_s):
                words = "in real time it takes {candidate}, it was {baseline}"
                yield _judge(stage, old_s, new_s, f"{stage} {words}")


def _judge(stage: Stage, baseline_s: float, candidate_s: float, statement: str) -> Finding:
    """Return ten seconds longer as a regression, longer at all as a change, shorter as an improvement."""
    if candidate_s - baseline_s >= REGRESSION_S:
        severity, why = Severity.REGRESSION, "users wait, and a supervisor with a time limit for the start may give up"
    elif candidate_s > baseline_s:
        severity, why = Severity.CHANGE, "boots take longer"
    else:
        severity, why = Severity.IMPROVEMENT, ""
    return Finding(severity, stage.value, _round(baseline_s), _round(candidate_s), statement, why, "s")


def _round(number: float) -> float:
    """Return a number for people: clocks are not so exact that a wait of nothing might not come out below it."""
    return round(number, 2) if abs(number) >= NOTHING else 0.0


def _reaches(stages: Set[Stage]) -> Callable[[Trace], bool]:
    return lambda trace: not stages.isdisjoint(measure_stages(trace))


@rule(
    "start-time",
    topics={"start-time"},
    needs=Needs.LOOK,
    same_emulator=True,
    depends_on_scenario=False,
    follows_from=("network-client",),
    witnesses=_reaches(START_STAGES),
)
def check_start_time(pair: CellPair) -> Iterator[Finding]:
    """Does the guest wait as long before its first DISCOVER (or first packet), and run as many instructions?

    Waits that are ten seconds longer are a regression, longer ones a change, shorter ones an improvement; within half a
    second they count as the same. Work is an info; it differs by more than 25 % and two million instructions.
    """
    return _compare(pair, START_STAGES)


@rule(
    "dhcp-time",
    topics={"dhcp-timing"},
    needs=Needs.LOOK,
    same_emulator=True,
    follows_from=("network-client", "outcome", "dhcp-retries"),
    witnesses=_reaches(ADDRESS_STAGES),
)
def check_dhcp_time(pair: CellPair) -> Iterator[Finding]:
    """Does the guest wait as long between its first DISCOVER and its REQUEST? Waits are judged as in `start-time`."""
    return _compare(pair, ADDRESS_STAGES)


@rule(
    "file-time",
    topics={"tftp", "http"},
    needs=Needs.LOOK,
    same_emulator=True,
    follows_from=("network-client", "outcome"),
    witnesses=_reaches(FILE_STAGES),
)
def check_file_time(pair: CellPair) -> Iterator[Finding]:
    """Does the guest wait as long before its first request for a file, and while files are loaded?

    The time that servers take is not in it. Waits are judged as in `start-time`.
    """
    return _compare(pair, FILE_STAGES)


@rule(
    "boot-time",
    topics={"start-time", "boot-order"},
    needs=Needs.LOOK,
    same_emulator=True,
    follows_from=("network-client", "outcome"),
    witnesses=_reaches(BOOT_STAGES),
)
def check_boot_time(pair: CellPair) -> Iterator[Finding]:
    """Does the guest wait as long between its last file and what is booted, program or disk? Judged as `start-time`."""
    return _compare(pair, BOOT_STAGES)
