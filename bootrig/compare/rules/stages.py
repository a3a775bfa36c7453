"""How long boots take on the guest's clock."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Needs, rule
from bootrig.trace.reading.stages import Stage, StageTime, measure_stages

REGRESSION_S = 10.0
SECOND_CLOCK_S = 0.25
AGAIN_S = 0.25
AGAIN_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What counts as the same time: whatever is within either bound.

    Attributes:
        absolute_s: seconds.
        share: of the baseline's or the candidate's time, whichever is shorter.
        round_trip_s: seconds more for each answer of a server within the stage.
    """

    absolute_s: float
    share: float
    round_trip_s: float = 0.0

    def exceeded(self, baseline: StageTime, candidate: StageTime) -> bool:
        """Whether the times differ, by the whole stage and also by the guest's own share of it."""
        spared_s = self.absolute_s + self.round_trip_s * max(baseline.round_trips, candidate.round_trips)
        return all(
            abs(new - old) > max(spared_s, self.share * min(old, new))
            for old, new in (
                (baseline.total_guest_s, candidate.total_guest_s),
                (baseline.guest_made_guest_s, candidate.guest_made_guest_s),
            )
        )


# In virtual time a server's millisecond is 10 to 100 of the guest's, and a million instructions are a second, so times
# up to the first packet say how much code ran. In real time a loaded host makes code slow but timers stay true.
VIRTUAL_TOLERANCES: Mapping[Stage, Tolerance] = {
    Stage.FIRST_PACKET: Tolerance(10.0, 0.25),
    Stage.ADDRESS: Tolerance(5.0, 0.25),
    Stage.REQUEST: Tolerance(5.0, 0.25),
    Stage.TRANSFER: Tolerance(5.0, 1.0, 0.1),
    Stage.NBP: Tolerance(8.0, 0.5, 0.1),
    Stage.DISK: Tolerance(8.0, 0.25, 0.1),
    Stage.DISK_AFTER_FILE: Tolerance(8.0, 0.25, 0.1),
}
REAL_TOLERANCES: Mapping[Stage, Tolerance] = {
    Stage.FIRST_PACKET: Tolerance(10.0, 1.5),
    Stage.ADDRESS: Tolerance(4.0, 0.5),
    Stage.REQUEST: Tolerance(4.0, 0.5),
    Stage.TRANSFER: Tolerance(5.0, 1.5, 0.01),
    Stage.NBP: Tolerance(5.0, 1.0, 0.01),
    Stage.DISK: Tolerance(5.0, 1.0),
    Stage.DISK_AFTER_FILE: Tolerance(5.0, 1.0),
}


def needs_second_clock(pair: CellPair) -> bool:
    """Whether some stage takes so much longer on one side that a second virtual clock has to tell waits from work."""
    if pair.second is not None or not pair.is_virtual or pair.is_disturbed:
        return False
    if pair.baseline.clock != pair.candidate.clock:
        return False
    first, second = (measure_stages(trace) for trace in pair.sides)
    return any(
        abs(first[stage].guest_made_guest_s - second[stage].guest_made_guest_s) > SECOND_CLOCK_S
        for stage in first.keys() & second.keys()
    )


def comes_back(first: Finding, again: Finding) -> bool:
    """Whether a second look at a cell, other boots of both sides, found the same: only then is it a difference.

    A wait comes back within a quarter of a second, work within 5 %.
    """
    if (first.subject, first.unit) != (again.subject, again.unit):
        return False
    if first.delta is None or again.delta is None:
        return (first.baseline, first.candidate) == (again.baseline, again.candidate)
    bound = AGAIN_S if first.unit == "s" else AGAIN_SHARE * abs(first.delta)
    return abs(first.delta - again.delta) <= bound


def _findings(pair: CellPair, stages: frozenset[Stage]) -> Iterator[Finding]:
    if pair.is_mixed or (pair.is_disturbed and Stage.FIRST_PACKET not in stages):
        return
    first, second = (measure_stages(trace) for trace in pair.sides)
    tolerances = VIRTUAL_TOLERANCES if pair.is_virtual else REAL_TOLERANCES
    for stage, tolerance in tolerances.items():
        if stage in stages and stage in first and stage in second and tolerance.exceeded(first[stage], second[stage]):
            yield _judge(stage, first[stage].total_guest_s, second[stage].total_guest_s)


def _judge(stage: Stage, baseline_s: float, candidate_s: float) -> Finding:
    """Return slower by ten seconds as a regression, slower at all as a change, faster as an improvement."""
    if candidate_s - baseline_s >= REGRESSION_S:
        severity, why = Severity.REGRESSION, "users wait, and a supervisor with a time limit for the start may give up"
    elif candidate_s > baseline_s:
        severity, why = Severity.CHANGE, "boots take longer"
    else:
        severity, why = Severity.IMPROVEMENT, ""
    statement = f"{stage} it takes {{candidate}}, it was {{baseline}}"
    return Finding(severity, stage.value, round(baseline_s, 2), round(candidate_s, 2), statement, why, "s")


@rule(
    "start-time",
    topics={"start-time"},
    needs=Needs.LOOK,
    depends_on_scenario=False,
    follows_from=("network-client",),
)
def check_start_time(pair: CellPair) -> Iterator[Finding]:
    """How long does it take to the first packet?

    Slower by ten seconds is a regression, slower by more than noise a change, faster an improvement.
    """
    return _findings(pair, frozenset({Stage.FIRST_PACKET}))


@rule("stage-times", topics={"start-time"}, needs=Needs.LOOK, follows_from=("network-client", "outcome"))
def check_stage_times(pair: CellPair) -> Iterator[Finding]:
    """How long does each stage take after the first packet?

    A stage differs where its whole time and the share that the guest alone made both differ by more than noise. Slower
    by ten seconds is a regression, slower at all a change, faster an improvement.
    """
    return _findings(pair, frozenset(Stage) - {Stage.FIRST_PACKET})
