"""JUnit XML, for the CI systems that read it: one test case a cell."""

from collections.abc import Iterable, Sequence, Set

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from bootrig.compare import CellState, ComparedCell, Difference, Outcomes, OutcomeState, Verdict
from bootrig.compare.rules.outcome import describe_outcome
from bootrig.errors import INPUT_WORDS, is_wrong_input
from bootrig.legible import make_legible
from bootrig.report.format import ReportFormat
from bootrig.report.sentences import format_finding, tell_origin
from bootrig.trace.names import CellKey
from bootrig.trace.reading.side_name import name_side
from bootrig.trace.trace import Trace

CONSOLE_LENGTH = 4000


def encode_verdict_junit(verdict: Verdict) -> bytes:
    """Return `verdict` as JUnit XML.

    A cell with a regression is a failure, one that broke an error, one that only one side has is skipped; what
    else differs is in the output of its case.
    """
    found: dict[CellKey | None, list[Difference]] = {}
    for entry in verdict.differences:
        found.setdefault(entry.key, []).append(entry)
    folded = {entry for cause in verdict.causes for entry in (*cause.whys, *cause.followers)}
    suites: dict[str, TestSuite] = {}
    for cell in verdict.cells:
        name = f"{verdict.baseline} -> {verdict.candidate}: {cell.key.machine} {cell.key.platform_firmware}"
        _find_suite(suites, name).add_testcase(
            _compared_case(cell, found.get(cell.key, []), folded, verdict.broken.get(cell.key, ""))
        )
    if None in found:
        _find_suite(suites, "ROM sets").add_testcase(_case("the sets as wholes", "set", found[None], folded))
    return _encode(suites.values())


def encode_outcomes_junit(outcomes: Outcomes) -> bytes:
    """Return the outcomes of boots as JUnit XML, a suite for each ROM set, and one for cells that broke.

    A boot that failed is a failure; one that is known to fail, or passed when it was booted again, is skipped.
    """
    suites: dict[str, TestSuite] = {}
    for trace, state in outcomes.settled:
        case = TestCase(make_legible(trace.cell), _class_name(trace.key), trace.usage.get("wall_s"))
        if state in (OutcomeState.FAILED, OutcomeState.UNCONFIRMED):
            failure = Failure(make_legible(trace.outcome.reason), state)
            failure.text = make_legible(_tell_boot(trace))
            case.result = [failure]
        elif state is not OutcomeState.PASSED:
            case.result = [Skipped(make_legible(f"{state}: {trace.outcome.reason}"))]
        case.system_out = make_legible(f"run directory: {trace.directory}\n{_tail_console(trace)}")
        _find_suite(suites, name_side(trace)).add_testcase(case)
    for side, key, message in outcomes.errors:
        case = TestCase(make_legible(str(key)), _class_name(key))
        case.result = [Error(make_legible(message))]
        what = INPUT_WORDS if is_wrong_input(message) else "the rig broke"
        _find_suite(suites, f"{side}: {what}").add_testcase(case)
    return _encode(suites.values())


def _tell_boot(trace: Trace) -> str:
    """Return the reason, the stages with their times, and the end of the console."""
    stages = [one.name if one.guest_s is None else f"{one.name} at {one.guest_s:.1f} s" for one in trace.milestones]
    return "\n".join((trace.outcome.reason, f"stages: {', '.join(stages) or 'none'}", "console:", _tail_console(trace)))


def _tail_console(trace: Trace) -> str:
    return "\n".join(line.text for line in trace.console)[-CONSOLE_LENGTH:]


def _compared_case(cell: ComparedCell, found: Sequence[Difference], folded: Set[Difference], broken: str) -> TestCase:
    """Return the case of a cell; `broken` says how its rig broke, or what of its input is wrong."""
    case = _case(str(cell.key), _class_name(cell.key), found, folded)
    if cell.state is CellState.BROKEN:
        case.result = [Error(make_legible(f"the rig broke: {broken}"))]
    elif cell.state is CellState.WRONG_INPUT:
        case.result = [Error(make_legible(broken))]
    elif cell.baseline is None or cell.candidate is None:
        case.result = [Skipped(f"{cell.state}: not compared")]
    elif cell.state is CellState.BOTH_FAILED and not case.result:
        first, second = describe_outcome(cell.baseline.outcome), describe_outcome(cell.candidate.outcome)
        case.result = [Skipped(make_legible(f"works with neither: {first}, {second}"))]
    return case


def _case(name: str, class_name: str, found: Sequence[Difference], folded: Set[Difference]) -> TestCase:
    """Return a case that failed by each regression that no other explains; its output tells all differences."""
    case = TestCase(make_legible(name), class_name)
    failures = [entry for entry in found if entry.counts and entry not in folded]
    case.result = [Failure(make_legible(format_finding(entry.finding)), entry.rule) for entry in failures]
    lines = [
        f"{'with it, ' if entry in folded else ''}{entry.weight}: "
        f"{format_finding(entry.finding)} [{tell_origin(entry)}]"
        for entry in sorted(found, key=lambda entry: entry in folded)
    ]
    if lines:
        case.system_out = make_legible("\n".join(lines))
    return case


def _class_name(key: CellKey) -> str:
    return make_legible(f"{key.machine}.{key.platform_firmware}.{key.emulator}")


def _find_suite(suites: dict[str, TestSuite], name: str) -> TestSuite:
    return suites.setdefault(name, TestSuite(make_legible(name)))


def _encode(suites: Iterable[TestSuite]) -> bytes:
    document = JUnitXml("bootrig")
    for suite in suites:
        suite.update_statistics()  # type: ignore[no-untyped-call]
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    content: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return content


FORMAT = ReportFormat(summary="JUnit XML, for CI systems", verdict=encode_verdict_junit, outcomes=encode_outcomes_junit)
