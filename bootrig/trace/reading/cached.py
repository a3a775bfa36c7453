"""Which boots came from the cache or are recorded, and from when."""

from collections.abc import Sequence

from bootrig.trace.trace import Trace


def tell_cached(traces: Sequence[Trace]) -> str:
    """Return how many boots came from the cache and when they were booted, in words; empty for none."""
    days = sorted(trace.cached[:16].replace("T", " ") for trace in traces if trace.cached)
    if not days:
        return ""
    when = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    return f"{len(days)} of {len(traces)} boots came from the cache, booted {when} UTC; --fresh boots them all"


def tell_recorded(traces: Sequence[Trace]) -> tuple[str, ...]:
    """Return which sides were not booted, but are recordings, in words."""
    return tuple(
        f"{rom_set} was not booted: its boots are those of the recording {recorded}"
        for rom_set, recorded in dict.fromkeys((trace.rom_set, trace.recorded) for trace in traces if trace.recorded)
    )
