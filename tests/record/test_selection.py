"""Which cells of a run people mean, and by which policy a run is judged again."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from msgspec import structs

from bootrig.compare import FailOn, Policy, Tolerance, Waiver
from bootrig.compare.waivers import FieldPatterns
from bootrig.jsonfile import load_json, to_json_value, write_json
from bootrig.record.judgement import restore_policy
from bootrig.record.run import RecordedRun, Run, RunError, name_run, write_run
from bootrig.record.selection import find_failed, find_missing, judge_run, list_cells, select_cells
from bootrig.trace.error import CellErrorDocument
from bootrig.trace.names import DifferencePattern
from tests.compare.factory import REAL, Boot
from tests.record.test_run import LOST, make_run

GOOD = Boot()
OTHERS = (Boot(scenario="script[ipxe]"), Boot(scenario="script[gpxe]", nic="rtl8139"), Boot(scenario="no-ra"))


def names(keys: object) -> list[str]:
    return [f"{key.scenario}/{key.nic_model}" for key in keys]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["pxe-tftp"], ["pxe-tftp/e1000"]),
        (["script[gpxe]"], ["script[gpxe]/rtl8139"]),
        (["script*,no-ra/e1000/pc/seabios/host"], ["script[ipxe]/e1000", "script[gpxe]/rtl8139", "no-ra/e1000"]),
        (["*/rtl8139", "no-ra"], ["script[gpxe]/rtl8139", "no-ra/e1000"]),
        (["*/*/pc"], ["pxe-tftp/e1000", "script[ipxe]/e1000", "script[gpxe]/rtl8139", "no-ra/e1000"]),
    ],
)
def test_cells_are_named_as_people_type_them(words: list[str], found: list[str], tmp_path: Path) -> None:
    assert names(select_cells(make_run(tmp_path / "run", ("set", (GOOD, *OTHERS))), words)) == found


@pytest.mark.parametrize("word", ["pxe-ftp", "pxe-tftp/rtl8139", "pxe-tftp/e1000/pc/seabios/host/more"])
def test_a_name_of_no_cell_is_refused(word: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=f"run has no cell {word}"):
        select_cells(make_run(tmp_path / "run", ("set", (GOOD,))), [f"pxe-tftp,{word}"])


def test_a_name_of_no_cell_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="did you mean"):
        select_cells(make_run(tmp_path / "run", ("set", (GOOD,))), ["pxe-ftp"])


def test_cells_of_a_comparison_that_failed(tmp_path: Path) -> None:
    again = replace(LOST, clock=REAL, attempt="real")
    other = Boot(scenario="no-ra")
    recorded = make_run(tmp_path / "run", ("baseline", (GOOD, other)), ("candidate", (LOST, again, other)))
    assert names(find_failed(recorded)) == ["pxe-tftp/e1000"]
    # where the rig broke counts, too
    directory = next(cell.directory for cell in recorded.run.cells if cell.cell.startswith("no-ra"))
    (recorded.directory / directory / "real").mkdir()
    write_json(recorded.directory / directory / "real/error.json", CellErrorDocument(type="X", message="broken"))
    (recorded.directory / directory / "shift7/trace.json").unlink()
    assert names(find_failed(recorded)) == ["pxe-tftp/e1000", "no-ra/e1000"]


def test_cells_of_outcomes_that_failed(tmp_path: Path) -> None:
    other = Boot(scenario="no-ra")
    recorded = make_run(tmp_path / "run", ("set", (LOST, other)))
    assert names(find_failed(recorded)) == ["pxe-tftp/e1000"]
    assert find_failed(make_run(tmp_path / "good", ("set", (GOOD, other)))) == ()


def test_cells_without_a_trace_on_some_side_are_missing(tmp_path: Path) -> None:
    recorded = make_run(tmp_path / "run", ("baseline", (GOOD, *OTHERS)), ("candidate", (GOOD, *OTHERS)))
    assert find_missing(recorded) == ()
    cell = recorded.run.cells[-1]
    next((recorded.directory / cell.directory).glob("*/trace.json")).unlink()
    assert names(find_missing(recorded)) == [names(list_cells(recorded))[-1]]


def test_a_run_is_judged_by_the_policy_that_it_had(tmp_path: Path) -> None:
    policy = Policy(
        relies_on=frozenset({"user-class"}),
        fail_on=FailOn.CHANGE,
        tolerance=Tolerance(wait_s=0.7),
        waivers=(
            Waiver("outcome@*", "known", DifferencePattern("outcome", "*", None), date(2031, 1, 1)),
            Waiver("dhcp-*", "accepted", FieldPatterns("dhcp-*", (("pxe-*",), (), (), (), ()))),
        ),
    )
    recorded = make_run(tmp_path / "run", ("baseline", (GOOD,)), ("candidate", (LOST,)))
    write_run(structs.replace(recorded.run, policy=to_json_value(policy)), recorded.directory)
    run = load_json(recorded.directory / "run.json", Run)
    assert restore_policy(run) == policy
    (difference,) = judge_run(RecordedRun(run, recorded.directory)).differences  # type: ignore[union-attr]
    assert difference.waiver == "known"
    assert restore_policy(recorded.run) == Policy()
    with pytest.raises(RunError, match=r"the policy of the run run is damaged: Expected `str`.*relies_on"):
        restore_policy(structs.replace(run, policy={"relies_on": [1]}))


def test_how_people_name_a_run_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = make_run(tmp_path / "bootrig-runs/1-run", ("set", (GOOD,))).directory
    second = make_run(tmp_path / "bootrig-runs/2-run", ("set", (GOOD,))).directory
    assert (name_run(first), name_run(second), name_run(Path("bootrig-runs/2-run"))) == ("1-run", "@last", "@last")
    assert name_run(tmp_path / "mine") == "./mine"
    assert name_run(Path("/elsewhere/mine")) == "/elsewhere/mine"
