"""JUnit XML, for the CI systems that read it: one test case a cell."""

from collections.abc import Iterable, Sequence, Set

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from bootrig.compare import CellState, ComparedCell, Difference, Outcomes, OutcomeState, Verdict
from bootrig.compare.rules.outcome import describe_outcome
from bootrig.report.format import ReportFormat
from bootrig.report.sentences import format_finding, tell_origin
from bootrig.trace.names import CellKey

CONSOLE_LENGTH = 4000
ILLEGAL = {code: f"\\x{code:02x}" for code in range(32) if chr(code) not in "\t\n\r"}  # XML 1.0, section 2.2


def encode_verdict_junit(verdict: Verdict) -> bytes:
    """Return `verdict` as JUnit XML.

    A cell with a regression is a failure, one whose rig broke an error, one that only one side has is skipped; what
    else differs is in the output of its case.
    """
    found: dict[CellKey | None, list[Difference]] = {}
    for entry in verdict.differences:
        found.setdefault(entry.key, []).append(entry)
    folded = {entry for cause in verdict.causes for entry in (*cause.whys, *cause.followers)}
    suites: dict[str, TestSuite] = {}
    for cell in verdict.cells:
        name = f"{verdict.baseline} -> {verdict.candidate}: {cell.key.machine} {cell.key.platform_firmware}"
        suite = suites.setdefault(name, TestSuite(name))
        suite.add_testcase(_compared_case(cell, found.get(cell.key, []), folded, verdict.broken.get(cell.key, "")))
    if None in found:
        suite = suites.setdefault("ROM sets", TestSuite("ROM sets"))
        suite.add_testcase(_case("the sets as wholes", "set", found[None], folded))
    return _encode(suites.values())


def encode_outcomes_junit(outcomes: Outcomes) -> bytes:
    """Return the outcomes of boots as JUnit XML, a suite for each ROM set, and one for cells whose rig broke.

    A boot that failed is a failure; one that is known to fail, or passed when it was booted again, is skipped.
    """
    suites: dict[str, TestSuite] = {}
    for trace, state in outcomes.settled:
        suite = suites.setdefault(trace.rom_set, TestSuite(trace.rom_set))
        case = TestCase(trace.cell, _class_name(trace.key), trace.usage.get("wall_s"))
        if state in (OutcomeState.FAILED, OutcomeState.UNCONFIRMED):
            case.result = [Failure(_legal(trace.outcome.reason), state)]
        elif state is not OutcomeState.PASSED:
            case.result = [Skipped(_legal(f"{state}: {trace.outcome.reason}"))]
        console = "\n".join(line.text for line in trace.console)
        case.system_out = _legal(f"run directory: {trace.directory}\n{console[-CONSOLE_LENGTH:]}")
        suite.add_testcase(case)
    for side, key, message in outcomes.errors:
        case = TestCase(str(key), _class_name(key))
        case.result = [Error(_legal(message))]
        suites.setdefault(side, TestSuite(f"{side}: the rig broke")).add_testcase(case)
    return _encode(suites.values())


def _compared_case(cell: ComparedCell, found: Sequence[Difference], folded: Set[Difference], broken: str) -> TestCase:
    """Return the case of a cell; `broken` says how its rig broke."""
    case = _case(str(cell.key), _class_name(cell.key), found, folded)
    if cell.state is CellState.BROKEN:
        case.result = [Error(_legal(f"the rig broke: {broken}"))]
    elif cell.baseline is None or cell.candidate is None:
        case.result = [Skipped(f"{cell.state}: not compared")]
    elif cell.state is CellState.BOTH_FAILED and not case.result:
        first, second = describe_outcome(cell.baseline.outcome), describe_outcome(cell.candidate.outcome)
        case.result = [Skipped(f"works with neither: {first}, {second}")]
    return case


def _case(name: str, class_name: str, found: Sequence[Difference], folded: Set[Difference]) -> TestCase:
    """Return a case that failed by each regression that no other explains; its output tells all differences."""
    case = TestCase(name, class_name)
    failures = [entry for entry in found if entry.counts and entry not in folded]
    case.result = [Failure(_legal(format_finding(entry.finding)), entry.rule) for entry in failures]
    lines = [
        f"{'with it, ' if entry in folded else ''}{entry.weight}: "
        f"{format_finding(entry.finding)} [{tell_origin(entry)}]"
        for entry in sorted(found, key=lambda entry: entry in folded)
    ]
    if lines:
        case.system_out = _legal("\n".join(lines))
    return case


def _class_name(key: CellKey) -> str:
    return f"{key.machine}.{key.platform_firmware}.{key.emulator}"


def _legal(text: str) -> str:
    return text.translate(ILLEGAL)


def _encode(suites: Iterable[TestSuite]) -> bytes:
    document = JUnitXml("bootrig")
    for suite in suites:
        suite.update_statistics()  # type: ignore[no-untyped-call]
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    content: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return content


FORMAT = ReportFormat(summary="JUnit XML, for CI systems", verdict=encode_verdict_junit, outcomes=encode_outcomes_junit)
