"""What can be wrong in a file that users write: a recipe, a scenario, a guest, waivers, settings.

InputError
└── DocumentError           a file says something wrong; every problem at once
    └── UnknownRecipeError  (bootrig.recipe) no recipe has this name
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bootrig.errors import InputError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in one place of one file.

    Attributes:
        path: the file.
        key_path: where in it: `rom[3].sha256`; a line and column for broken syntax; empty for the whole file.
        message: what was found and what was expected.
    """

    path: Path
    key_path: str
    message: str

    def __str__(self) -> str:
        """Return `file: key path: message`."""
        place = f"{self.path}: {self.key_path}" if self.key_path else f"{self.path}"
        return f"{place}: {self.message}"


class DocumentError(InputError):
    """A file that people write says something wrong.

    Attributes:
        problems: all that is wrong, in the order of the file.
    """

    def __init__(self, message: str, problems: Sequence[Problem] = (), *, remedy: str = "") -> None:
        super().__init__("\n  ".join([message, *map(str, problems)]), remedy=remedy)
        self.problems = tuple(problems)
