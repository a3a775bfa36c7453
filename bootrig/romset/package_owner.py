"""Directories that a package manager owns: whatever is embedded there is lost when a package is upgraded.

Source: dpkg-query(1), `--search`; rpm(8), `--query --file`.
"""

import shutil
from pathlib import Path

from bootrig.deadline import Deadline
from bootrig.process import run_process
from bootrig.romset.errors import EmbedRefusedError

ASK_S = 20.0
QUESTIONS = (("dpkg-query", "--search"), ("rpm", "--query", "--file"))


def find_owner(directory: Path) -> str:
    """Return the packages that own a directory, as their manager names them; empty where none does."""
    for question in QUESTIONS:
        if shutil.which(question[0]) is None:
            continue
        for place in dict.fromkeys((directory.absolute(), directory.resolve())):
            deadline = Deadline.after(ASK_S, f"{question[0]} says who owns {place}")
            asked = run_process([*question, place], deadline=deadline, check=False)
            lines = asked.stdout.decode("utf-8", "replace").splitlines() if asked.status == 0 else []
            # dpkg-query tells diversions first, and the path behind the names
            if names := [line.partition(": /")[0] for line in lines if not line.startswith("diversion by ")]:
                return ", ".join(names)
    return ""


def require_unowned(directory: Path) -> None:
    """Refuse a directory that a package manager owns.

    Raises:
        EmbedRefusedError: it does; the remedy is what outlasts an upgrade.
    """
    if owner := find_owner(directory):
        raise EmbedRefusedError(
            f"{directory} belongs to packages, whose next upgrade overwrites what is embedded there: {owner}",
            remedy="embed into a directory of your own and start QEMU with -L DIR before its other options, "
            "or move each file of the package away for good by dpkg-divert",
        )
