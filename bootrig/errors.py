"""The error tree.

    BootrigError
    ├── InputError     what the user gave is wrong: a recipe, a file, an option (exit status 2)
    └── RigError       the rig or its host is broken or incomplete (exit status 3)
        └── BugError   bootrig did what it never should

Every package derives its own errors from these two. That the firmware under test is bad is an outcome or a verdict
(exit status 1), and an exception only where its source does not compile.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar


class ExitStatus(IntEnum):
    """How bootrig's commands end.

    `GOOD`: what is under test is good. `BAD`: a regression, a failed boot, a lint error, a source under test that does
    not compile. `INPUT`: what the user gave is wrong. `BROKEN`: nothing was proven: the rig or its host is broken, or
    the verdict says so. `SKIPPED`: `bisect` and `--exit-for bisect` have it for what proves nothing; git and Mercurial
    skip a commit on it. The others: a signal ended the command; 128 and its number, as shells have it.
    """

    GOOD = 0
    BAD = 1
    INPUT = 2
    BROKEN = 3
    SKIPPED = 125
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143

    def join(self, *others: "ExitStatus") -> "ExitStatus":
        """Return the status of a command to which this one and `others` apply: a signal's, else 2, else 1, else 3.

        That a bug of bootrig is 3 whatever else applies is decided before.
        """
        return min((self, *others), key=_ORDER.index)


_ORDER = [ExitStatus.TERMINATED, ExitStatus.INTERRUPTED, ExitStatus.HUNG_UP]
_ORDER += [ExitStatus.INPUT, ExitStatus.BAD, ExitStatus.SKIPPED, ExitStatus.BROKEN, ExitStatus.GOOD]


class BootrigError(Exception):
    """Root of every error that bootrig raises on purpose.

    Attributes:
        exit_status: how a command ends that raises it.
        is_untested: whether what is under test never came to be, so that it is neither good nor bad to a bisection.
        remedy: what the user can do about it, a sentence or a command; empty where nothing is known.
    """

    exit_status: ClassVar[ExitStatus] = ExitStatus.BROKEN
    is_untested: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class InputError(BootrigError):
    """What the user gave is wrong."""

    exit_status = ExitStatus.INPUT


class RigError(BootrigError):
    """The rig or its host is broken or incomplete; no firmware is to blame."""


class BugError(RigError):
    """bootrig did what it never should, whatever it was given; the traceback is kept in a file that it names."""


BUG_WORDS = "this is a bug of bootrig"
"""How the message of a bug begins, also where only the message is left of it."""

INPUT_WORDS = "the input is wrong"
"""How the message of a cell begins in which the user's input was found to be wrong, in place of a broken rig's."""


def is_wrong_input(message: str) -> bool:
    """Whether a cell's message says that not its rig is broken, but its input wrong."""
    return message.startswith(INPUT_WORDS)


def settle_status(earned: ExitStatus, broken: Iterable[str]) -> ExitStatus:
    """Return the status of a run that earned `earned` by its boots, and has the messages of cells that broke.

    What was proven stands: nothing that a broken cell would have shown takes it back. Only a bug of bootrig does.
    """
    messages = tuple(broken)
    if any(message.startswith(BUG_WORDS) for message in messages):
        return ExitStatus.BROKEN
    return earned.join(*(ExitStatus.INPUT if is_wrong_input(message) else ExitStatus.BROKEN for message in messages))
