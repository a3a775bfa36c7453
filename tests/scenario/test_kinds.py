"""Kinds of scenarios drive a stage; the one of these tests remembers what was done with it."""

import ast
import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

import bootrig.scenario.kinds
from bootrig.registry import load_modules
from bootrig.scenario.file import load_scenario_family, load_scenarios
from bootrig.scenario.kinds.registry import find_kinds
from bootrig.scenario.scenario import ConsoleStep, Scenario
from tests.conventions.layers import iter_imports


class RememberedStage:
    """Shows everything at once, apart from texts that hold `late`: these after the third text was typed."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.done: list[str] = []
        self._typed = 0
        self._third = asyncio.Event()

    async def start_guest(self) -> None:
        self.done.append("start")

    async def await_milestone(self, name: str) -> None:
        self.done.append(f"await {name}")

    async def await_text(self, pattern: str) -> str:
        if "late" in pattern:
            await self._third.wait()
        self.done.append(f"see {pattern}")
        return f"shown {pattern}"

    def type_text(self, text: str) -> None:
        self.done.append(f"type {text!r}")
        self._typed += 1
        if self._typed == 3:
            self._third.set()

    def note_milestone(self, name: str, evidence: str) -> None:
        self.done.append(f"note {name}: {evidence}")


def drive(scenario: Scenario) -> list[str]:
    stage = RememberedStage(scenario)
    asyncio.run(find_kinds()[scenario.kind].drive(stage))
    return stage.done


@pytest.mark.parametrize(
    ("name", "milestone"), [("pxe-tftp", "nbp-entered"), ("efi-tftp", "nbp-entered"), ("no-boot-file", "disk-booted")]
)
def test_a_boot_waits_for_its_report(name: str, milestone: str) -> None:
    assert drive(load_scenario_family(name)[0]) == ["start", f"await {milestone}"]


def test_a_dialogue_goes_step_by_step() -> None:
    assert drive(load_scenario_family("prompt")[0]) == [
        "start",
        "see Press Ctrl-B for the [gi]PXE command line",
        "note prompt-offered: shown Press Ctrl-B for the [gi]PXE command line",
        r"type '\x02'",
        "see [gi]PXE> ",
        "note prompt: shown [gi]PXE> ",
        r"type 'ifstat\r'",
        "see net0: 52:54:00:12:34:56",
        "note ifstat: shown net0: 52:54:00:12:34:56",
        "type ''",
    ]


def test_a_dialogue_ends_with_a_report_where_one_is_expected() -> None:
    (scenario,) = load_scenario_family("prompt")
    expectation = structs.replace(scenario.expectation, report="nbp", steps=(ConsoleStep("a", "b", "", 0),))
    assert drive(replace(scenario, expectation=expectation)) == ["start", "see a", "type 'b'", "await nbp-entered"]


def test_a_step_is_typed_again_until_the_next_text_comes() -> None:
    (scenario,) = load_scenario_family("prompt")
    steps = (ConsoleStep("a", "again", "", 0.005), ConsoleStep("late", "once", "", 0))
    done = drive(replace(scenario, expectation=structs.replace(scenario.expectation, steps=steps)))
    assert done == ["start", "see a", *["type 'again'"] * 3, "see late", "type 'once'"]


def test_who_types_needs_real_time() -> None:
    assert load_scenario_family("prompt")[0].clock.only_real
    assert not load_scenario_family("pxe-tftp")[0].clock.only_real


def test_a_kind_knows_neither_emulator_nor_network() -> None:
    for module in load_modules(bootrig.scenario.kinds):
        source = Path(str(module.__file__)).read_text()
        imported = [name for _, name in iter_imports(ast.parse(source), module.__name__, is_package=False)]
        assert not [name for name in imported if name.startswith(("bootrig.emulator", "bootrig.network"))]


A_KIND = """
from bootrig.scenario.kinds.kind import Kind

class DummyKind(Kind):
    def check(self, scenario, root):
        if not scenario.why:
            root.add_problem("why", "a dummy needs a reason")

    async def drive(self, stage):
        await stage.start_guest()
        stage.note_milestone("dummy-reached", scenario_of(stage))

def scenario_of(stage):
    return stage.scenario.name

KIND = DummyKind()
"""
A_SCENARIO = 'summary = "x"\nwhy = "y"\nkind = "dummy"\n[deadline]\nguest_s = 1\nwall_s = 1\n'


def test_a_new_kind_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dummy.py").write_text(A_KIND)
    path = tmp_path / "mine.toml"
    path.write_text(A_SCENARIO)
    with pytest.raises(Exception, match=r'kind: found "dummy", expected one of boot, console'):
        load_scenarios(path)
    room = bootrig.scenario.kinds
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])
    (scenario,) = load_scenarios(path)
    assert drive(scenario) == ["start", "note dummy-reached: mine"]
    path.write_text(A_SCENARIO.replace('why = "y"\n', ""))
    with pytest.raises(Exception, match=r"why: a dummy needs a reason"):
        load_scenarios(path)
