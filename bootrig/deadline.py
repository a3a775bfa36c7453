"""One deadline, made once and handed down."""

import math
import time
from dataclasses import dataclass

from bootrig.errors import RigError


class DeadlineError(RigError):
    """A deadline on the wall clock has passed."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock by which something has to be done.

    Attributes:
        moment_s: seconds on `time.monotonic`'s clock; infinity for "never".
        purpose: what has to be done by then, for the message when it was not.
    """

    moment_s: float
    purpose: str

    @classmethod
    def after(cls, wall_s: float, purpose: str) -> "Deadline":
        """Return the deadline that is `wall_s` seconds ahead."""
        return cls(time.monotonic() + wall_s, purpose)

    @classmethod
    def never(cls, purpose: str) -> "Deadline":
        """Return a deadline that never passes."""
        return cls(math.inf, purpose)

    @property
    def left_s(self) -> float:
        """Seconds of wall time left, at least 0."""
        return max(0.0, self.moment_s - time.monotonic())

    @property
    def limit_s(self) -> float | None:
        """The same for functions that wait, to which no limit is None."""
        return None if self.moment_s == math.inf else self.left_s

    @property
    def passed(self) -> bool:
        """Whether the deadline has passed."""
        return self.left_s == 0.0

    def require(self) -> float:
        """Return the seconds left.

        Raises:
            DeadlineError: none are left.
        """
        left_s = self.left_s
        if left_s == 0.0:
            raise DeadlineError(f"deadline passed: {self.purpose}")
        return left_s
