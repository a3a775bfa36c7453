"""SARIF 2.1.0, for code-scanning pages: findings of lint.

Source: Static Analysis Results Interchange Format (SARIF) Version 2.1.0, OASIS Standard: 3.13 (log), 3.19 (tool
component), 3.27 (result; 3.27.24: `baselineState`), 3.30 (region: `byteOffset` and `byteLength` for binary files), 3.49
(reporting descriptor).
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from bootrig import __version__
from bootrig.jsonfile import encode_json
from bootrig.report.format import Findings, ReportFormat
from firmware.lint.check import all_rules
from firmware.lint.finding import Finding
from firmware.lint.rule import Rule

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def findings_as_sarif(
    findings: tuple[Finding, ...], rules: Iterable[Rule], tool_version: str, files: Mapping[str, bytes]
) -> dict[str, Any]:
    """Return `findings` as a SARIF log with one run, and all rules, in an order that stays.

    `files` are contents by the names that findings use; a finding about no file has no place in the log.
    """
    descriptors = [
        {
            "id": rule.name,
            "shortDescription": {"text": rule.summary},
            "fullDescription": {"text": rule.paragraph or rule.summary},
            "defaultConfiguration": {"level": rule.severity.value},
        }
        for rule in rules
    ]
    indices = {str(descriptor["id"]): index for index, descriptor in enumerate(descriptors)}
    driver = {"name": "bootrig lint", "version": tool_version, "rules": descriptors}
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, indices[finding.rule], files) for finding in findings],
            }
        ],
    }


def _result(finding: Finding, rule_index: int, files: Mapping[str, bytes]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": finding.severity.value,
        "message": {"text": finding.message if finding.file in files else f"{finding.file}: {finding.message}"},
    }
    if finding.is_new is not None:
        result["baselineState"] = "new" if finding.is_new else "unchanged"
    if finding.file in files:
        physical: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.file, errors="surrogateescape")}}
        if finding.offset is not None:
            physical["region"] = {"byteOffset": finding.offset, "byteLength": finding.length}
        result["locations"] = [{"physicalLocation": physical}]
    return result


def encode_sarif(found: Findings) -> bytes:
    """Return findings as a SARIF log."""
    return encode_json(findings_as_sarif(found.findings, all_rules().values(), __version__, found.files))


FORMAT = ReportFormat(summary="SARIF 2.1.0, for code-scanning pages", findings=encode_sarif)
