"""ci/debian: what it refuses before it makes anything. What it does is run before a release."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conventions.tracked import ROOT


def refuse(*words: str, directory: Path) -> str:
    """Call it with nothing in its home, expect exit status 3, and return what it said."""
    ended = subprocess.run(
        [ROOT / "ci" / "debian", *words],
        env={"HOME": str(directory), "PATH": os.environ["PATH"], "TMPDIR": str(directory)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (3, ""), ended.stderr
    assert not list(directory.iterdir())
    return ended.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "which release? There are: 12 13"),
        (("11",), "which release? There are: 12 13"),
        (("13", "--user", "--fast"), "there is no option --fast"),
    ],
)
def test_what_it_does_not_know(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    assert refuse(*words, directory=tmp_path) == f"ci/debian: {told}\n"
