"""Documents that verbs write where the user says."""

import argparse
import os
from pathlib import Path

import pytest

from bootrig.cli.documents import (
    STANDARD_OUTPUT,
    Document,
    add_document_options,
    read_documents,
    require_writable,
    write_documents,
)
from bootrig.compare import compare_traces
from bootrig.errors import InputError
from bootrig.report.json import encode_verdict

VERDICT = compare_traces([], [])


def read(*words: str) -> tuple[Document, ...]:
    parser = argparse.ArgumentParser()
    add_document_options(parser, "the verdict")
    return read_documents(parser.parse_args(words), "verdict")


def test_where_documents_can_go(tmp_path: Path) -> None:
    require_writable(Path("-"), tmp_path / "verdict.json", tmp_path / "made" / "later" / "verdict.xml")


def test_where_documents_cannot_go(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Is a directory"):
        require_writable(Path("-"), tmp_path)
    with pytest.raises(InputError, match="file is not a directory"):
        require_writable(tmp_path / "file" / "verdict.json")


def test_reports_by_kind_and_by_their_short_forms(tmp_path: Path) -> None:
    file = tmp_path / "a=b.json"
    assert read("--report", f"json={file}", "--report", "text", "--junit", str(tmp_path / "x")) == (
        Document("json", file),
        Document("text", STANDARD_OUTPUT),
        Document("junit", tmp_path / "x"),
    )
    assert read("--json", "-") == (Document("json", STANDARD_OUTPUT),)
    assert read() == ()


def test_two_reports_do_not_share_standard_output() -> None:
    with pytest.raises(InputError, match="two reports cannot both go to standard output"):
        read("--report", "json", "--junit", "-")


def test_an_unknown_kind_is_refused_before_anything_starts() -> None:
    with pytest.raises(InputError, match='there is no report "pdf" here'):
        read("--report", "pdf")


def test_a_link_is_followed_and_a_pipe_written_into(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_documents([Document("json", tmp_path / "link")], "verdict", VERDICT)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == encode_verdict(VERDICT)
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_documents([Document("json", tmp_path / "pipe")], "verdict", VERDICT)
    assert os.read(reader, 4096) == encode_verdict(VERDICT)
    os.close(reader)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nothing" / "here")
    (tmp_path / "nothing").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write_documents([Document("json", tmp_path / "gone")], "verdict", VERDICT)
