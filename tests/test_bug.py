"""The last resort."""

from pathlib import Path

import pytest

from bootrig.bug import BUG_FILE, keep_bug, keep_bugs
from bootrig.errors import BugError, ExitStatus, InputError


def test_a_bug_is_told_in_a_line_and_its_traceback_kept(tmp_path: Path) -> None:
    line = r"^this is a bug of bootrig: ValueError: two lines \(test_bug.py:\d+\)$"
    with pytest.raises(BugError, match=line) as caught, keep_bugs(tmp_path / "run"):
        raise ValueError("two\nlines")
    kept = (tmp_path / "run" / BUG_FILE).read_text()
    assert kept.startswith("Traceback") and kept.endswith("two\nlines\n")
    assert str(tmp_path / "run" / BUG_FILE) in caught.value.remedy
    assert caught.value.exit_status is ExitStatus.BROKEN


@pytest.mark.parametrize("error", [InputError("no"), OSError(5, "no"), KeyboardInterrupt(), BugError("told already")])
def test_what_is_expected_stays(error: BaseException, tmp_path: Path) -> None:
    with pytest.raises(type(error)) as caught, keep_bugs(tmp_path):
        raise error
    assert caught.value is error
    assert list(tmp_path.iterdir()) == []


def test_a_traceback_that_cannot_be_kept_is_told_whole(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = keep_bug(RecursionError("deep\udcff"), tmp_path / "file" / "below")
    assert "RecursionError: deep" in str(told).splitlines()[-2]
    assert str(told).splitlines()[-1].startswith("its traceback could not be kept: ")


def test_a_home_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def find() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("bootrig.bug.cache_directory", find)
    assert "could not be kept: Could not" in str(keep_bug(MemoryError()))


def test_an_interruption_that_the_interpreter_wraps_stays_one(tmp_path: Path) -> None:
    """As Python 3.11 does in `__set_name__`, which dataclasses and enums are made with."""
    interruption = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt) as caught, keep_bugs(tmp_path):
        raise RuntimeError("Error calling __set_name__") from interruption
    assert caught.value is interruption


def test_an_exception_that_is_its_own_cause_is_a_bug(tmp_path: Path) -> None:
    error = ValueError("mine")
    error.__cause__ = error
    with pytest.raises(BugError, match="ValueError: mine"), keep_bugs(tmp_path):
        raise error
