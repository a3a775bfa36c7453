"""Suites: which scenarios they hold, on which guests."""

from pathlib import Path

import pytest

from bootrig.scenario.file import load_scenarios
from bootrig.scenario.scenario import Scenario
from bootrig.scenario.suites import find_machines, iter_suite_names

TEXT = """\
summary = "x"
report = "nbp"
machines = ["pc", "q35"]
suites = SUITES
[deadline]
guest_s = 90
wall_s = 120
"""


def load(directory: Path, suites: str) -> Scenario:
    path = directory / "mine.toml"
    path.write_text(TEXT.replace("SUITES", suites))
    (scenario,) = load_scenarios(path)
    return scenario


@pytest.mark.parametrize(
    ("suites", "suite", "machines"),
    [
        ('["default"]', "default", ("pc", "q35")),
        ('["default"]', "full", ("pc", "q35")),
        ('["default"]', "other", ()),
        ('["other"]', "default", ()),
        ("[]", "default", ()),
        ("[]", "full", ("pc", "q35")),
        ('["default", { name = "bench", machines = ["q35", "mine"] }]', "bench", ("q35", "mine")),
        ('["default", { name = "bench", machines = ["q35", "mine"] }]', "default", ("pc", "q35")),
        ('[{ name = "full", machines = ["q35"] }]', "full", ("q35",)),
    ],
)
def test_the_guests_on_which_a_suite_tries_a_scenario(
    suites: str, suite: str, machines: tuple[str, ...], tmp_path: Path
) -> None:
    scenario = load(tmp_path, suites)
    assert find_machines(scenario, suite) == machines


def test_the_names_of_suites(tmp_path: Path) -> None:
    assert iter_suite_names([load(tmp_path, '["slow", { name = "bench", machines = ["pc"] }, "default"]')]) == (
        "default",
        "full",
        "slow",
        "bench",
    )
