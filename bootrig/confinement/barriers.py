"""What holds a guest, in the words of traces, and what of it a machine does not have."""

from collections.abc import Iterable
from enum import StrEnum


class Barrier(StrEnum):
    """One thing that is between a guest and the machine.

    What a machine lacks is told as the word, and behind it, where there is more to say, the reason in brackets.
    """

    USER_NAMESPACE = "user-namespace"
    UNPRIVILEGED_USER = "unprivileged-user"
    OWN_ROOT = "own-root"
    OWN_PROC = "own-proc"
    EMULATOR_NAMESPACE = "emulator-namespace"
    SYSTEM_CALL_FILTER = "seccomp"
    QEMU_SANDBOX = "qemu-sandbox"

    def because(self, reason: str) -> str:
        """Return what tells that a machine lacks it."""
        return f"{self} ({reason})"


def find_held(lacking: Iterable[str]) -> tuple[str, ...]:
    """Return the barriers that hold where a machine lacks some."""
    words = {text.partition(" ")[0] for text in lacking}
    return tuple(str(barrier) for barrier in Barrier if barrier not in words)
