"""What lint finds in the candidate's ROMs alone."""

from collections.abc import Iterator

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair, Pairing
from bootrig.compare.registry import set_rule
from firmware.lint import finding as lint


@set_rule("lint")
def check_lint(pairing: Pairing) -> Iterator[tuple[CellPair | None, Finding]]:
    """Does lint find anything in the candidate's ROMs that it does not find in the baseline's?

    An error is a change: a guest may not find, run or migrate by the ROM. The rest is info. What one rule of lint finds
    in several files is one difference; `bootrig lint CANDIDATE --against BASELINE` shows each with its bytes. The
    subject is the name of lint's rule, with the severity where one rule finds both, and the value the files' names.
    """
    groups: dict[tuple[str, lint.Severity], list[lint.Finding]] = {}
    for found in pairing.lint:
        groups.setdefault((found.rule, found.severity), []).append(found)
    rules = [rule for rule, _ in groups]
    for (rule, severity), findings in groups.items():
        subject = rule if rules.count(rule) == 1 else f"{rule}:{severity}"
        files = list(dict.fromkeys(found.file for found in findings))
        where = files[0] if len(files) == 1 else f"{len(files)} files, the first {files[0]}"
        statement = f"lint finds in {where}: {findings[0].message}"
        weight = Severity.CHANGE if severity is lint.Severity.ERROR else Severity.INFO
        yield None, Finding(weight, subject, None, ", ".join(files), statement)
