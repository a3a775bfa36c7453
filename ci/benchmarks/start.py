"""How long a command takes to start, set-up check included."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from ci.benchmarks import Figure

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 10


def wall_s(*argv: str | Path, repeats: int = REPEATS) -> float:
    """Return the median wall time of a command over some runs."""
    times = []
    for _ in range(repeats):
        begun_s = time.monotonic()
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        times.append(time.monotonic() - begun_s)
    return sorted(times)[repeats // 2]


def iter_figures() -> Iterator[Figure]:
    """Yield the start times of `ci/bootrig` and of bare Python."""
    python_s = wall_s(ROOT / ".venv/bin/python", "-c", "pass")
    yield Figure("python -c pass", python_s, "s")
    yield Figure("ci/bootrig --help, second call", wall_s(ROOT / "ci/bootrig", "--help"), "s", python_s, limit=1.0)
