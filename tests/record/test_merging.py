"""Joining the runs of shards."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from bootrig.record.judgement import judge
from bootrig.record.merging import merge_runs
from bootrig.record.run import RecordedRun, RunEmulator, RunError, find_run, write_run
from tests.compare.factory import Boot
from tests.record.test_run import LOST, make_run

ARGV = ("compare", "a", "b", "--shard", "1/2", "--suite", "full")


def make_shard(directory: Path, argv: Sequence[str], scenario: str, *, lost: bool = False) -> RecordedRun:
    boot = Boot(scenario=scenario)
    candidate = replace(LOST, scenario=scenario) if lost else boot
    recorded = make_run(directory, ("baseline", (boot,)), ("candidate", (candidate,)))
    (directory / "roms/baseline").mkdir(parents=True)
    (directory / "roms/baseline/x.rom").write_bytes(b"rom")
    run = structs.replace(recorded.run, argv=tuple(argv), ended="2026-11-25T15:00:00Z", exit_status=0)
    write_run(run, directory)
    return RecordedRun(run, directory)


def number(argv: Sequence[str], shard: str) -> list[str]:
    return [shard if word == "1/2" else word for word in argv]


def test_shards_become_one_run_that_is_judged_as_a_whole(tmp_path: Path) -> None:
    first = make_shard(tmp_path / "1", ARGV, "pxe-tftp")
    second = make_shard(tmp_path / "2", number(ARGV, "2/2"), "no-ra", lost=True)
    merged = merge_runs([second, first], tmp_path / "runs")
    assert merged == find_run("@last", tmp_path / "runs")
    assert merged.run.argv == ("compare", "a", "b", "--suite", "full")
    assert [cell.cell.partition("/")[0] for cell in merged.run.cells] == ["no-ra", "no-ra", "pxe-tftp", "pxe-tftp"]
    assert (merged.directory / "roms/baseline/x.rom").read_bytes() == b"rom"
    verdict = judge(merged, merged)
    assert {cell.key.scenario for cell in verdict.cells} == {"no-ra", "pxe-tftp"}
    assert [entry.require_key().scenario for entry in verdict.differences if entry.rule == "outcome"] == ["no-ra"]
    # the shards are left as they were
    assert len(list(first.directory.rglob("trace.json"))) == 2


def test_the_shard_may_be_one_word(tmp_path: Path) -> None:
    first = make_shard(tmp_path / "1", ("run", "--shard=1/1", "a"), "pxe-tftp")
    assert merge_runs([first], tmp_path / "runs").run.argv == ("run", "a")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ((ARGV,), r"shard 2/2: missing"),
        ((ARGV, ARGV), r"shard 1/2: there twice"),
        ((ARGV, number(ARGV, "2/3")), r"/1 is shard 2/3, .*/0 one of 2"),
        ((ARGV, number(ARGV, "2/2")[:-1]), "/1 had another command than .*/0: compare a b --suite"),
        ((ARGV, ("compare", "a", "b")), "/1 is not a shard: its command has no --shard I/N"),
        ((ARGV, number(ARGV, "two")), "/1 is not a shard"),
        ((ARGV, ("compare", "--shard")), "/1 is not a shard"),
    ],
)
def test_what_cannot_be_joined(argv: Sequence[Sequence[str]], message: str, tmp_path: Path) -> None:
    shards = [make_shard(tmp_path / str(index), words, f"s{index}") for index, words in enumerate(argv)]
    with pytest.raises(RunError, match=message):
        merge_runs(shards, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_runs_with_something_else_are_not_joined(tmp_path: Path) -> None:
    first = make_shard(tmp_path / "1", ARGV, "pxe-tftp")
    second = make_shard(tmp_path / "2", number(ARGV, "2/2"), "no-ra")
    others = {
        "sides": (),
        "emulators": {"host": RunEmulator("9.9", "ab")},
        "bootrig": "0.0.1",
        "verb": "run",
    }
    for field, value in others.items():
        other = RecordedRun(structs.replace(second.run, **{field: value}), second.directory)
        with pytest.raises(RunError, match=r"/2 has other .* than .*/1"):
            merge_runs([first, other], tmp_path / "runs")
    killed = RecordedRun(structs.replace(second.run, ended=None), second.directory)
    with pytest.raises(RunError, match="has not ended"):
        merge_runs([first, killed], tmp_path / "runs")


def test_what_cannot_be_copied_leaves_nothing(tmp_path: Path) -> None:
    first = make_shard(tmp_path / "1", ("run", "--shard=1/1"), "pxe-tftp")
    cells = [structs.replace(cell, directory="cells/gone") for cell in first.run.cells]
    broken = RecordedRun(structs.replace(first.run, cells=tuple(cells)), first.directory)
    with pytest.raises(RunError, match="cells/gone"):
        merge_runs([broken], tmp_path / "runs")
    assert not list((tmp_path / "runs").iterdir())
