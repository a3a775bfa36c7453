"""Findings for people: a line each, and the bytes with a caret under the place."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from firmware.lint.finding import Finding, Severity
from firmware.lint.rule import Rule

_ROW = 16
_MARGIN = "    "


def render_findings(findings: Iterable[Finding], files: Mapping[str, bytes]) -> str:
    """Return `findings` as lines, with hex dumps from `files` (contents by the names that findings use).

    Where there is a baseline, what is new comes first, each part under a title.
    """
    parts: dict[bool | None, list[str]] = {}
    for finding in findings:
        parts.setdefault(finding.is_new, []).extend(_finding_lines(finding, files.get(finding.file)))
    lines: list[str] = []
    for part, title in ((None, ""), (True, "New against the baseline:"), (False, "In the baseline as well:")):
        lines += [title] * bool(title and part in parts) + parts.get(part, [])
    return "\n".join(lines)


def render_summary(findings: tuple[Finding, ...], file_count: int) -> str:
    """Return the last line: `16 files: 1 error, 2 warnings (1 new), 0 notes`."""
    counts = Counter(finding.severity for finding in findings)
    new = Counter(finding.severity for finding in findings if finding.is_new)
    said = ", ".join(
        _count(counts[severity], severity.value) + (f" ({new[severity]} new)" if new[severity] else "")
        for severity in Severity
    )
    return f"{_count(file_count, 'file')}: {said}"


def render_rules(rules: Iterable[Rule]) -> str:
    """Return the rule list, in Markdown: every rule with its severity and its paragraph."""
    lines = ["# Rules of `bootrig lint`", ""]
    for rule in rules:
        lines += [f"## {rule.name} ({rule.severity})", "", rule.summary, ""]
        if rule.paragraph:
            lines += [rule.paragraph, ""]
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _finding_lines(finding: Finding, content: bytes | None) -> Iterator[str]:
    place = "" if finding.offset is None else f":0x{finding.offset:x}"
    yield f"{finding.file}{place}: {finding.severity}: {finding.message} [{finding.rule}]"
    if finding.offset is not None and content:
        yield from _dump(content, finding.offset, max(1, finding.length))


def _dump(content: bytes, offset: int, length: int) -> Iterator[str]:
    """Yield the row of bytes that has `offset`, with a caret under `length` bytes, as far as the row reaches."""
    if offset >= len(content):
        return
    start = offset - offset % _ROW
    row = content[start : start + _ROW]
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
    yield f"{_MARGIN}{start:08x}  {row.hex(' '):<{_ROW * 3 - 1}}  {shown}"
    marked = min(length, start + len(row) - offset)
    caret = "^" + "~" * (marked * 3 - 2)
    yield f"{_MARGIN}{' ' * 10}{' ' * 3 * (offset - start)}{caret}"
