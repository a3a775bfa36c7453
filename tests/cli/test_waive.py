"""`bootrig waive`: a waiver is added to the user's file, which stays as it is otherwise."""

from pathlib import Path

import pytest

from bootrig.compare import load_policy, load_waivers
from tests.cli.command import run_command
from tests.record.history import make_comparison
from tests.record.test_history import CELL, CHANGED, FEATURE, GOOD

MINE = """\
# ours, see the wiki
[[waiver]]
id = "start-time@pxe-tftp/*/pc"   # the slow ones
reason = 'entropy'
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a directory in which a comparison was made."""
    make_comparison(tmp_path / "bootrig-runs", 1, (GOOD,), (CHANGED,))
    return tmp_path


def test_a_waiver_is_added_below_what_is_there(place: Path) -> None:
    (place / "waivers.toml").write_text(MINE)
    reason = 'no "bzImage" here \\ 🙂'
    ended = run_command(place, "waive", "@last", FEATURE, "--reason", reason, "--expires", "2999-12-31")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"waivers.toml waives {FEATURE}",
        "compare and judge take it by --waivers waivers.toml",
    ]
    assert (place / "waivers.toml").read_text().startswith(MINE + "\n[[waiver]]\n")
    mine, added = load_waivers(place / "waivers.toml")
    assert (mine.reason, added.name, added.reason, str(added.expires)) == ("entropy", FEATURE, reason, "2999-12-31")
    judged = run_command(place, "judge", "@last", "--waivers", "waivers.toml").out
    assert "Verdict: COMPATIBLE: " in judged


def test_a_policy_takes_waivers_and_a_pattern_waives_many(place: Path) -> None:
    (place / "site.toml").write_text('relies_on = ["user-class"]')
    ended = run_command(place, "waive", "@last", "features@pxe-tftp/*", "--reason", "known", "--policy", "site.toml")
    assert ended.out.splitlines()[0] == "site.toml waives features@pxe-tftp/* (1 of this run)"
    policy = load_policy(place / "site.toml")
    assert (policy.relies_on, policy.waivers[0].reason) == ({"user-class"}, "known")


def test_a_run_without_a_verdict_is_judged(place: Path) -> None:
    (place / "bootrig-runs" / "20260101T000000-compare" / "verdict.json").unlink()
    assert run_command(place, "waive", "@last", FEATURE, "--reason", "known").status == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((FEATURE.replace("bzImage", "bzImag"), "--reason", "x"), f'did you mean "{FEATURE}"?'),
        (("features", "--reason", "x"), "does not name a difference: expected RULE@CELL or RULE@CELL:SUBJECT"),
        ((FEATURE, "--reason", "  "), "a waiver needs a reason in words"),
        ((FEATURE,), "the following arguments are required: --reason"),
        ((FEATURE, "--reason", "x", "--expires", "2020-01-01"), "2020-01-01 has passed"),
        ((FEATURE, "--reason", "x", "--expires", "soon"), '"soon" is not a date, expected one such as 2031-01-01'),
        ((f"banner@{CELL}", "--reason", "x", "--waivers", "mine.toml"), "has no difference banner@"),
        ((FEATURE, "--reason", "x", "--waivers", "mine.toml"), f"mine.toml waives {FEATURE} already: known"),
        ((FEATURE, "--reason", "x", "--waivers", "old.toml"), "expired on 2020-01-01"),
        ((FEATURE, "--reason", "x", "--waivers", "inline.toml"), "inline.toml cannot take another waiver"),
        ((FEATURE, "--reason", "x", "--waivers", "wrong.toml"), "wrong.toml has 1 problem"),
    ],
)
def test_what_is_no_waiver_is_wrong_input_and_changes_no_file(
    words: tuple[str, ...], message: str, place: Path
) -> None:
    files = {
        "mine.toml": f'[[waiver]]\nid = "{FEATURE}"\nreason = "known"\n',
        "old.toml": f'[[waiver]]\nid = "{FEATURE}"\nreason = "known"\nexpires = 2020-01-01\n',
        "inline.toml": 'waiver = [{ id = "features@*", reason = "known" }]\n',
        "wrong.toml": 'relies_on = ["nothing"]\n',
    }
    for name, content in files.items():
        (place / name).write_text(content)
    ended = run_command(place, "waive", "@last", *words)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
    assert {name: (place / name).read_text() for name in files} == files
    assert not (place / "waivers.toml").exists()
