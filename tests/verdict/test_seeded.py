"""Each seeded fault is found by its rule, in its cell, and nothing else is found anywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bootrig.workdir import cache_directory
from tests.emulator.conftest import require_emulator
from tests.verdict.seed import Seed
from tests.verdict.seeds import SEEDS

pytestmark = [pytest.mark.rig, pytest.mark.timeout(1800)]
# asked before a test gets directories of its own
USER_CACHE = cache_directory()


def iter_cases() -> Iterator[object]:
    for seed in SEEDS:
        marks = [] if seed.is_cheap else [pytest.mark.slow]
        if seed.place.emulator != "host":
            marks.append(pytest.mark.network)
        yield pytest.param(seed, id=seed.name, marks=marks)


@pytest.mark.parametrize("seed", list(iter_cases()))
def test_a_seeded_fault(seed: Seed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if seed.place.emulator != "host":
        monkeypatch.setenv("BOOTRIG_CACHE", str(USER_CACHE))
        require_emulator(seed.place.emulator)
    verdict = seed.compare(tmp_path)
    assert (seed.find_misses(verdict), seed.find_false_alarms(verdict)) == ((), ())
