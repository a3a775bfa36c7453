"""A whole comparison: with an empty cache, the same again, and with another candidate.

The matrix is that of the suite `bench-142`, confirmations and second clocks included. The changed candidate behaves as
the first does.
"""

from collections.abc import Iterator

from ci.benchmarks import Figure
from ci.benchmarks._rig import choose, start_rig, take_share
from firmware.nic import NIC_MODELS

BASELINE, CANDIDATE = "ipxe-debian-12", "ipxe-debian-13"
CELLS = 142
FIRST_LIMIT_S, AGAIN_LIMIT_S = 180.0, 5.0


def iter_figures(cells: int | None) -> Iterator[Figure]:
    """Yield the wall times of the three comparisons, in about so many cells of a side, and their ratios."""
    nics = choose("--nic", take_share(tuple(NIC_MODELS), cells, CELLS))
    words = ["--suite", "bench-142", *nics]
    with start_rig() as rig:
        first = rig.call("compare", BASELINE, CANDIDATE, *words)
        yield from first.iter_figures(
            f"compare {BASELINE} {CANDIDATE}, empty cache", limit_s=FIRST_LIMIT_S if cells is None else None
        )
        again = rig.call("compare", BASELINE, CANDIDATE, *words)
        yield from again.iter_figures("the same again", reference_s=first.wall_s, limit_s=AGAIN_LIMIT_S)
        changed = rig.call("compare", BASELINE, rig.copy_rom_set(CANDIDATE, "changed", is_changed=True), *words)
        yield from changed.iter_figures(
            "the same, candidate changed", reference_s=first.wall_s, limit_s=first.wall_s / 2
        )
