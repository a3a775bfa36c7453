"""A guest's console as a pexpect object."""

from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

from pexpect import EOF
from pexpect.fdpexpect import fdspawn

from bootrig.api import OpenedConsole
from bootrig.trace.trace import Trace

if TYPE_CHECKING:
    _Spawn = fdspawn[str]
else:
    _Spawn = fdspawn

WAIT_S = 120.0


class GuestConsole(_Spawn):
    """The console of a guest that runs, decoded as UTF-8."""

    def __init__(self, opening: AbstractContextManager[OpenedConsole]) -> None:
        self._stack = ExitStack()
        self._opened = self._stack.enter_context(opening)
        super().__init__(self._opened.socket, encoding="utf-8", codec_errors="replace", timeout=WAIT_S)

    def leave(self) -> None:
        """End the guest, unless it has ended.

        Raises:
            CellError: the rig broke.
        """
        self._stack.close()

    def end(self) -> Trace:
        """End the guest, unless it has ended, and return what its boot showed.

        Raises:
            CellError: the rig broke.
        """
        self.leave()
        return self._opened.load_trace()

    def read_nonblocking(self, size: int = 1, timeout: float | None = -1) -> str:
        """Read what the guest has printed.

        Raises:
            CellError: there is nothing more because the rig broke.
        """
        try:
            return super().read_nonblocking(size, timeout)
        except EOF:
            self.leave()
            raise
