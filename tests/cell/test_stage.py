"""What a scenario's kind sees of a boot, and does with it."""

from pathlib import Path

import pytest

from bootrig.scenario import check
from bootrig.trace.reading import pattern
from bootrig.trace.reading.pattern import PatternError
from tests.cell.scripted_guest import NONCE, VIRTUAL, make_scenario, report, watch

MARK = '[[console]]\nmilestone = "greeting"\npattern = "hello @nonce@"\n'
TALK = 'kind = "console"\nmilestones = ["prompt"]\n'
STEPS = (
    '[[step]]\nexpect = "Press"\nsend = "\\u0002"\n'
    '[[step]]\nexpect = "PXE> "\nsend = "go\\r"\nmilestone = "prompt"\n'
    '[[step]]\nexpect = "PXE> "\nmilestone = "again"\n'
)


def test_marks_are_milestones_once_with_what_showed_them(tmp_path: Path) -> None:
    scenario = make_scenario(tmp_path, MARK)
    seen = watch(
        scenario, "hello 0\r\n", f"hello {NONCE[:5]}", f"{NONCE[5:]}!\r\n", f"hello {NONCE}\r\n", f"{report()}\r\n"
    )
    assert seen.milestones == ["greeting", "nbp-entered"]
    assert seen.stage.milestones[0].evidence.text == f"hello {NONCE}"
    assert seen.stage.milestones[0].guest_s is None


def test_the_moment_of_a_report_is_the_guest_s_in_virtual_time(tmp_path: Path) -> None:
    (milestone,) = watch(make_scenario(tmp_path), f"{report()}\r\n", clock=VIRTUAL).stage.milestones
    assert milestone.guest_s == 0xDEADBEEF / 1e9


def test_a_dialogue_is_led_by_what_comes_next(tmp_path: Path) -> None:
    """A prompt that has been answered is not the next one."""
    scenario = make_scenario(tmp_path, STEPS, head=TALK)
    answers = {b"\x02": "\r\niPXE> ", b"go\r": "go\r\nwent\r\niPXE> "}
    seen = watch(scenario, "SeaBIOS\r\n", "Press Ctrl-B", answers=answers)
    assert (seen.observation.ended_by, seen.typed) == ("", b"\x02go\r")
    assert seen.milestones == ["prompt", "again"]
    assert [milestone.evidence.text for milestone in seen.stage.milestones] == ["PXE> ", "PXE> "]


def test_a_dialogue_that_gets_no_answer_fails(tmp_path: Path) -> None:
    seen = watch(make_scenario(tmp_path, STEPS, head=TALK), "Press Ctrl-B\r\n", "No bootable device.\r\n")
    assert seen.observation.ended_by == "the console says 'No bootable device.'"
    assert seen.milestones == []


def test_keys_are_typed_one_by_one_each_after_the_echo_of_the_one_before(tmp_path: Path) -> None:
    steps = '[[step]]\nexpect = "> "\nsend = "abc"\n[[step]]\nexpect = "done"\nmilestone = "prompt"\n'
    answers = {b"a": "a", b"ab": "b", b"abc": "c\r\ndone\r\n"}
    seen = watch(make_scenario(tmp_path, steps, head=TALK), "> ", answers=answers)
    assert (seen.typed, seen.milestones) == (b"abc", ["prompt"])
    assert [line.text for line in seen.stage.console.lines] == ["> abc", "done"]


@pytest.mark.parametrize("talks", [False, True])
def test_a_pattern_that_does_not_end_is_bad_input(talks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the trial has found nothing."""
    monkeypatch.setattr(check, "try_pattern", lambda _text: None)
    monkeypatch.setattr(pattern, "SEARCH_LIMIT_S", 0.05)
    mark, step = MARK.replace("hello @nonce@", "(a|aa)+b"), '[[step]]\nexpect = "(a|aa)+b"\n'
    scenario = make_scenario(tmp_path, step, head='kind = "console"\n') if talks else make_scenario(tmp_path, mark)
    place = "step[0].expect" if talks else "console[0].pattern"
    with pytest.raises(PatternError, match=r"\(a\|aa\)\+b") as caught:
        watch(scenario, "a" * 100)
    assert str(caught.value).startswith(f"mine: {place}: ")
