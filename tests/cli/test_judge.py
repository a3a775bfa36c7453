"""`bootrig judge`: the verdict on recorded boots, without an emulator."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.command import run_command
from tests.compare.factory import REAL, Boot
from tests.record.test_run import make_run

GOOD = Boot(clock=REAL, first_clock=REAL)
CHANGED = Boot(clock=REAL, first_clock=REAL, features="DNS HTTP iSCSI TFTP PXE Menu")
LOST = replace(GOOD, passed=False, milestone="dhcp-ack", reason="tftp-complete was not reached: the console says 'No'")


def test_a_run_of_compare_is_judged_again(tmp_path: Path) -> None:
    make_run(tmp_path / "bootrig-runs" / "1-compare", ("baseline", (GOOD,)), ("candidate", (GOOD,)))
    ended = run_command(tmp_path, "judge", "@last", "--report", "json=verdict.json")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines()[-1].startswith("Verdict: COMPATIBLE")
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert (verdict["format"], verdict["verdict"], verdict["identical"]) == ("bootrig-verdict/2", "compatible", True)


def test_two_runs_are_held_against_each_other_without_any_program_on_path(tmp_path: Path) -> None:
    make_run(tmp_path / "a", ("old", (GOOD, replace(GOOD, attempt="real.2"))))
    make_run(tmp_path / "b", ("new", (LOST, replace(LOST, attempt="real.2"))))
    ended = run_command(tmp_path, "judge", "./a", "./b", "--report", "json", environment={"PATH": "/nothing"})
    assert ended.status == 1
    (difference,) = json.loads(ended.out)["differences"]
    assert difference["id"] == "outcome@pxe-tftp/e1000/pc/seabios/host:pxe-tftp"
    assert "Verdict: NOT COMPATIBLE" in ended.err


def test_a_waiver_changes_the_verdict_and_boots_nothing(tmp_path: Path) -> None:
    sides = [
        (label, (boot, replace(boot, attempt="real.2"))) for label, boot in (("baseline", GOOD), ("candidate", LOST))
    ]
    make_run(tmp_path / "run", *sides)
    (tmp_path / "waivers.toml").write_text('[[waiver]]\nid = "outcome@*"\nreason = "known"\n')
    ended = run_command(tmp_path, "judge", "./run", "--waivers", "waivers.toml")
    assert "[outcome, confirmed: again in real time, in real time, waived: known]" in " ".join(ended.out.split())
    assert "NOT COMPATIBLE" not in ended.out


@pytest.mark.parametrize(
    ("words", "status", "word"),
    [
        ((), 0, "COMPATIBLE WITH CHANGES"),
        (("--fail-on", "change"), 1, "COMPATIBLE WITH CHANGES"),
        (("--policy", "strict"), 1, "NOT COMPATIBLE"),
        (("--policy", "site.toml"), 1, "NOT COMPATIBLE"),
        (("--policy", "other.toml"), 1, "COMPATIBLE WITH CHANGES"),
        (("--policy", "other.toml", "--fail-on", "regression"), 0, "COMPATIBLE WITH CHANGES"),
        (("--policy", "strict", "--waivers", "waivers.toml"), 0, "COMPATIBLE"),
    ],
)
def test_a_policy_judges_a_run_again(words: tuple[str, ...], status: int, word: str, tmp_path: Path) -> None:
    make_run(tmp_path / "run", ("baseline", (GOOD,)), ("candidate", (CHANGED,)))
    (tmp_path / "site.toml").write_text('relies_on = ["image-formats"]\n')
    (tmp_path / "other.toml").write_text('relies_on = ["user-class"]\nfail_on = "change"\n')
    (tmp_path / "waivers.toml").write_text('[[waiver]]\nid = "features@*"\nreason = "known"\n')
    ended = run_command(tmp_path, "judge", "./run", *words)
    assert ended.status == status
    assert ended.out.splitlines()[-1].startswith(f"Verdict: {word}: ")


def test_nothing_in_common_proves_nothing(tmp_path: Path) -> None:
    make_run(tmp_path / "a", ("old", (GOOD,)))
    make_run(tmp_path / "b", ("new", (Boot(scenario="grub"),)))
    ended = run_command(tmp_path, "judge", "./a", "./b")
    assert ended.status == 3
    assert "Verdict: NOTHING PROVEN" in ended.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("judge",), "the following arguments are required: RUN"),
        (("judge", "nothing"), "bootrig-runs/nothing is not the directory of a run: it has no run.json"),
        (("judge", "@last-3"), "there is no run @last-3 in bootrig-runs"),
        (("judge", "./a", "--report", "pdf"), 'there is no report "pdf" here'),
        (("judge", "./a", "--policy", "nothing.toml"), "nothing.toml cannot be read: No such file or directory"),
        (("judge", "./a", "--fail-on", "info"), "invalid choice: 'info'"),
    ],
)
def test_bad_input(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    make_run(tmp_path / "a", ("old", (GOOD,)))
    ended = run_command(tmp_path, *words)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
