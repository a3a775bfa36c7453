"""Bisection of real commits that are built; what boots would show is read from the ROM, but in the rig's test."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig import api
from bootrig.api import bisect
from bootrig.api.bisection import Answer, Step
from bootrig.builder.artifact import Artifact
from bootrig.builder.build import BuildOptions, build
from bootrig.builder.plan import BuildPlan
from bootrig.cli.main import main
from bootrig.errors import InputError
from bootrig.store.content import Store
from tests.builder.history import FIRST_BAD, git, make_history
from tests.builder.stand_in import load_build, make_source_package, recipe_text, write_recipe

# the first that is tried between the ends
BROKEN = 7
MAGIC = bytes.fromhex("63825364")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> api.SourceRange:
    monkeypatch.setenv("BOOTRIG_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("BOOTRIG_CACHE", str(tmp_path / "cache"))
    path = write_recipe(tmp_path / "recipes", recipe_text(make_source_package()))
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path / "recipes"))
    commits = make_history(tmp_path / "tree", broken=BROKEN)
    return api.SourceRange(source=tmp_path / "tree", recipe=load_build(path), good=(commits[1],), bad="HEAD")


@pytest.fixture
def trial() -> api.Trial:
    filters = api.Filters(nic_models=("ne2k_pci",), scenarios=("pxe-tftp",))
    return api.Trial(matrix=api.Matrix(filters=filters, is_fresh=False))


@pytest.fixture
def booted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Read from a ROM what a boot would show; the list has the commits of which that was asked."""
    names: list[str] = []

    def read(name: str, side: str, *_more: object) -> Step:
        names.append(name)
        (rom,) = Path(side).glob("*.rom")
        content = rom.read_bytes()
        is_bad = MAGIC in content or MAGIC[::-1] in content
        return Step(name, Answer.BAD, "dhcp-ack was not reached") if is_bad else Step(name, Answer.GOOD)

    monkeypatch.setattr(bisect, "_try", read)
    return names


class Impatient(api.BisectListener):
    """Interrupts a bisection at the first commit that is skipped, and keeps what the next one is told."""

    def __init__(self) -> None:
        self.before: tuple[Step, ...] = ()

    def resumed(self, steps: Sequence[Step]) -> None:
        self.before = tuple(steps)

    def judged(self, step: Step, left: int) -> None:
        if not self.before and step.answer is Answer.SKIPPED:
            raise KeyboardInterrupt


def test_finds_the_commit_round_one_that_does_not_compile_also_if_interrupted(
    asked: api.SourceRange, trial: api.Trial, booted: list[str]
) -> None:
    before = git(asked.source, "status", "--porcelain", "--branch")
    listener = Impatient()
    with pytest.raises(KeyboardInterrupt):
        api.bisect_commits(asked, trial, listener)
    found = api.bisect_commits(asked, trial, listener)
    commits = git(asked.source, "rev-list", "--reverse", "HEAD").split()
    assert found.first_bad is not None
    assert commits.index(found.first_bad.name) + 1 == FIRST_BAD
    assert found.status == 0
    assert found.find(commits[BROKEN - 1]).answer is Answer.SKIPPED
    assert "does not compile: " in found.find(commits[BROKEN - 1]).reason
    assert len(found.steps) <= 8
    assert git(asked.source, "status", "--porcelain", "--branch") == before
    assert [step.name for step in listener.before] == [step.name for step in found.steps[:3]]
    # what was judged before, and what a build from nothing confirmed by the same files, was not booted twice
    assert len(booted) == len(set(booted))


@pytest.mark.slow
def test_builds_all_from_nothing_where_what_make_left_misled(
    asked: api.SourceRange, trial: api.Trial, booted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def build_wrongly(plan: BuildPlan, store: Store, options: BuildOptions) -> Artifact:
        artifact = build(plan, store, options)
        history = plan.given.history if plan.given else None
        is_late = history is not None and history.commit in late
        return replace(artifact, digests={"efi-ne2k_pci.rom": store.add_bytes(MAGIC * 64)}) if is_late else artifact

    misled: list[Step] = []
    commits = git(asked.source, "rev-list", "--reverse", "HEAD").split()
    late = commits[8:]
    monkeypatch.setattr(bisect, "build_incrementally", build_wrongly)
    monkeypatch.setattr(bisect, "find_artifact", lambda plan, store: None)
    monkeypatch.setattr(api.BisectListener, "misled", lambda self, step: misled.append(step))
    found = api.bisect_commits(asked, trial)
    assert [step.name for step in misled] == [commits[8]]
    assert found.first_bad is not None
    assert found.first_bad.name == commits[FIRST_BAD - 1]


def test_ends_that_are_not_as_they_have_to_be_are_told(
    asked: api.SourceRange, trial: api.Trial, booted: list[str]
) -> None:
    commits = git(asked.source, "rev-list", "--reverse", "HEAD").split()
    for good, bad, message in (
        (commits[0], commits[3], f"{commits[3][:12]} should be bad, and is good"),
        (commits[10], commits[11], f"{commits[10][:12]} should be good, and is bad: dhcp-ack was not reached"),
        (
            commits[0],
            commits[BROKEN - 1],
            f"{commits[BROKEN - 1][:12]} should be bad, and is skipped: does not compile",
        ),
    ):
        with pytest.raises(InputError, match=message):
            api.bisect_commits(replace(asked, good=(good,), bad=bad), trial)
    with pytest.raises(InputError, match="does not come before the bad one"):
        api.bisect_commits(replace(asked, good=("HEAD",), bad="HEAD~1"), trial)


def test_sides_are_bisected_in_their_order(trial: api.Trial, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = [f"{tmp_path}/{number}" for number in range(5)]
    monkeypatch.setattr(bisect, "require_rom_sets", lambda sides: None)
    monkeypatch.setattr(
        bisect, "_try", lambda name, *_more: Step(name, Answer.BAD if name >= names[3] else Answer.GOOD)
    )
    assert api.bisect_sides(names, trial).suspects == (names[3],)
    for wrong in (names[:1], [names[0], names[0]]):
        with pytest.raises(InputError, match="two different sides or more"):
            api.bisect_sides(wrong, trial)


@pytest.mark.rig
@pytest.mark.slow
def test_boots_tell_which_commit_is_the_first_bad_one(
    asked: api.SourceRange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--recipe", "standboot", "--good", asked.good[0], "--nic", "ne2k_pci", "--scenario", "pxe-tftp"]
    status = main(["bisect", "--source", str(asked.source), *words, "--runs", str(tmp_path / "runs")])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    assert "skipped  does not compile: " in captured.out
    title = git(asked.source, "log", "-1", "--format=%h %s", f"HEAD~{12 - FIRST_BAD}").strip()
    assert f"first bad commit: {title}\n  pxe-tftp/ne2k_pci/pc/seabios/host: dhcp-ack was not reached" in captured.out
