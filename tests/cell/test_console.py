"""Scenarios in which somebody types: dialogues at a real guest's console."""

from pathlib import Path

import pytest

from bootrig.trace.reading.attempts import settle_traces
from tests.cli.command import find_run_directory, load_traces, run_command

pytestmark = [pytest.mark.rig, pytest.mark.timeout(600)]
HEAD = 'summary = "x"\nkind = "console"\nmilestones = ["prompt"]\n[dhcp]\n[deadline]\nguest_s = 40\nwall_s = 40\n'


def run_dialogue(directory: Path, steps: str) -> tuple[int, str, str]:
    """Return the exit status of a scenario with these steps, and reason and console of the boot that counts."""
    own = directory / "recipes" / "scenarios"
    own.mkdir(parents=True)
    (own / "mine.toml").write_text(HEAD + steps)
    words = ("run", "ipxe-debian-12", "--nic", "e1000", "--scenario", "mine", "--runs", "runs")
    ended = run_command(directory, *words, environment={"BOOTRIG_RECIPES": str(own.parent)})
    run_directory = find_run_directory(directory / "runs")
    (trace,) = settle_traces(load_traces(run_directory))
    return ended.status, trace.outcome.reason, "\n".join(line.text for line in trace.console) + "\n"


def test_what_comes_too_early_is_typed_again(tmp_path: Path) -> None:
    """The first Ctrl-B reaches SeaBIOS, for which it means nothing."""
    status, reason, console = run_dialogue(
        tmp_path,
        '[[step]]\nexpect = "SeaBIOS"\nsend = "\\u0002"\nrepeat_s = 0.2\n'
        '[[step]]\nexpect = "[gi]PXE> "\nmilestone = "prompt"\n',
    )
    assert (status, reason) == (0, "prompt was reached in real time")
    assert "\niPXE>\n" in console


def test_a_long_line_arrives_whole(tmp_path: Path) -> None:
    line = "echo the quick brown fox jumps over the lazy dog, and over 0123456789"
    status, _, console = run_dialogue(
        tmp_path,
        '[[step]]\nexpect = "Press Ctrl-B for"\nsend = "\\u0002"\n'
        f'[[step]]\nexpect = "[gi]PXE> "\nsend = "{line}\\r"\n'
        f'[[step]]\nexpect = "\\n{line[5:]}"\nmilestone = "prompt"\n',
    )
    assert status == 0
    assert f"iPXE> {line}\n" in console


def test_an_answer_that_never_comes_is_a_failed_boot(tmp_path: Path) -> None:
    status, reason, _ = run_dialogue(tmp_path, '[[step]]\nexpect = "gPXE forever"\nmilestone = "prompt"\n')
    assert status == 1
    assert reason == "prompt was not reached: the console says 'Nothing to boot: No such file or directory (2d03e13b)'"
