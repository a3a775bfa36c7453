"""What can go wrong with builds.

InputError
└── SourceError         the source is not what the recipe says
    ├── PatchError      a patch does not apply
    ├── CompileError    the source does not compile; carries the first error and the log (exit status 1)
    └── UnsoundError    lint finds errors in what was built (exit status 1)
RigError
├── ToolchainError      programs or headers that a build needs are missing; names all of them
└── IsolationError      this machine cannot cut a build off from the network
"""

from pathlib import Path

from bootrig.errors import ExitStatus, InputError, RigError


class SourceError(InputError):
    """The source is not what the recipe says."""


class PatchError(SourceError):
    """A patch does not apply."""


class CompileError(SourceError):
    """The source does not compile.

    Attributes:
        first_error: the first error in the log, with what belongs to it.
        log: the whole log.
    """

    exit_status = ExitStatus.BAD
    is_untested = True

    def __init__(self, message: str, *, first_error: str, log: Path) -> None:
        super().__init__(f"{message}\n{first_error}".rstrip(), remedy=f"the whole log is {log}")
        self.first_error = first_error
        self.log = log


class UnsoundError(SourceError):
    """Lint finds errors in what was built."""

    exit_status = ExitStatus.BAD


class ToolchainError(RigError):
    """Programs or headers that a build needs are missing."""


class IsolationError(RigError):
    """This machine cannot cut a build off from the network."""
