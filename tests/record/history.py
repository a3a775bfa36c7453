"""Runs of a directory as comparisons and runs without a baseline leave them, one after the other."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from bootrig.compare import Verdict
from bootrig.record.judgement import judge
from bootrig.record.news import tell_news
from bootrig.record.run import VERDICT_FILE, RecordedRun, RunSide, write_run
from bootrig.report.json import encode_verdict
from tests.compare.factory import Boot
from tests.record.test_run import make_run


def end_run(made: RecordedRun, verb: str, given: Mapping[str, str], day: int) -> RecordedRun:
    """Let a run end that began on a day of January 2026."""
    run = structs.replace(
        made.run,
        verb=verb,
        started=f"2026-01-{day:02}T00:00:00Z",
        ended=f"2026-01-{day:02}T00:01:00Z",
        exit_status=0,
        sides=tuple(RunSide(label=side.label, given=given[side.label]) for side in made.run.sides),
    )
    write_run(run, made.directory)
    return RecordedRun(run, made.directory)


def make_comparison(
    runs: Path, day: int, baseline: tuple[Boot, ...], candidate: tuple[Boot, ...], own: str = "./own"
) -> Verdict:
    """Write a comparison of `old` with `own`, judged as it is in its end."""
    made = make_run(runs / f"202601{day:02}T000000-compare", ("baseline", baseline), ("candidate", candidate))
    recorded = end_run(made, "compare", {"baseline": "old", "candidate": own}, day)
    verdict = tell_news(judge(recorded, recorded), recorded.run, runs)
    (recorded.directory / VERDICT_FILE).write_bytes(encode_verdict(verdict))
    return verdict


def make_outcomes(runs: Path, day: int, boots: tuple[Boot, ...]) -> None:
    """Write a run of `own` without a baseline."""
    own = tuple(replace(boot, side="own") for boot in boots)
    end_run(make_run(runs / f"202601{day:02}T000000-run", ("own", own)), "run", {"own": "./own"}, day)
