"""Findings of lint as JSON, format `bootrig-lint/1`."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from firmware.lint.finding import Finding, Severity

JSON_FORMAT = "bootrig-lint/1"


def findings_as_json(findings: tuple[Finding, ...], subject: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return `findings` about the ROM or ROM set `subject`, whose files are `files`, as a JSON object."""
    counts = Counter(finding.severity for finding in findings)
    return {
        "format": JSON_FORMAT,
        "subject": subject,
        "files": [{"name": name, "length": len(content)} for name, content in files.items()],
        "counts": {severity.value: counts[severity] for severity in Severity},
        "findings": [
            {
                "rule": finding.rule,
                "severity": finding.severity.value,
                "message": finding.message,
                "file": finding.file,
                "offset": finding.offset,
                "length": finding.length,
            }
            for finding in findings
        ],
    }
