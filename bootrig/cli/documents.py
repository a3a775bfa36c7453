"""Documents that verbs write where the user says: `--report KIND[=FILE]` and its short forms."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bootrig.errors import InputError
from bootrig.jsonfile import encode_json
from bootrig.workdir import write_atomically

if TYPE_CHECKING:
    from bootrig.compare import Outcomes, Verdict
    from bootrig.report.format import Findings

STANDARD_OUTPUT = Path("-")
SHORT_FORMS = ("json", "junit", "sarif")


@dataclass(frozen=True, slots=True)
class Document:
    """A report that is asked for: its kind, and where it goes."""

    kind: str
    path: Path

    @property
    def is_printed(self) -> bool:
        """Whether it goes to standard output, which then holds nothing else."""
        return self.path == STANDARD_OUTPUT


def add_document_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--report`, and the short forms `--json` and `--junit`."""
    add_report_option(parser, what, "text, json or junit")
    for kind in ("json", "junit"):
        parser.add_argument(f"--{kind}", metavar="FILE", help=f"short for --report {kind}=FILE ('-': standard output)")


def add_report_option(parser: argparse.ArgumentParser, what: str, kinds: str) -> None:
    """Add `--report`."""
    parser.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="KIND[=FILE]",
        help=f"write {what} as {kinds}; without FILE to standard output; repeatable",
    )


def read_documents(arguments: argparse.Namespace, subject: str) -> tuple[Document, ...]:
    """Return the documents about `subject` that a command line asks for, after finding out that they can be written.

    Raises:
        InputError: a document cannot go where the user says, two go to standard output, or there is no such format.
    """
    from bootrig.report.format import find_encoder

    short = [(kind, file) for kind in SHORT_FORMS if (file := getattr(arguments, kind, None))]
    pairs = [*(word.partition("=")[::2] for word in arguments.report), *short]
    documents = tuple(Document(kind, Path(file or STANDARD_OUTPUT)) for kind, file in pairs)
    if sum(document.is_printed for document in documents) > 1:
        raise InputError("two reports cannot both go to standard output", remedy="give one a file: --report KIND=FILE")
    require_writable(*(document.path for document in documents))
    for document in documents:
        find_encoder(document.kind, subject)
    return documents


def require_writable(*paths: Path) -> None:
    """Find out before hours of boots, not after them, that a document cannot go where the user says.

    Raises:
        InputError: a path is a directory, or is below something that is not one.
    """
    for path in paths:
        if path == STANDARD_OUTPUT:
            continue
        if path.is_dir():
            raise InputError(f"cannot write {path}: Is a directory")
        parent = next(parent for parent in path.absolute().parents if parent.exists())
        if not parent.is_dir():
            raise InputError(f"cannot write {path}: {parent} is not a directory")


def write_documents(documents: Sequence[Document], subject: str, value: "Verdict | Outcomes | Findings") -> None:
    """Write documents about `value`, which is a `verdict`, `outcomes` or `findings`.

    Raises:
        InputError: there is no such format, or a file cannot be written.
    """
    from bootrig.report.format import find_encoder

    for document in documents:
        content = find_encoder(document.kind, subject)(value)
        if document.is_printed:
            sys.stdout.write(content.decode())
            continue
        try:
            _write(document.path, content)
        except OSError as error:
            raise InputError(f"cannot write {document.path}: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    """Write into what exists and is not a regular file; follow a link; else rename a new file into place."""
    if path.exists() and not path.is_file():
        path.write_bytes(content)
    else:
        write_atomically(path.resolve(), content)


def print_json(name: str, **fields: object) -> None:
    """Print the document `bootrig-NAME/1` with these fields."""
    sys.stdout.write(encode_json({"format": f"bootrig-{name}/1", **fields}).decode())
