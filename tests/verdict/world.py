"""Comparing two sides that may differ in more than their ROMs: in the guest, in the scenario, in the servers."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from bootrig.api import Filters, Launch, Matrix, compare
from bootrig.compare import Verdict, compare_traces
from bootrig.emulator.definition.launch import settle_pace
from bootrig.jsonfile import load_json
from bootrig.schedule.campaign import Campaign, Listener
from bootrig.schedule.equipment import make_equipment
from bootrig.schedule.executors.pool import start_pool
from bootrig.schedule.plan import PlannedCell, plan_cells
from bootrig.schedule.results import KeptResults
from bootrig.schedule.sides import embed_side, obtain_sides
from bootrig.trace.trace import TRACE_FILE, Trace
from bootrig.workdir import make_run_directory

SIDES = ("baseline", "candidate")
JOBS = 2


@dataclass(frozen=True, slots=True)
class World:
    """What one side is booted in.

    Attributes:
        rom_set: as users name it.
        environment: what bootrig has in its environment, beside what this process has.
        launch: how guests are started, for both sides alike.
    """

    rom_set: str
    environment: Mapping[str, str] = field(default_factory=dict)
    launch: Launch = field(default_factory=Launch)


def compare_worlds(baseline: World, candidate: World, filters: Filters, runs: Path) -> Verdict:
    """Compare two sides: as users do where only the ROMs differ, else the same way, each side in its own world."""
    if baseline.environment == candidate.environment:
        matrix = Matrix(filters=filters, launch=baseline.launch, runs=runs, parallelism=JOBS, accelerator="tcg")
        with patch.dict(os.environ, baseline.environment):
            return compare(baseline.rom_set, candidate.rom_set, matrix).verdict
    directory = make_run_directory(runs, "compare")
    with ExitStack() as stack:
        campaigns = []
        for world, label in zip((baseline, candidate), SIDES, strict=True):
            stack.enter_context(patch.dict(os.environ, world.environment))
            planned = plan_cells(filters)
            campaigns.append(stack.enter_context(_start_campaign({label: world}, planned, directory)))
        return _compare(campaigns)


def compare_with_itself(rom_set: str, filters: Filters, runs: Path, count: int | None = None) -> Verdict:
    """Compare a ROM set with itself, in `count` cells that are spread over those that the filters leave."""
    planned = plan_cells(filters)
    step = max(1.0, len(planned) / (count or len(planned)))
    chosen = [planned[int(number * step)] for number in range(int(len(planned) / step))]
    directory = make_run_directory(runs, "compare")
    with _start_campaign(dict.fromkeys(SIDES, World(rom_set)), chosen, directory) as campaign:
        return _compare([campaign])


@contextmanager
def _start_campaign(worlds: Mapping[str, World], planned: Sequence[PlannedCell], directory: Path) -> Iterator[Campaign]:
    """Make everything ready for the cells of sides, by their labels, that share an environment: this process's."""
    launch = next(iter(worlds.values())).launch
    equipment = make_equipment(planned, pace=settle_pace(None, "tcg"), launch=launch)
    rom_sets = obtain_sides([world.rom_set for world in worlds.values()])
    sides = [
        embed_side(rom_set, world.rom_set, directory, label, is_compared=True)
        for rom_set, (label, world) in zip(rom_sets, worlds.items(), strict=True)
    ]
    with start_pool(JOBS, directory) as pool:
        yield Campaign(pool.run, equipment, directory, sides, planned, Listener(), KeptResults(is_fresh=True))


def _compare(campaigns: Sequence[Campaign]) -> Verdict:
    """Boot, compare, boot again what would tell more, compare again."""
    for campaign in campaigns:
        campaign.run()
    while True:
        errors = {key: str(error) for campaign in campaigns for (_, key), error in campaign.errors.items()}
        traces = [trace for campaign in campaigns for trace in campaign.traces()]
        first, second = ([trace for trace in traces if trace.side == label] for label in SIDES)
        verdict = compare_traces(first, second, broken=errors)
        wanted = [[boot for boot in verdict.wanted if boot.side in _labels(campaign)] for campaign in campaigns]
        if not sum([campaign.boot(boots) for campaign, boots in zip(campaigns, wanted, strict=True)]):
            return verdict


def _labels(campaign: Campaign) -> set[str]:
    return {side.label for side, _ in campaign.iter_cells()}


def load_first_attempts(runs: Path) -> tuple[Trace, ...]:
    """Return the traces of the first attempts of all cells of runs."""
    traces = (load_json(path, Trace) for path in sorted(runs.glob(f"*/cells/*/*/*/{TRACE_FILE}")))
    return tuple(trace for trace in traces if trace.first_clock and trace.attempt == trace.first_clock.attempt)
