"""Documents that verbs write where the user says: `--report KIND[=FILE]` and its short forms."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bootrig.bug import keep_bugs
from bootrig.cli.telling import tell_error
from bootrig.errors import BootrigError, ExitStatus, InputError
from bootrig.jsonfile import encode_json
from bootrig.output import Output, describe_error, open_output

if TYPE_CHECKING:
    from bootrig.compare import Outcomes, Verdict
    from bootrig.report.format import Findings

STANDARD_OUTPUT = tuple(map(Path, ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")))
SHORT_FORMS = ("json", "junit", "sarif")
# What a command line has beside the files that it reads.
UNREAD = ("argv", "report", "runs", *SHORT_FORMS)


@dataclass(frozen=True, slots=True)
class Document:
    """A report that is asked for: its kind, and where it goes; None for standard output."""

    kind: str
    output: Output | None

    @property
    def is_printed(self) -> bool:
        """Whether it goes to standard output, which then holds nothing else."""
        return self.output is None


def add_document_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--report`, and the short forms `--json` and `--junit`."""
    add_report_option(parser, what, "text, json, junit, tap, markdown, github or html")
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
        InputError: a document cannot go where the user says, would replace a file that is read, two go to one place, or
            there is no such format.
    """
    from bootrig.report.format import find_encoder

    words = [word.partition("=")[::2] for word in arguments.report]
    words += [(kind, file) for kind in SHORT_FORMS if (file := getattr(arguments, kind, None))]
    pairs = [(kind, Path(file or "-")) for kind, file in words]
    files = [path.resolve() for _, path in pairs if path not in STANDARD_OUTPUT]
    if len(pairs) - len(files) > 1:
        raise InputError("two reports cannot both go to standard output", remedy="give one a file: --report KIND=FILE")
    if twice := [path for path in files if path.is_file() or not path.exists() if files.count(path) > 1]:
        raise InputError(f"two reports cannot both go to {twice[0]}", remedy="give each a file of its own")
    for kind, _ in pairs:
        find_encoder(kind, subject)
    inputs = tuple(_iter_inputs(arguments))
    return tuple(Document(kind, None if path in STANDARD_OUTPUT else open_output(path, inputs)) for kind, path in pairs)


def _iter_inputs(arguments: argparse.Namespace) -> Iterator[Path]:
    """Yield what may be a file that a command reads: its words."""
    for name, value in vars(arguments).items():
        for word in value if isinstance(value, list) else [value]:
            if name not in UNREAD and isinstance(word, str | Path):
                yield Path(word)


def deliver(
    documents: Sequence[Document],
    subject: str,
    value: "Verdict | Outcomes | Findings",
    *,
    show: Callable[[], None],
    directory: Path,
    status: ExitStatus,
    baseline: Path | None = None,
) -> ExitStatus:
    """Write documents about `value`, a `verdict`, `outcomes` or `findings`; then show it on the terminal.

    A document that cannot be written keeps nothing else from being told. Bugs are kept in the run's `directory`. The
    baseline's boots are in its run `baseline`, where that is another one.

    Returns:
        The exit status: `status` of the work, unless a document could not be written.
    """
    with keep_bugs(directory):
        joined = write_documents(documents, subject, value, (baseline or directory, directory))
        show()
    return status.join(joined)


def write_documents(
    documents: Sequence[Document], subject: str, value: "Verdict | Outcomes | Findings", runs: Sequence[Path] = ()
) -> ExitStatus:
    """Write documents about `value`, with the evidence in `runs`, the baseline's first.

    Those that cannot be written are told; the status that is due to it is returned.
    """
    from bootrig.report.format import find_encoder, load_formats

    status = ExitStatus.GOOD
    for document in documents:
        content = find_encoder(document.kind, subject, runs)(value)
        for variable, kind in load_formats()[document.kind].appended.items():
            if name := os.environ.get(variable):
                status = status.join(_append(Path(name), find_encoder(kind, subject, runs)(value)))
        sys.stdout.flush()
        if document.output is None:
            print_bytes(content)
            continue
        try:
            document.output.write(content)
        except BootrigError as error:
            status = status.join(tell_error(error))
    return status


def _append(path: Path, content: bytes) -> ExitStatus:
    """Add `content` to a file, and return the status that is due to that."""
    try:
        with path.open("ab") as stream:
            stream.write(content)
    except OSError as error:
        return tell_error(describe_error(path, error))
    return ExitStatus.GOOD


def print_bytes(content: bytes) -> None:
    """Print a document as it is, in no other encoding than its own."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.flush()


def print_json(name: str, **fields: object) -> None:
    """Print the document `bootrig-NAME/1` with these fields."""
    print_bytes(encode_json({"format": f"bootrig-{name}/1", **fields}))
