"""What the process of a cell leaves, and what is made of it."""

import json
import os
import signal
from pathlib import Path

import pytest

from bootrig.cell.errors import CellError
from bootrig.cell.process import UNWRITTEN_STATUS, describe_host_error, load_error, run_cell_file, write_error
from bootrig.errors import BUG_WORDS, ExitStatus
from bootrig.trace.reading.pattern import PatternError
from tests.cli.command import start_command


def test_the_error_of_a_cell_is_passed_on_by_its_file(tmp_path: Path) -> None:
    assert write_error(CellError("no tap", label="a+b", remedy="modprobe tun"), tmp_path)
    error = load_error(tmp_path, "a+b", 3)
    assert (str(error), error.remedy, error.directory) == ("a+b: no tap", "modprobe tun", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["error.json"]


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"message": "x"}'])
def test_a_cell_that_left_no_error(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "error.json").write_text(content)
    error = load_error(tmp_path, "a+b", -9)
    assert str(error) == "a+b: the cell's process was killed by SIGKILL and left no trace"
    assert str(load_error(tmp_path, "a+b", 5)) == "a+b: the cell's process ended with exit status 5 and left no trace"


def test_a_cell_that_could_not_write_its_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not write_error(CellError("x"), tmp_path / "file")
    error = load_error(tmp_path, "a+b", UNWRITTEN_STATUS)
    assert str(error) == f"a+b: the rig broke and its error could not be written into {tmp_path}"
    assert error.remedy == "free some space there, or name another place by --runs"


@pytest.mark.parametrize(
    ("error", "message", "remedy"),
    [
        (OSError(28, "No space left on device", "x"), "no space is left where /d is", "free some space there, or"),
        (OSError(122, "Disk quota exceeded", "x"), "no space is left where /d is", "free some space there, or"),
        (OSError(13, "Permission denied", "/x"), "/x: Permission denied", ""),
        (OSError(5, "Input/output error"), "the operating system: Input/output error", ""),
    ],
)
def test_an_error_of_the_operating_system_is_the_host_s(error: OSError, message: str, remedy: str) -> None:
    told = describe_host_error(error, Path("/d"))
    assert str(told) == message
    assert told.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("content", "attempt", "message"),
    [
        ("{}", "shift7", "Object missing required field `cell`"),
        ('{"format": "bootrig-cell/1"}', "shift7", "Invalid enum value 'bootrig-cell/1' - at `$.format`"),
        ("[]", "real", "Expected `object`, got `array`"),
        ("", "real", "Input data was truncated"),
    ],
)
def test_a_directory_without_a_specification(content: str, attempt: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "cell.json").write_text(content)
    assert run_cell_file(tmp_path, attempt) == ExitStatus.INPUT
    document = json.loads((tmp_path / attempt / "error.json").read_text())
    assert document["format"] == "bootrig-error/1"
    assert document["message"] == f"the input is wrong: {tmp_path}/cell.json: {message}"


@pytest.mark.rig
def test_a_cell_keeps_the_niceness_of_who_runs_it(tmp_path: Path) -> None:
    words = ("run", "ipxe-debian-12", "--nic", "e1000", "--scenario", "no-ra", "--time", "real", "--runs", "runs")
    with start_command(tmp_path, *words, before=("nice", "-n", "5")) as command:
        pids = [command.pid, *(command.await_descendant(name) for name in ("dnsmasq", "qemu-system-x86"))]
        assert [os.getpriority(os.PRIO_PROCESS, pid) for pid in pids] == [5, 5, 5]
        command.send(signal.SIGINT)
        assert command.wait().status == 130


def test_wrong_input_that_a_cell_finds_is_said_to_be_that(tmp_path: Path) -> None:
    write_error(PatternError("mine: console[0].pattern: does not end", remedy="write another one"), tmp_path)
    error = load_error(tmp_path, "a+b", 2)
    assert str(error) == "the input is wrong: mine: console[0].pattern: does not end"
    assert (error.remedy, error.directory) == ("write another one", str(tmp_path))


def test_a_bug_is_said_to_be_one_and_kept_in_the_attempt_s_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(_directory: Path, _attempt: str) -> None:
        raise KeyError("scenario")

    monkeypatch.setattr("bootrig.cell.process.load_specification", load)
    assert run_cell_file(tmp_path, "shift7") == ExitStatus.BROKEN
    error = load_error(tmp_path / "shift7", "label", 3)
    assert str(error).startswith(f"{BUG_WORDS}: KeyError: 'scenario' (test_process.py:")
    assert error.remedy == f"report it with {tmp_path / 'shift7' / 'bug.txt'}, which has the traceback"
