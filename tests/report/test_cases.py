"""TAP, Markdown and GitHub's commands: what a text has in it is read back as it was, and is never a command."""

import re
from json import loads
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bootrig.cli.documents import Document, write_documents
from bootrig.errors import ExitStatus
from bootrig.legible import make_legible
from bootrig.output import Output
from bootrig.report.cases import Case, CaseState, Section, list_outcome_cases, list_verdict_cases
from bootrig.report.github import encode_cases as encode_github
from bootrig.report.markdown import LONGEST, ROWS, encode_outcomes, encode_verdict, escape_markdown
from bootrig.report.tap import encode_cases as encode_tap
from tests.report.sample import candidate_traces, make_outcomes, verdict
from tests.report.test_hostile import make_subjects

HOSTILE = "a | b <script>\\# SKIP\n::error::x%0A,:\r\n@all `*_[x](y)"
texts = st.text(max_size=40)


def join_lines(text: str) -> str:
    return " ".join(make_legible(text).split())


@given(texts, texts)
@example(HOSTILE, HOSTILE)
def test_tap_is_read_back(name: str, reason: str) -> None:
    cases = [Case(name=name, state=state, reason=reason, sections=(Section(reason, (reason,)),)) for state in CaseState]
    told = encode_tap(cases).decode().split("\n")
    assert told[:2] == ["TAP version 14", f"1..{len(cases)}"]
    points = [match for line in told if (match := re.fullmatch(r"(ok|not ok) (\d+) - ((?:\\.|[^#\\])*)(#.*)?", line))]
    assert [match[1] for match in points] == ["ok", "not ok", "not ok", "ok", "ok"]
    assert [re.sub(r"\\(.)", r"\1", match[3]).strip() for match in points] == [join_lines(name)] * len(cases)
    assert [bool(match[4]) for match in points] == [state is CaseState.SKIPPED for state in CaseState]
    assert [loads(line[6:]) for line in told if line.startswith("    - ")] == [
        make_legible(text) for _ in cases for text in (f"{reason}:", reason)
    ]


def test_tap_of_nothing_is_a_plan_of_nothing() -> None:
    assert encode_tap([]) == b"TAP version 14\n1..0 # SKIP nothing was tried\n"


@given(texts)
@example(HOSTILE)
def test_a_text_in_a_table_is_read_back(text: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| {escape_markdown(text)} | end |\n"
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(table)
    row = [token for token in tokens if token.type == "inline"][2:]
    assert [{child.type for child in token.children or ()} - {"text", "text_special"} for token in row] == [
        set(),
        set(),
    ]
    assert ["".join(child.content for child in token.children or ()) for token in row] == [join_lines(text), "end"]


def test_a_text_is_cut() -> None:
    assert escape_markdown("x" * (LONGEST + 1)) == "x" * LONGEST + "..."


@given(texts, texts)
@example(HOSTILE, HOSTILE)
def test_a_command_is_read_back(name: str, reason: str) -> None:
    told = encode_github(
        [Case(name=name, state=CaseState.FAILED, reason=reason), Case(name=name, state=CaseState.PASSED)]
    ).decode()
    match = re.fullmatch(r"::error title=([^:,\r\n]*)::([^\r\n]*)\n", told)
    assert match is not None
    title, message = match.groups()
    for escape, character in (("%3A", ":"), ("%2C", ","), ("%0A", "\n"), ("%25", "%")):
        title, message = title.replace(escape, character), message.replace(escape, character)
    assert title == make_legible(name)
    assert message == make_legible(reason)


def test_a_broken_rig_is_told_from_a_failure() -> None:
    subjects = make_subjects()
    states = [case.state for case in list_verdict_cases(subjects["verdict"])]  # type: ignore[arg-type]
    assert CaseState.BROKEN in states
    told = list_outcome_cases(subjects["outcomes"])  # type: ignore[arg-type]
    assert told[-1].state is CaseState.BROKEN
    assert told[-1].reason == "the rig broke: QEMU died"


def test_markdown_of_a_verdict() -> None:
    told = encode_verdict(verdict()).decode()
    assert told.startswith("## NOT COMPATIBLE: ipxe-debian-12 to ipxe-debian-13\n")
    assert "| weight | what differs | where |" in told


def test_markdown_has_a_limit() -> None:
    failed = [trace for trace in candidate_traces() if not trace.passed]
    told = encode_outcomes(make_outcomes(failed)).decode()
    assert told.startswith("## Boots\n\n")
    assert told.count("\n|") <= ROWS + 2


@pytest.mark.parametrize("named", [True, False])
def test_the_step_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, named: bool) -> None:
    summary, file = tmp_path / "summary", tmp_path / "commands"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary) if named else "")
    status = write_documents([Document("github", Output(file))], "verdict", verdict())
    assert status is ExitStatus.GOOD
    assert file.read_bytes().startswith(b"::error title=")
    assert summary.read_text().startswith("before\n## NOT COMPATIBLE" if named else "before\n")
    assert ("##" in summary.read_text()) is named


def test_a_step_summary_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    status = write_documents([Document("github", Output(tmp_path / "commands"))], "verdict", verdict())
    assert status is ExitStatus.INPUT
    assert (tmp_path / "commands").exists()
