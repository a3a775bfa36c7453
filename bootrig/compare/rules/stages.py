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
from bootrig.compare.tolerance import Tolerance
from bootrig.trace.reading.stages import ALIKE_S, START_STAGES, Split, Stage, StageTime, measure_stages, split_stages
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
# Packets are stamped where they leave QEMU: those of virtio-net-pci up to 10 ms after the guest has sent them, on a
# loaded host. Over many blocks of a file that adds up.
BLOCK_S = 0.02

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


def needs_second_clock(pair: CellPair, *, knows_start: bool = False) -> bool:
    """Whether some stage takes so much longer on one side that a second virtual clock has to tell waits from work.

    The start of a guest does not depend on the scenario: where another one tells of it (`knows_start` where it is about
    to), it does not count.
    """
    if pair.second is not None or not pair.is_virtual or pair.is_disturbed:
        return False
    if pair.baseline.clock != pair.candidate.clock:
        return False
    known = START_STAGES if knows_start or pair.start is not None else frozenset()
    first, second = (measure_stages(trace) for trace in pair.sides)
    return any(
        abs(first[stage].guest_s - second[stage].guest_s) > ALIKE_S + _find_noise_s(first[stage], second[stage])
        for stage in first.keys() & second.keys() - known
    )


def _find_noise_s(*times: StageTime) -> float:
    """Return what the blocks of files add to the noise of a stage."""
    return BLOCK_S * max(time.blocks for time in times)


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
    others, known = (pair.start, START_STAGES) if pair.second is None else (pair.second, frozenset(Stage))
    if pair.is_real:
        yield from _compare_real(pair, stages)
    elif others is not None and pair.is_virtual and not pair.is_disturbed:
        times = [measure_stages(trace) for trace in pair.sides]
        first, second = (split_stages(*clocks) for clocks in zip(pair.sides, others, strict=True))
        for stage in Stage:
            if stage in stages & known and stage in first and stage in second:
                old, new = (measured[stage] for measured in times)
                tolerance = replace(pair.tolerance, wait_s=pair.tolerance.wait_s + _find_noise_s(old, new))
                one, other = first[stage], second[stage]
                if one is not None and other is not None:
                    yield from _compare_stage(stage, one, other, tolerance)
                elif abs(new.guest_s - old.guest_s) > tolerance.wait_s:
                    yield _tell_unsplit(stage, one, other)


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
    follows_from=("network-client", "outcome"),
    witnesses=_reaches(BOOT_STAGES),
)
def check_boot_time(pair: CellPair) -> Iterator[Finding]:
    """Does the guest wait as long between its last file and what is booted, program or disk? Judged as `start-time`."""
    return _compare(pair, BOOT_STAGES)
