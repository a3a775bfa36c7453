"""JSON, for other programs."""

from bootrig.jsonfile import encode_json
from bootrig.report.documents.findings import findings_as_json
from bootrig.report.documents.outcomes import encode_outcomes
from bootrig.report.documents.verdict import encode_verdict
from bootrig.report.format import Findings, ReportFormat


def encode_findings(found: Findings) -> bytes:
    """Return findings as JSON."""
    return encode_json(findings_as_json(found.findings, found.target, found.files))


FORMAT = ReportFormat(
    summary="JSON, for other programs", verdict=encode_verdict, outcomes=encode_outcomes, findings=encode_findings
)
