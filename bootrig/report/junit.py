"""JUnit XML, for the CI systems that read it: one test case a cell.

Source: the schema of Jenkins' xUnit plugin, `junit-10.xsd`, which says what elements and attributes there may be;
GitLab shows the text of a failure, Jenkins' attachments plugin the files that `[[ATTACHMENT|...]]` in the output names.
"""

from collections.abc import Sequence
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from bootrig.compare import Outcomes, Verdict
from bootrig.legible import make_legible
from bootrig.report.cases import Case, CaseState, list_outcome_cases, list_verdict_cases
from bootrig.report.format import ReportFormat

ATTACHED = ("capture.pcap", "console.cast", "trace.json")


def encode_verdict_junit(verdict: Verdict, runs: Sequence[Path] = ()) -> bytes:
    """Return `verdict` as JUnit XML: a suite for each guest and platform firmware, and one for the sets as wholes.

    A cell with a regression is a failure, one that broke an error, one that only one side has is skipped; what
    else differs is in the output of its case.
    """
    return encode_cases(list_verdict_cases(verdict, runs))


def encode_outcomes_junit(outcomes: Outcomes, runs: Sequence[Path] = ()) -> bytes:
    """Return the outcomes of boots as JUnit XML, a suite for each ROM set, and one for cells that broke.

    A boot that failed is a failure; one that is known to fail, or passed when it was booted again, is skipped.
    """
    return encode_cases(list_outcome_cases(outcomes, runs))


def encode_cases(cases: Sequence[Case]) -> bytes:
    """Return cases as JUnit XML, a suite for each group."""
    suites: dict[str, TestSuite] = {}
    for case in cases:
        suite = suites.setdefault(case.group, TestSuite(make_legible(case.group)))
        suite.add_testcase(_encode_case(case))
    document = JUnitXml("bootrig")
    for suite in suites.values():
        suite.update_statistics()  # type: ignore[no-untyped-call]
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    # Jenkins' schema knows it of a suite, not of all
    document._elem.attrib.pop("skipped", None)
    content: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return content


def _encode_case(case: Case) -> TestCase:
    key = case.key
    place = "" if key is None else f"{key.machine}.{key.platform_firmware}.{key.emulator}"
    encoded = TestCase(make_legible(case.name if key is None else str(key)), make_legible(place or "set"))
    if case.wall_s is not None:
        encoded.time = round(case.wall_s, 3)
    text = make_legible("\n".join((case.reason, *case.details)))
    reason = make_legible(case.reason)
    if case.state is CaseState.FAILED:
        failure = Failure(reason, make_legible(case.kind))
        failure.text = text
        encoded.result = [failure]
    elif case.state is CaseState.BROKEN:
        error = Error(reason, "broken")
        error.text = text
        encoded.result = [error]
    elif case.state is CaseState.SKIPPED:
        encoded.result = [Skipped(reason)]
    told = _attach(case) if case.state is CaseState.FAILED else case.details
    if told:
        encoded.system_out = make_legible("\n".join(told))
    return encoded


def _attach(case: Case) -> tuple[str, ...]:
    """Return what attaches the files of a boot that are there."""
    paths = (Path(case.directory, name) for name in ATTACHED if case.directory)
    return tuple(f"[[ATTACHMENT|{path}]]" for path in paths if path.is_file())


FORMAT = ReportFormat(
    summary="JUnit XML, for CI systems",
    verdict=encode_verdict_junit,
    outcomes=encode_outcomes_junit,
    takes_runs=True,
)
