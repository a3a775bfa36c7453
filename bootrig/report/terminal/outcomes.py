"""The outcomes of a run without baseline on the terminal."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bootrig.report.terminal.matrix import Symbol, draw_matrix, legend, print_item, print_lines
from bootrig.trace.reading.attempts import settle_traces
from bootrig.trace.trace import Trace

PASSED = Symbol(".", "green", "passed")
PASSED_IN_REAL_TIME = Symbol("r", "green", "passed, confirmed in real time")
PASSED_AGAIN = Symbol("t", "yellow", "passed, packets sent again")
FAILED = Symbol("F", "bold red", "failed")
MARKS = "".join(symbol.mark for symbol in (PASSED, PASSED_IN_REAL_TIME, PASSED_AGAIN, FAILED))


def symbol_of(trace: Trace, *, mixed: bool) -> Symbol:
    """Return how a boot's outcome looks; `mixed` is whether the run had boots in virtual time, too."""
    if not trace.passed:
        return FAILED
    if mixed and not trace.clock.is_virtual:
        return PASSED_IN_REAL_TIME
    return PASSED_AGAIN if trace.outcome.disturbed else PASSED


def print_outcomes(traces: Sequence[Trace], console: Console, run_directory: Path | None = None) -> None:
    """Print how boots ended: a matrix for each ROM set, the failures with their reasons, and the sum as the last thing.

    A cell may be there twice, in virtual and in real time. Everything that was seen is in `run_directory`.
    """
    settled = settle_traces(traces)
    mixed = any(trace.clock.is_virtual for trace in traces)
    used: set[Symbol] = set()
    for rom_set in dict.fromkeys(trace.rom_set for trace in settled):
        symbols = {trace.key: symbol_of(trace, mixed=mixed) for trace in settled if trace.rom_set == rom_set}
        used |= set(symbols.values())
        console.print(Text(rom_set, style="bold"))
        print_lines(console, draw_matrix(symbols, console.width))
        console.print()
    if used:
        console.print(legend(used, MARKS))
        console.print()
    _print_failures(settled, console)
    _print_on_the_way(settled, console)
    if run_directory is not None:
        console.print(Text(f"Everything that was seen: {run_directory}"), soft_wrap=True)
    console.print(summary(settled), soft_wrap=True)


def _print_failures(traces: Sequence[Trace], console: Console) -> None:
    failures: dict[tuple[str, str, str], list[Trace]] = {}
    for trace in traces:
        if not trace.passed:
            failures.setdefault((trace.rom_set, trace.key.scenario, trace.outcome.reason), []).append(trace)
    if not failures:
        return
    console.print(Text(f"Failed ({sum(map(len, failures.values()))})", style="bold red"))
    for (rom_set, scenario, reason), members in failures.items():
        nics = ", ".join(trace.key.nic_model for trace in members)
        print_item(console, f"{rom_set}: {scenario} with {nics}: {reason}", _notes(members))
    console.print()


def _print_on_the_way(traces: Sequence[Trace], console: Console) -> None:
    """Print what failed on the way of boots that passed: commands that a ROM does not know, downloads, drives."""
    passes: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for trace in traces:
        if trace.passed and trace.outcome.on_the_way:
            key = trace.rom_set, trace.key.scenario, trace.outcome.on_the_way
            passes.setdefault(key, []).append(trace.key.nic_model)
    if not passes:
        return
    console.print(Text("Failed on the way of boots that passed", style="bold"))
    for (rom_set, scenario, complaints), nics in passes.items():
        print_item(console, f"{rom_set}: {scenario} with {', '.join(dict.fromkeys(nics))}: {'; '.join(complaints)}", "")
    console.print()


def _notes(traces: Sequence[Trace]) -> str:
    notes = {"seen in virtual time only" if trace.clock.is_virtual else "confirmed in real time" for trace in traces}
    repeated = sum(len(trace.outcome.disturbed) for trace in traces)
    directories = [trace.directory for trace in traces if trace.directory]
    words = [*sorted(notes), *([f"{repeated} packets sent again"] if repeated else [])]
    return "; ".join([*words, *([f"see {directories[0]}"] if directories else [])])


def summary(traces: Sequence[Trace]) -> Text:
    """Return the last line: how many of how many passed."""
    passed = sum(trace.passed for trace in traces)
    if not traces:
        return Text("Nothing was booted", style="bold red")
    if passed == len(traces):
        return Text(f"Outcome: all {passed} boots passed", style="bold green")
    return Text(f"Outcome: {len(traces) - passed} of {len(traces)} boots FAILED", style="bold red")
