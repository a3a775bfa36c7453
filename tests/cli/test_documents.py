"""Documents that verbs write where the user says."""

import argparse
import os
import re
from pathlib import Path

import pytest

from bootrig.cli.documents import Document, add_document_options, deliver, read_documents, write_documents
from bootrig.cli.main import make_parser
from bootrig.compare import compare_traces
from bootrig.errors import BugError, ExitStatus, InputError
from bootrig.output import Output
from bootrig.report.format import load_formats
from bootrig.report.json import encode_verdict

VERDICT = compare_traces([], [])


def read(*words: str) -> tuple[Document, ...]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--waivers", type=Path)
    parser.add_argument("--rom", action="append")
    add_document_options(parser, "the verdict")
    return read_documents(parser.parse_args(words), "verdict")


def test_reports_by_kind_and_by_their_short_forms(tmp_path: Path) -> None:
    file = tmp_path / "a=b.json"
    assert read("--report", f"json={file}", "--report", "text", "--junit", str(tmp_path / "x")) == (
        Document("json", Output(file)),
        Document("text", None),
        Document("junit", Output(tmp_path / "x")),
    )
    for word in ("-", "/dev/stdout", "/dev/fd/1"):
        assert read("--json", word) == (Document("json", None),)
    assert read() == ()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--report", "json", "--junit", "-"], "two reports cannot both go to standard output"),
        (["--json", "{d}/x", "--junit", "{d}/./x"], "two reports cannot both go to {d}/x"),
        (["--report", "pdf"], 'there is no report "pdf" here'),
        (["--json", "{d}"], "cannot write {d}: Is a directory"),
        (["--json", "{d}/file/x"], "cannot write {d}/file/x: {d}/file is not a directory"),
        (["--json", "{d}/file", "--waivers", "{d}/file"], "cannot write {d}/file: it is also read"),
        (["--json", "{d}/file", "--rom", "x", "--rom", "{d}/file"], "cannot write {d}/file: it is also read"),
    ],
)
def test_what_is_refused_before_anything_starts(words: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as caught:
        read(*(word.format(d=tmp_path) for word in words))
    assert str(caught.value).startswith(message.format(d=tmp_path))


def test_a_document_that_cannot_be_written_keeps_nothing_else_from_being_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full, lost, good = (
        Output(Path("/dev/full"), os.open("/dev/full", os.O_WRONLY)),
        Output(tmp_path / "a/b"),
        tmp_path / "c",
    )
    documents = [Document("json", full), Document("tap", Output(good))]
    for status, joined in ((ExitStatus.GOOD, ExitStatus.BROKEN), (ExitStatus.BAD, ExitStatus.BAD)):
        ended = deliver(
            documents, "verdict", VERDICT, show=lambda: print("told", good.exists()), directory=tmp_path, status=status
        )
        assert ended is joined
        printed = capsys.readouterr()
        assert (printed.out, printed.err[:57]) == (
            "told True\n",
            "bootrig: cannot write /dev/full: No space left on device\n",
        )
        documents[0] = Document("json", Output(Path("/dev/full"), os.open("/dev/full", os.O_WRONLY)))
    (tmp_path / "a").touch()
    assert write_documents([Document("json", lost)], "verdict", VERDICT) is ExitStatus.INPUT
    os.close(documents[0].output.descriptor)  # type: ignore[union-attr,arg-type]


def test_a_bug_of_a_report_is_kept_in_the_run(tmp_path: Path) -> None:
    def show() -> None:
        raise ZeroDivisionError

    with pytest.raises(BugError):
        deliver(
            [Document("json", Output(tmp_path / "x"))],
            "verdict",
            VERDICT,
            show=show,
            directory=tmp_path,
            status=ExitStatus.BAD,
        )
    assert (tmp_path / "x").read_bytes() == encode_verdict(VERDICT)
    assert "ZeroDivisionError" in (tmp_path / "bug.txt").read_text()


@pytest.mark.parametrize(
    ("verb", "subject"), [("compare", "verdict"), ("judge", "verdict"), ("run", "outcomes"), ("lint", "findings")]
)
def test_the_help_names_all_kinds(verb: str, subject: str) -> None:
    told = " ".join(make_parser([verb])._subparsers._group_actions[0].choices[verb].format_help().split())  # type: ignore[union-attr,index,call-overload]
    found = re.search(r"--report KIND\[=FILE\] write .* as (.*?); without FILE", told)
    assert found is not None
    assert sorted(re.split(", | or ", found[1])) == [
        name for name, one in load_formats().items() if getattr(one, subject) is not None
    ]


def test_the_readme_names_all_kinds() -> None:
    paragraphs = (Path(__file__).parents[2] / "README.md").read_text().lower().split("\n\n")
    (told,) = [one for one in paragraphs if "`--report kind=file`" in one]
    able = [name for name, one in load_formats().items() if one.verdict is not None]
    assert [name for name in able if name not in told] == []
