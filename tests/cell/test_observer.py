"""When watching a guest ends, and why."""

from pathlib import Path

import pytest

import bootrig.cell.observer
from bootrig.trace.trace import Clock, ClockKind
from tests.cell.scripted_guest import VIRTUAL, Sitter, die, make_scenario, report, watch


def test_the_report_ends_it_well(tmp_path: Path) -> None:
    seen = watch(make_scenario(tmp_path), "SeaBIOS\r\n", f"\r\n{report()}\r\n")
    assert seen.observation.ended_by == ""
    assert seen.milestones == ["nbp-entered"]
    assert seen.stage.report is not None
    assert seen.stage.report.find_number("sum") == 0x1F00D
    assert [line.text for line in seen.stage.console.lines if line.text] == ["SeaBIOS", report()]


def test_a_report_whose_line_has_not_ended_is_not_one_yet(tmp_path: Path) -> None:
    """The guest may be writing on; what is cut in the middle would lack digits."""
    half = report()
    seen = watch(make_scenario(tmp_path), f"\r\n{half[:-3]}", half[-3:], "", "\r\n", "more")
    assert seen.milestones == ["nbp-entered"]
    assert seen.stage.report is not None
    assert seen.stage.report.find_number("tsc") == 0xDEADBEEF
    seen = watch(make_scenario(tmp_path), f"\r\n{half}", firmware="other", guest_s=91.0)
    assert (seen.milestones, seen.stage.report) == ([], None)


@pytest.mark.parametrize(
    ("printed", "ended_by"),
    [
        (f"{report('disk')}\r\n", "the disk probe ran instead"),
        ("No bootable device.\r\n", "the console says 'No bootable device.'"),
        ("giving up\r\n", "the console says 'giving up'"),
    ],
)
def test_what_the_console_shows_ends_it(printed: str, ended_by: str, tmp_path: Path) -> None:
    scenario = make_scenario(tmp_path, head='report = "nbp"\nends = ["giving up"]\n')
    assert watch(scenario, "SeaBIOS\r\n", printed).observation.ended_by == ended_by


@pytest.mark.parametrize(("resets", "own_end"), [(4, ""), (0, "the guest powered itself off")])
def test_the_guest_s_state_ends_it(resets: int, own_end: str, tmp_path: Path) -> None:
    seen = watch(make_scenario(tmp_path), "SeaBIOS\r\n", clock=VIRTUAL, resets=resets, own_end=own_end)
    assert seen.observation.ended_by == (own_end or "the guest reset itself 4 times")


def test_a_report_with_another_nonce_is_nobody_s(tmp_path: Path) -> None:
    seen = watch(make_scenario(tmp_path), f"{report(nonce='0' * 16)}\r\n", "No bootable device.\r\n")
    assert (seen.stage.report, seen.milestones) == (None, [])


@pytest.mark.parametrize(
    ("clock", "firmware", "guest_s", "limit_s"),
    [
        (Clock(ClockKind.REAL), "seabios", 90, 90),
        (Clock(ClockKind.KVM), "ovmf", 91, 90),
        (VIRTUAL, "seabios", 190, 190),
        (VIRTUAL, "ovmf", 390, 390),
        (VIRTUAL, "other", 190, 190),
    ],
)
def test_the_guest_s_clock_ends_it(clock: Clock, firmware: str, guest_s: float, limit_s: int, tmp_path: Path) -> None:
    """In virtual time instructions take guest time, so there is an allowance for them."""
    seen = watch(make_scenario(tmp_path), clock=clock, firmware=firmware, guest_s=guest_s)
    assert seen.observation.ended_by == f"the deadline of {limit_s} s of guest time passed"
    assert seen.observation.guest_s == guest_s


@pytest.mark.parametrize(("clock", "wall_s"), [(Clock(ClockKind.REAL), 1), (VIRTUAL, 3)])
def test_the_wall_clock_ends_it(clock: Clock, wall_s: int, tmp_path: Path) -> None:
    seen = watch(make_scenario(tmp_path, wall_s=wall_s), "SeaBIOS\r\n", clock=clock)
    assert seen.observation.ended_by == "the deadline of 1 s of wall time passed"


def test_the_death_of_a_service_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match="the server died"):
        watch(make_scenario(tmp_path), watched=(die,))


def test_an_operator_sees_what_is_printed_and_the_scenario_ends_it(tmp_path: Path) -> None:
    operator = Sitter()
    seen = watch(make_scenario(tmp_path), "\x1b[1mSeaBIOS\r\n", f"{report()}\r\n> ", operator=operator)
    assert seen.observation.ended_by == ""
    assert operator.shown == f"\x1b[1mSeaBIOS\r\n{report()}\r\n> \n"


def test_an_operator_may_leave(tmp_path: Path) -> None:
    operator = Sitter(act=lambda sitter, _text: sitter.leave())
    assert watch(make_scenario(tmp_path), "SeaBIOS\r\n", operator=operator).observation.ended_by == "the operator left"


def test_an_operator_who_stays_outlasts_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Report, last words, deadlines: none of them ends the watch."""
    monkeypatch.setattr(bootrig.cell.observer, "REAL_PERIOD_S", 0.01)

    def leave_at_last(sitter: Sitter, text: str) -> None:
        if "bye" in text:
            sitter.leave()

    operator = Sitter(stays=True, act=leave_at_last)
    prints = (f"{report()}\r\n", "No bootable device.\r\n", *["\r\n"] * 120, "bye\r\n")
    seen = watch(make_scenario(tmp_path, wall_s=1), *prints, operator=operator, guest_s=1000.0)
    assert "bye" in operator.shown
    assert seen.milestones == ["nbp-entered"]
    assert seen.observation.ended_by in {"", "the operator left"}


def test_what_an_operator_types_reaches_the_guest(tmp_path: Path) -> None:
    def type_once(sitter: Sitter, text: str) -> None:
        if "SeaBIOS" in text:
            sitter.write(b"ab\x1b[A")

    answers = {b"ab\x1b[A": f"{report()}\r\n"}
    seen = watch(make_scenario(tmp_path), "SeaBIOS\r\n", answers=answers, operator=Sitter(act=type_once))
    assert (seen.typed, seen.observation.ended_by) == (b"ab\x1b[A", "")
