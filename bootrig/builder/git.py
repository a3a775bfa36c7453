"""Asking git."""

from pathlib import Path

from bootrig.deadline import Deadline
from bootrig.process import run_process

GIT_S = 60.0


def ask_git(directory: Path, *words: str) -> str:
    """Return what git answers in `directory`; nothing that the work tree's own configuration names is run.

    Raises:
        ToolMissingError: git is not installed.
        ProcessError: git refuses.
    """
    argv = ["git", "-C", str(directory), "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", *words]
    return run_process(argv, deadline=Deadline.after(GIT_S, f"git {words[0]} runs")).stdout.decode(
        "utf-8", "surrogateescape"
    )
