"""SARIF 2.1.0, for code-scanning pages: findings of lint.

Source: Static Analysis Results Interchange Format (SARIF) Version 2.1.0, OASIS Standard: 3.13 (log), 3.17 (automation
details), 3.19 (tool component), 3.27 (result; 3.27.17: `partialFingerprints`, 3.27.22: related locations, 3.27.24:
`baselineState`), 3.30 (region: `byteOffset` and `byteLength` for binary files), 3.49 (reporting descriptor). GitHub
Docs, "SARIF support for code scanning": a result is shown at a line of a file in the repository, and found again by
its fingerprint.
"""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from bootrig import __version__
from bootrig.jsonfile import encode_json
from bootrig.report.format import Findings, ReportFormat
from firmware.lint.check import all_rules
from firmware.lint.finding import Finding
from firmware.lint.rule import Rule

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "bootrigFinding/v1"


def findings_as_sarif(found: Findings, rules: Iterable[Rule], tool_version: str) -> dict[str, Any]:
    """Return findings as a SARIF log with one run, and all rules, in an order that stays.

    A finding about what has no place has no location in the log.
    """
    descriptors = [
        {
            "id": rule.name,
            "shortDescription": {"text": rule.summary},
            "fullDescription": {"text": rule.paragraph or rule.summary},
            "help": {"text": f"bootrig explain {rule.name} tells what it looks at, and what can be done"},
            "defaultConfiguration": {"level": rule.severity.value},
        }
        for rule in rules
    ]
    indices = {str(descriptor["id"]): index for index, descriptor in enumerate(descriptors)}
    driver = {"name": "bootrig lint", "version": tool_version, "rules": descriptors}
    seen: Counter[tuple[str, str]] = Counter()
    results = []
    for finding in found.findings:
        mark = (finding.rule, PurePath(finding.file).name)
        seen[mark] += 1
        results.append(_result(finding, indices[finding.rule], found, seen[mark]))
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "automationDetails": {"id": f"bootrig/{found.target}/"},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _result(finding: Finding, rule_index: int, found: Findings, number: int) -> dict[str, Any]:
    """Return a finding, the `number`th of its rule in its file."""
    name = PurePath(finding.file).name
    place = found.places.get(finding.file)
    is_itself = place is not None and PurePath(place.path).name == name
    mark = "\0".join((finding.rule, name, str(number)))
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": finding.severity.value,
        "message": {"text": finding.message if is_itself else f"{finding.file}: {finding.message}"},
        "partialFingerprints": {FINGERPRINT: sha256(mark.encode(errors="surrogateescape")).hexdigest()},
    }
    if finding.is_new is not None:
        result["baselineState"] = "new" if finding.is_new else "unchanged"
    bytes_of_it: dict[str, Any] = {}
    if finding.offset is not None:
        bytes_of_it = {"byteOffset": finding.offset, "byteLength": finding.length}
    if place is not None:
        region = {"startLine": place.line, **(bytes_of_it if is_itself else {})}
        result["locations"] = [_locate(place.uri, region)]
    if finding.file in found.files and not is_itself and bytes_of_it:
        result["relatedLocations"] = [_locate(finding.file, bytes_of_it)]
    return result


def _locate(uri: str, region: dict[str, Any]) -> dict[str, Any]:
    artifact = {"uri": uri if uri.startswith("file:") else quote(uri, errors="surrogateescape")}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def encode_sarif(found: Findings) -> bytes:
    """Return findings as a SARIF log."""
    return encode_json(findings_as_sarif(found, all_rules().values(), __version__))


FORMAT = ReportFormat(summary="SARIF 2.1.0, for code-scanning pages", findings=encode_sarif)
