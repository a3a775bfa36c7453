"""All seeded faults."""

from tests.verdict import guest_seeds, network_seeds, rom_seeds
from tests.verdict.seed import Seed

SEEDS: tuple[Seed, ...] = (*rom_seeds.SEEDS, *guest_seeds.SEEDS, *network_seeds.SEEDS)
