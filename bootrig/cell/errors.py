"""Errors of cells.

RigError
└── CellError   a cell broke: QEMU or a server died, a file could not be written, a tool is missing; or its message
                begins with `INPUT_WORDS`, and the user's input is wrong
"""

from bootrig.errors import RigError


class CellError(RigError):
    """The cell `label` broke; the ROM under test is not to blame. The logs are in the attempt's `directory`."""

    def __init__(self, message: str, *, label: str = "", directory: str = "", remedy: str = "") -> None:
        super().__init__(f"{label}: {message}" if label else message, remedy=remedy)
        self.label = label
        self.directory = directory
