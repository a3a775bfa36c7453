"""Comparing two sides that may differ in more than their ROMs: in the guest, in the scenario, in the servers."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from bootrig.api import Filters, Launch, Matrix, compare
from bootrig.compare import Verdict, compare_traces
from bootrig.schedule.campaign import Campaign, Listener
from bootrig.schedule.equipment import make_equipment
from bootrig.schedule.plan import plan_cells
from bootrig.schedule.pool import start_pool
from bootrig.schedule.sides import embed_side, obtain_sides
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
        campaigns = [
            stack.enter_context(_start_campaign(world, label, filters, directory))
            for world, label in zip((baseline, candidate), SIDES, strict=True)
        ]
        for campaign in campaigns:
            campaign.run()
        while _boot(campaigns, verdict := _judge(campaigns)):
            pass
    return verdict


@contextmanager
def _start_campaign(world: World, label: str, filters: Filters, directory: Path) -> Iterator[Campaign]:
    """Make everything ready for the cells of one side."""
    with patch.dict(os.environ, world.environment):
        planned = plan_cells(filters)
        equipment = make_equipment(planned, is_virtual=None, accelerator="tcg", launch=world.launch)
        (rom_set,) = obtain_sides([world.rom_set])
        side = embed_side(rom_set, world.rom_set, directory, label, is_compared=True)
        with start_pool(JOBS, directory) as pool:
            campaign = Campaign(pool.run, equipment, directory, [side], planned, Listener())
            yield campaign


def _judge(campaigns: Sequence[Campaign]) -> Verdict:
    errors = {key: str(error) for campaign in campaigns for (_, key), error in campaign.errors.items()}
    first, second = (campaign.traces() for campaign in campaigns)
    return compare_traces(first, second, broken=errors)


def _boot(campaigns: Sequence[Campaign], verdict: Verdict) -> int:
    """Boot what the verdict wants; return how many were booted."""
    return sum(
        campaign.boot(boot for boot in verdict.wanted if boot.side == label)
        for campaign, label in zip(campaigns, SIDES, strict=True)
    )
