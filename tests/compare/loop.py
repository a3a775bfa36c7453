"""Comparing and booting what is wanted, until nothing is: what `bootrig.api` does, with made traces."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from msgspec import structs

from bootrig.compare import Verdict, compare_traces
from bootrig.trace.attempt import Attempt
from bootrig.trace.reading.attempts import WantedBoot
from bootrig.trace.trace import Trace
from tests.compare.factory import Boot, trace

LIMIT = 20


def compare_and_boot(
    boots: Sequence[Boot], answer: Callable[[WantedBoot], Boot], **options: Any
) -> tuple[Verdict, list[tuple[WantedBoot, ...]]]:
    """Return the verdict, and what was wanted each time.

    Args:
        boots: what there is at first.
        answer: how a wanted boot goes, apart from its side, its clock and its number.
        options: of `compare_traces`.
    """
    traces = [trace(boot) for boot in boots]
    batches = []
    for _ in range(LIMIT):
        first, second = (tuple(one for one in traces if one.side == side) for side in ("baseline", "candidate"))
        verdict = compare_traces(first, second, **options)
        if not verdict.wanted:
            return verdict, batches
        batches.append(verdict.wanted)
        traces += [_boot(traces, boot, answer(boot)) for boot in verdict.wanted]
    raise AssertionError(f"still wanted: {batches[-1]}")


def compare_again(baseline: Sequence[Trace], candidate: Sequence[Trace], *words: Any, **options: Any) -> Verdict:
    """Return the verdict where each boot that is wanted goes as the first one of its cell and side."""
    sides = {"baseline": baseline, "candidate": candidate}
    traces = [structs.replace(trace, side=side) for side, some in sides.items() for trace in some]
    for _ in range(LIMIT):
        first, second = ([trace for trace in traces if trace.side == side] for side in sides)
        verdict = compare_traces(first, second, *words, **options)
        if not verdict.wanted:
            return verdict
        for boot in verdict.wanted:
            like = next(trace for trace in traces if (trace.side, trace.key) == (boot.side, boot.key))
            attempt = _number(traces, boot)
            traces.append(structs.replace(like, clock=boot.clock, attempt=attempt))
    raise AssertionError(f"still wanted: {verdict.wanted}")


def _boot(traces: Sequence[Trace], wanted: WantedBoot, boot: Boot) -> Trace:
    return trace(replace(boot, side=wanted.side, clock=wanted.clock, attempt=_number(traces, wanted)))


def _number(traces: Sequence[Trace], wanted: WantedBoot) -> str:
    """Return the name of a boot's attempt."""
    place = (wanted.side, wanted.key, wanted.clock)
    return str(Attempt(wanted.clock, 1 + sum((one.side, one.key, one.clock) == place for one in traces)))
