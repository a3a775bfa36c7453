"""A ROM set that is compared with itself, while the machine has other work: no difference of any severity."""

from pathlib import Path

import pytest

from bootrig.api import Filters
from bootrig.compare.verdict import Answer
from tests.verdict.load import busy_loops
from tests.verdict.world import compare_with_itself, load_first_attempts

CELLS = 8


@pytest.mark.rig
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rom_set", ["ipxe-debian-12", "ipxe-debian-13"])
def test_a_set_is_identical_with_itself_under_load(rom_set: str, tmp_path: Path) -> None:
    with busy_loops(2):
        verdict = compare_with_itself(rom_set, Filters(suites=("bench-142",)), tmp_path, CELLS)
    assert (verdict.answer, verdict.identical, verdict.refuted, dict(verdict.broken)) == (
        Answer.COMPATIBLE,
        True,
        (),
        {},
    )
    assert (len(verdict.cells), verdict.counts.passed_on_both_sides) == (CELLS, CELLS)
    assert len(load_first_attempts(tmp_path)) == 2 * CELLS
