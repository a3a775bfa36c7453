"""Text, as a terminal shows it."""

import io
from collections.abc import Callable

from rich.console import Console

from bootrig.compare import Outcomes, Verdict
from bootrig.legible import make_legible
from bootrig.report.format import Findings, ReportFormat
from bootrig.report.terminal.console import ReportConsole
from bootrig.report.terminal.findings import render_findings, render_summary
from bootrig.report.terminal.outcomes import print_outcomes
from bootrig.report.terminal.verdict import print_verdict

WIDTH = 100


def _capture(show: Callable[[Console], None]) -> bytes:
    stream = io.StringIO()
    show(ReportConsole(stream, WIDTH))
    return stream.getvalue().encode()


def encode_verdict(verdict: Verdict) -> bytes:
    """Return a verdict as text."""
    return _capture(lambda console: print_verdict(verdict, console))


def encode_outcomes(outcomes: Outcomes) -> bytes:
    """Return outcomes as text."""
    return _capture(lambda console: print_outcomes(outcomes, console))


def encode_findings(found: Findings) -> bytes:
    """Return findings as text, with the bytes that they are about."""
    lines = [render_findings(found.findings, found.files)] if found.findings else []
    return make_legible("\n".join([*lines, render_summary(found.findings, len(found.files)), ""])).encode()


FORMAT = ReportFormat(
    summary="text, as a terminal shows it", verdict=encode_verdict, outcomes=encode_outcomes, findings=encode_findings
)
