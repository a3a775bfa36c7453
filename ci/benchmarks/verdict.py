"""How good verdicts are: seeded faults that they find, and what they find where there is nothing.

The faults are those of tests/verdict. A set is compared with itself in cells of the suite `bench-142`, while so many
busy loops run beside. What a verdict misses, and each false alarm, has a line of its own.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bootrig.api import Filters
from bootrig.compare import Verdict
from bootrig.emulator.errors import EmulatorMissingError
from ci.benchmarks import Figure
from tests.verdict.load import busy_loops
from tests.verdict.seeds import SEEDS
from tests.verdict.world import compare_with_itself, load_first_attempts

ROM_SET = "ipxe-debian-12"
CELLS = 36


def iter_figures(cells: int | None, loops: int) -> Iterator[Figure]:
    """Yield how many seeded faults were found, and what was found in `cells` pairs without a fault under load."""
    with tempfile.TemporaryDirectory() as name:
        yield from _iter_seeds(Path(name))
        yield from _iter_unchanged(Path(name), cells or CELLS, loops)


def _iter_seeds(directory: Path) -> Iterator[Figure]:
    found, wrong, tried = 0, 0, 0
    for number, seed in enumerate(SEEDS):
        place, begun_s = directory / str(number), time.monotonic()
        place.mkdir()
        try:
            verdict = seed.compare(place)
        except EmulatorMissingError as error:
            yield Figure(f"{seed.name}: not tried: {error}", 0, "")
            continue
        misses, alarms = seed.find_misses(verdict), seed.find_false_alarms(verdict)
        tried, found, wrong = tried + 1, found + (not misses), wrong + len(alarms)
        yield Figure(seed.name, time.monotonic() - begun_s, "s")
        yield from (Figure(f"  {text}", 1, "", limit=0) for text in (*misses, *alarms))
    yield Figure(f"seeded faults found, of {tried}", found, "")
    yield Figure("seeded faults missed", tried - found, "", limit=0)
    yield Figure("false alarms beside them", wrong, "", limit=0)
    yield _count_disturbed(directory.glob("*/runs"))


def _iter_unchanged(directory: Path, cells: int, loops: int) -> Iterator[Figure]:
    runs, begun_s = directory / "unchanged", time.monotonic()
    with busy_loops(loops):
        verdict = compare_with_itself(ROM_SET, Filters(suites=("bench-142",)), runs, cells)
    alarms = tuple(_iter_alarms(verdict))
    yield Figure(f"{ROM_SET} with itself, busy loops: {loops}", time.monotonic() - begun_s, "s")
    yield from (Figure(f"  {text}", 1, "", limit=0) for text in alarms)
    yield Figure(f"false alarms in {len(verdict.cells)} pairs", len(alarms), "", limit=0)
    yield _count_disturbed([runs])


def _iter_alarms(verdict: Verdict) -> Iterator[str]:
    """Yield what a verdict finds of a set that is compared with itself."""
    yield from (f"{entry.weight}: {entry.id}" for entry in verdict.differences)
    yield from (f"refuted: {entry.id}" for entry in verdict.refuted)
    yield from (f"broken: {key}: {message}" for key, message in verdict.broken.items())
    yield from (f"{cell.key} failed" for cell in verdict.cells if not cell.passed_on_both_sides)


def _count_disturbed(runs: Iterator[Path] | list[Path]) -> Figure:
    first = [trace for directory in runs for trace in load_first_attempts(directory)]
    disturbed = sum(bool(trace.outcome.disturbed) for trace in first)
    return Figure(f"disturbed first attempts, of {len(first)}", 100 * disturbed / max(1, len(first)), "%")
