"""The guest's console on this terminal: shown, or handed over."""

import asyncio
import os
import stat
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from bootrig.cli.guest_text import GuestText
from bootrig.errors import InputError
from bootrig.trace.reading.console import ConsoleReader

LEAVE = b"\x1d"  # Ctrl-], as in telnet
READ_LENGTH = 1024


class Screen:
    """Prints what the guest prints, a line at a time, each with the guest's clock."""

    stays = False

    def __init__(self) -> None:
        self._reader = ConsoleReader()
        self._begun: list[str] = []  # pieces of a line that is not complete

    def attach(self, write: Callable[[bytes], None], leave: Callable[[], None]) -> None:
        """Nobody types here, and the boot goes on where nobody reads any more."""

    def show(self, text: str, guest_s: float | None) -> None:
        """Print the lines that are complete."""
        self._reader.feed(text, guest_s)
        *lines, rest = self._reader.take_new().split("\n")
        if lines:
            lines[0] = "".join([*self._begun, lines[0]])
            self._begun.clear()
        self._begun.append(rest)
        for line in lines:
            if line.strip():
                print(f"[{guest_s or 0:5.0f} s] {line.rstrip()}", flush=True)


class Keyboard:
    """Hands the terminal over: what is typed goes to the guest, what it prints comes as far as it is harmless."""

    stays = True

    def __init__(self) -> None:
        self._text = GuestText()

    def attach(self, write: Callable[[bytes], None], leave: Callable[[], None]) -> None:
        """Read the terminal in the event loop from now on."""
        loop = asyncio.get_running_loop()
        source = sys.stdin.fileno()

        def read() -> None:
            typed = os.read(source, READ_LENGTH)
            before, found, _ = typed.partition(LEAVE)
            if before:
                write(before)
            if found or not typed:
                loop.remove_reader(source)
                leave()

        loop.add_reader(source, read)

    def show(self, text: str, guest_s: float | None) -> None:
        """Print what came."""
        sys.stdout.buffer.write(self._text.feed(text).encode())
        sys.stdout.buffer.flush()


def require_typist() -> None:
    """Make sure that somebody can type.

    Raises:
        InputError: standard input is a file or the null device, for which an event loop cannot wait.
    """
    source = sys.stdin.fileno()
    kind = os.fstat(source).st_mode
    if not (os.isatty(source) or stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)):
        raise InputError("--interactive: standard input is neither a terminal nor a pipe")


@contextmanager
def start_raw_terminal() -> Iterator[None]:
    """Let every key through, Ctrl-C and Ctrl-B among them, where standard input is a terminal; restore it then.

    The guest's colours end with it.
    """
    source = sys.stdin.fileno()
    if not os.isatty(source):
        yield
        return
    before = termios.tcgetattr(source)
    try:
        tty.setraw(source)
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(source, termios.TCSADRAIN, before)
        if sys.stdout.isatty():
            sys.stdout.buffer.write(b"\x1b[m")
            sys.stdout.buffer.flush()
