"""The outcomes of a run without baseline on the terminal."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bootrig.compare import Outcomes, OutcomeState
from bootrig.errors import is_wrong_input
from bootrig.record.run import name_run
from bootrig.report.sentences import tell_rerun
from bootrig.report.terminal.matrix import Symbol, draw_matrix, legend, print_item, print_lines
from bootrig.trace.reading.cached import tell_cached
from bootrig.trace.reading.side_name import name_side
from bootrig.trace.trace import Trace

PASSED = Symbol(".", "green", "passed")
PASSED_IN_REAL_TIME = Symbol("r", "green", "passed in real time")
PASSED_AGAIN = Symbol("t", "yellow", "passed, packets sent again")
FAILED = Symbol("F", "bold red", "failed")
NOT_PASSED: Mapping[OutcomeState, Symbol] = {
    OutcomeState.FAILED: FAILED,
    OutcomeState.UNSTABLE: Symbol("%", "bold red", "unstable"),
    OutcomeState.UNCONFIRMED: Symbol("u", "red", "failed, not confirmed"),
    OutcomeState.KNOWN: Symbol("k", "yellow", "known to fail"),
    OutcomeState.REFUTED: Symbol("f", "yellow", "failed, but passed when it was booted again"),
}
HEADINGS: Mapping[OutcomeState, str] = {
    OutcomeState.FAILED: "Failed",
    OutcomeState.UNSTABLE: "Unstable: repeated boots ended differently",
    OutcomeState.UNCONFIRMED: "Failed, not confirmed",
    OutcomeState.KNOWN: "Known to fail",
    OutcomeState.REFUTED: "Failed, but passed when booted again",
}
FAILED_STATES = (OutcomeState.FAILED, OutcomeState.UNSTABLE, OutcomeState.UNCONFIRMED)
# Commands that a ROM does not know, downloads, drives; and what a limit of the rig cut.
ON_THE_WAY, TRUNCATED = "Failed on the way of boots that passed", "Not recorded whole"
BROKEN = Symbol("?", "bold magenta", "the rig broke")
WRONG_INPUT = Symbol("i", "bold magenta", "the input is wrong")
SYMBOLS = (PASSED, PASSED_IN_REAL_TIME, PASSED_AGAIN, *NOT_PASSED.values(), BROKEN, WRONG_INPUT)
MARKS = "".join(symbol.mark for symbol in SYMBOLS)


def symbol_of(trace: Trace, state: OutcomeState, *, mixed: bool) -> Symbol:
    """Return how a boot's outcome looks; `mixed` is whether the run had boots in virtual time, too."""
    if state is not OutcomeState.PASSED:
        return NOT_PASSED[state]
    if mixed and not trace.clock.is_virtual:
        return PASSED_IN_REAL_TIME
    return PASSED_AGAIN if trace.outcome.disturbed else PASSED


def print_outcomes(outcomes: Outcomes, console: Console, run_directory: Path | None = None) -> None:
    """Print how boots ended: a matrix for each ROM set, the failures with their reasons, and the sum as the last thing.

    Everything that was seen is in `run_directory`.
    """
    settled = outcomes.settled
    mixed = any(trace.clock.is_virtual for trace in outcomes.traces)
    used: set[Symbol] = set()
    for side, name in dict.fromkeys((trace.side, name_side(trace)) for trace, _ in settled):
        symbols = {
            key: WRONG_INPUT if is_wrong_input(message) else BROKEN
            for label, key, message in outcomes.errors
            if label == side
        }
        for trace, state in settled:
            if (trace.side, name_side(trace)) == (side, name):
                symbols[trace.key] = symbol_of(trace, state, mixed=mixed)
        used |= set(symbols.values())
        console.print(Text(name, style="bold"))
        print_lines(console, draw_matrix(symbols, console.width))
        console.print()
    if used:
        console.print(legend(used, MARKS))
        console.print()
    run = "" if run_directory is None else name_run(run_directory)
    for state, heading in HEADINGS.items():
        again = run if state in FAILED_STATES else ""
        failed = [trace for trace, became in settled if became is state]
        _print_failures(heading, failed, outcomes, console, again)
    boots = [trace for trace, _ in settled]
    passed = [trace for trace in boots if trace.passed]
    _print_words(ON_THE_WAY, passed, lambda trace: trace.outcome.on_the_way, console)
    _print_words(TRUNCATED, boots, lambda trace: trace.truncated, console)
    _print_errors(outcomes, console)
    _print_lint(outcomes, console)
    if cached := tell_cached(outcomes.traces):
        console.print(Text(f"Note: {cached}."), soft_wrap=True)
    if run_directory is not None:
        console.print(Text(f"Everything that was seen: {run_directory}"), soft_wrap=True)
    console.print(summary(outcomes), soft_wrap=True)


def _print_errors(outcomes: Outcomes, console: Console) -> None:
    for heading, is_wanted in (("The rig broke", False), ("Wrong input", True)):
        errors = [error for error in outcomes.errors if is_wrong_input(error[2]) is is_wanted]
        if errors:
            console.print(Text(f"{heading} ({len(errors)})", style="bold magenta"))
            for side, key, message in errors:
                print_item(console, f"{key}: {message}", side)
            console.print()


def _print_lint(outcomes: Outcomes, console: Console) -> None:
    if outcomes.lint:
        console.print(Text(f"Errors in the bytes of the ROMs ({len(outcomes.lint)})", style="bold red"))
        for side, finding in outcomes.lint:
            print_item(console, f"{side}: {finding.file}: {finding.message}", f"lint {finding.rule}")
        console.print()


def _print_failures(heading: str, traces: Sequence[Trace], outcomes: Outcomes, console: Console, run: str) -> None:
    """Print boots that failed; those of the run that is named with the commands that boot them again."""
    failures: dict[tuple[str, str, str], list[Trace]] = {}
    for trace in traces:
        reason = outcomes.tell_ends(trace) or trace.outcome.reason
        failures.setdefault((name_side(trace), trace.key.scenario, reason), []).append(trace)
    if not failures:
        return
    console.print(Text(f"{heading} ({sum(map(len, failures.values()))})", style="bold red"))
    for (name, scenario, reason), members in failures.items():
        nics = ", ".join(trace.key.nic_model for trace in members)
        print_item(console, f"{name}: {scenario} with {nics}: {reason}", _notes(members))
        if run:
            console.print(Text(f"      again: {tell_rerun(run, members[0].key)}"), soft_wrap=True)
    console.print()


def _print_words(
    heading: str, traces: Sequence[Trace], find_words: Callable[[Trace], tuple[str, ...]], console: Console
) -> None:
    """Print what is to be said of some boots, once for all NICs of a scenario of which it is the same."""
    boots: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for trace in traces:
        if words := find_words(trace):
            boots.setdefault((name_side(trace), trace.key.scenario, words), []).append(trace.key.nic_model)
    if not boots:
        return
    console.print(Text(heading, style="bold"))
    for (name, scenario, words), nics in boots.items():
        print_item(console, f"{name}: {scenario} with {', '.join(dict.fromkeys(nics))}: {'; '.join(words)}", "")
    console.print()


def _notes(traces: Sequence[Trace]) -> str:
    repeated = sum(len(trace.outcome.disturbed) for trace in traces)
    directories = [trace.directory for trace in traces if trace.directory]
    words = [f"{repeated} packets sent again"] if repeated else []
    return "; ".join([*words, *([f"see {directories[0]}"] if directories else [])])


def summarise(outcomes: Outcomes) -> str:
    """Return how many of how many passed."""
    return summary(outcomes).plain.removeprefix("Outcome: ")


def summary(outcomes: Outcomes) -> Text:
    """Return the last line: how many of how many passed."""
    states = [state for _, state in outcomes.settled]
    failed = sum(state in FAILED_STATES for state in states)
    wrong_input = sum(is_wrong_input(message) for _, _, message in outcomes.errors)
    others = (
        (states.count(OutcomeState.UNSTABLE), "unstable"),
        (states.count(OutcomeState.UNCONFIRMED), "not confirmed"),
        (states.count(OutcomeState.KNOWN), "known to fail"),
        (states.count(OutcomeState.REFUTED), "failed, but passed when booted again"),
        (len(outcomes.errors) - wrong_input, "with a broken rig"),
        (wrong_input, "with wrong input"),
    )
    more = "".join(f", {number} {words}" for number, words in others if number)
    if not states and not more:
        return Text("Nothing was booted", style="bold red")
    if failed:
        return Text(f"Outcome: {failed} of {len(states)} boots FAILED{more}", style="bold red")
    passed = states.count(OutcomeState.PASSED)
    number = f"all {passed}" if passed == len(states) else f"{passed} of {len(states)}"
    return Text(f"Outcome: {number} boots passed{more}", style="bold yellow" if more else "bold green")
