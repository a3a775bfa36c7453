"""The entry point: finds the verb, runs it, turns errors into exit statuses.

Exit statuses are those of `bootrig.errors.ExitStatus`: what the work earned, whatever became of the terminal.
"""

import argparse
import errno
import importlib
import logging
import os
import signal
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import NoReturn

from bootrig import __version__
from bootrig.bug import keep_bugs
from bootrig.cli.guide import describe_verb, describe_verbs
from bootrig.cli.parser import Parser
from bootrig.cli.telling import tell_error
from bootrig.errors import BootrigError, ExitStatus, RigError
from bootrig.standard_streams import find_failure, guard_standard_streams

VERBS: dict[str, str] = {
    "compare": "boot two ROM sets and say whether the second can replace the first",
    "record": "boot a ROM set and keep its boots, to compare with where its ROMs are not at hand",
    "judge": "judge recorded boots again, without booting",
    "report": "one HTML page of a run, with its evidence",
    "runs": "list runs, and remove old ones",
    "show": "the verdict of a run again, or all about one of its cells",
    "rerun": "boot again what a run booted",
    "history": "what runs found over time, of cells and of differences",
    "waive": "accept a difference of a run, with the reason",
    "merge": "join the runs of a matrix' shards into one",
    "run": "boot ROM sets and report the outcomes",
    "boot": "one boot, with its console",
    "bisect": "find the first bad commit of a source tree, or the first bad one of several sides",
    "roms": "list and show ROM sets",
    "store": "import, list, check and remove stored files",
    "cache": "list and remove what is kept of results",
    "embed": "write a ROM set into an emulator's data directory",
    "build": "build a ROM set or a platform firmware from source",
    "lint": "judge option ROMs and ROM sets by their bytes",
    "assemble": "join, split and edit option ROMs",
    "rules": "what boots are compared by",
    "explain": "what a rule looks at, and what can be done",
    "guest": "machine definitions: check, run, schema, reference pages",
    "emulators": "the QEMUs that can be used",
    "doctor": "what this machine can do, and what is missing",
}

# what may take long tells its steps without -v, so that nobody waits in silence
TOLD = ("bootrig.store.fetch", "bootrig.romset.kinds.recipe")
BISECT, EXIT_OPTION = "bisect", "--exit-for"
JUDGING_VERBS = ("compare", "judge", "run", "boot", "build", "lint")
EXIT_HELP = "for git bisect run: end with 125 in place of 2 and 3, and where a source does not compile"
HELP_WIDTH = 78
UNPROVEN = (ExitStatus.INPUT, ExitStatus.BROKEN)
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def make_parser(verbs: Sequence[str] = tuple(VERBS)) -> Parser:
    """Return the argument parser; only the modules of `verbs` are imported."""
    plain = argparse.RawDescriptionHelpFormatter
    summary = "Build network boot firmware and prove it by booting."
    parser = Parser(prog="bootrig", description=summary, epilog=describe_verbs(VERBS), formatter_class=plain)
    parser.add_argument("-V", "--version", action="version", version=f"bootrig {__version__}")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="show the commands that are run")
    subparsers = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, does in VERBS.items():
        subparser = subparsers.add_parser(verb, description=does, epilog=describe_verb(verb), formatter_class=plain)
        parser.verbs[verb] = subparser
        if verb in verbs:
            importlib.import_module(f"bootrig.cli.{verb}").add_arguments(subparser)
            if verb in JUDGING_VERBS:
                subparser.add_argument(EXIT_OPTION, choices=[BISECT], help=EXIT_HELP)
            subparser.description = textwrap.fill(subparser.description or "", HELP_WIDTH)
    return parser


def _parse(words: Sequence[str]) -> argparse.Namespace:
    """Return what a command line says; `help`, `help VERB` and `version` are what others call `--help`, `--version`."""
    match list(words[:1]):
        case ["help"]:
            words = [*words[1:2], "--help"]
        case ["version"]:
            words = ["--version"]
    verb = _find_verb(words)
    parser = make_parser([verb] if verb else [])
    arguments, unknown = parser.parse_known_args(words)
    if unknown:
        parser.verbs[arguments.verb].error(f"unrecognized arguments: {' '.join(unknown)}")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: this process's) and return the exit status, whatever becomes of its output.

    Standard output that is full is a broken host; one that nobody reads any more changes nothing.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    _open_missing_streams()
    with guard_standard_streams():
        status = _end(words)
        failure = find_failure()
        if failure is not None:
            print(f"bootrig: standard output: {failure.strerror}", file=sys.stderr)
            status = status.join(ExitStatus.BROKEN)
        return ExitStatus.SKIPPED if _is_for_bisect(words) and status in UNPROVEN else status


def _is_for_bisect(words: Sequence[str]) -> bool:
    """Whether whoever runs a command line takes 125 for what proves nothing, also for words that are wrong."""
    asked = (EXIT_OPTION, BISECT) in pairwise(words) or f"{EXIT_OPTION}={BISECT}" in words
    return asked or _find_verb(words) == BISECT


def _find_verb(words: Sequence[str]) -> str | None:
    return next((word for word in words if word in VERBS), None)


def _end(words: Sequence[str]) -> ExitStatus:
    """Run a command line; what ends it becomes a message and an exit status."""
    try:
        with _signals_end(), keep_bugs():
            return ExitStatus(_run(words))
    except _SignalError as signalled:
        print(f"bootrig: ended by {signalled.number.name}", file=sys.stderr)
        return ExitStatus(128 + signalled.number)
    except KeyboardInterrupt:
        print("bootrig: interrupted", file=sys.stderr)
        return ExitStatus.INTERRUPTED
    except BootrigError as error:
        status = tell_error(error)
        return ExitStatus.SKIPPED if error.is_untested and _is_for_bisect(words) else status
    except SystemExit as end:  # argparse has told what is wrong
        if end.code == ExitStatus.INPUT and _is_for_bisect(words):
            return ExitStatus.INPUT
        raise
    except OSError as error:
        message = f"{error.filename or 'the operating system'}: {error.strerror or error}"
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return tell_error(RigError(message, remedy="free some space, or name another place" if is_full else ""))


def _run(words: Sequence[str]) -> int:
    """Run the verb that a command line names and return its exit status."""
    arguments = _parse(words)
    arguments.argv = words
    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.WARNING, format="%(message)s", stream=sys.stderr
    )
    for name in TOLD:
        logging.getLogger(name).setLevel(min(logging.INFO, logging.root.level))
    try:
        status: int = importlib.import_module(f"bootrig.cli.{arguments.verb}").run(arguments)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("", "bootrig", "firmware"):
            raise
        raise RigError(f"the Python package {error.name} is not installed", remedy="bootrig doctor") from error
    return status


def _open_missing_streams() -> None:
    """Let the null device stand for each standard stream that was closed before this process began.

    Python has None in its place, and the next file that is opened would get its descriptor.
    """
    for name, flags, mode in (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_WRONLY, "w"), ("stderr", os.O_WRONLY, "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, flags)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode))


class _SignalError(KeyboardInterrupt):
    """A signal asks this process to end; everything ends as it does on Ctrl-C."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__()
        self.number = number


@contextmanager
def _signals_end() -> Iterator[None]:
    """Let the signals that end a process end what it has started, too; only a main thread can see to that.

    A signal that whoever started this process wants to be ignored (`nohup`) stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: object) -> NoReturn:
        raise _SignalError(signal.Signals(number))

    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    heeded = (number for number in ENDING_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN)
    before = {number: signal.signal(number, end) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
