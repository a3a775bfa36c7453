"""Suites: named choices of scenarios. A suite is a word in the files of scenarios; `full` holds every scenario."""

from collections.abc import Iterable

from bootrig.scenario.scenario import Scenario

DEFAULT_SUITE = "default"
FULL_SUITE = "full"


def find_machines(scenario: Scenario, suite: str) -> tuple[str, ...]:
    """Return the guests on which a suite tries a scenario; none where the scenario is not in it."""
    return scenario.suites.get(suite, scenario.guest.machines if suite == FULL_SUITE else ())


def iter_suite_names(scenarios: Iterable[Scenario]) -> tuple[str, ...]:
    """Return the names of all suites that scenarios are in, in the order in which they come."""
    named = (name for scenario in scenarios for name in scenario.suites)
    return tuple(dict.fromkeys((DEFAULT_SUITE, FULL_SUITE, *named)))
