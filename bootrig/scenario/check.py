"""What a scenario's file may say that reads well and cannot work: found before a cell starts, so no ROM is blamed.

A milestone that nothing ever reaches, a text that is not a regular expression, a boot file that nobody serves: each is
a problem of the file, told with its place.
"""

import re
from collections.abc import Iterable

from bootrig.document.toml import TableReader, suggest
from bootrig.network.services.registry import find_services
from bootrig.network.services.service import Surroundings
from bootrig.scenario.kinds.registry import find_kinds
from bootrig.scenario.platform import BUILT_PREFIX, FAMILIES, probe_build
from bootrig.scenario.scenario import Scenario
from bootrig.trace.reading.milestones import WIRE_MILESTONES
from bootrig.trace.reading.pattern import PatternError, try_pattern
from bootrig.trace.reading.ways import LOADERS, PROTOCOLS
from firmware.probe.registry import REPORT_MILESTONES

_NAME = re.compile(r"[^/@\s\[\]]+(?:\[[^/@\s\[\]]+\])?")


def check_scenario(scenario: Scenario, root: TableReader, *, is_tried: bool) -> None:
    """Note every problem of `scenario` with `root`, the reader of its file's outermost table.

    Where `is_tried`, this was done before, and patterns are not tried out again.
    """
    if not _NAME.fullmatch(scenario.name):
        root.document.add_problem("", f'"{scenario.name}" cannot be a name: no part of one holds /, @ or white space')
    find_kinds()[scenario.kind].check(scenario, root)
    _check_goal(scenario, root)
    for index, name in enumerate(scenario.guest.platform_firmware):
        if not name.startswith(BUILT_PREFIX):
            _require_known(f"platform_firmware[{index}]", name, FAMILIES, root)
    if not is_tried:
        for place, pattern in scenario.expectation.iter_patterns():
            _check_pattern(place, pattern, root)
    _check_services(scenario, root)


def _check_goal(scenario: Scenario, root: TableReader) -> None:
    """Note what keeps a boot from ever passing."""
    expected = scenario.expectation
    if expected.report:
        _require_known("report", expected.report, REPORT_MILESTONES, root)
    if expected.report == "disk" and not scenario.guest.disk:
        root.add_problem("disk", 'a guest whose disk has to report ("report") needs one: disk = true')
    if expected.by:
        _require_known("by", expected.by, LOADERS, root)
    if expected.over:
        _require_known("over", expected.over, PROTOCOLS, root)
    own = [mark.milestone for mark in expected.console] + [step.milestone for step in expected.steps if step.milestone]
    known = (*WIRE_MILESTONES, *REPORT_MILESTONES.values(), *own)
    for index, name in enumerate(expected.milestones):
        _require_known(f"milestones[{index}]", name, known, root)
    for index, outcome in enumerate(expected.known):
        if outcome.milestone:
            _require_known(f"known[{index}].milestone", outcome.milestone, known, root)


def _check_services(scenario: Scenario, root: TableReader) -> None:
    """Note what is wrong with services, each alone and all together."""
    services = find_services()

    def offers(name: str) -> bool:
        return any(services[word].offers(configuration, name) for word, configuration in scenario.services.items())

    builds = tuple(dict.fromkeys(probe_build(name) for name in scenario.guest.platform_firmware))
    surroundings = Surroundings(scenario.expectation.report, builds, offers)
    for word, configuration in scenario.services.items():
        for key_path, message in services[word].iter_faults(configuration, surroundings):
            place = f"{word}.{key_path}"
            if not root.document.has_problem(place):
                root.document.add_problem(place, message)


def _require_known(key_path: str, word: str, known: Iterable[str], root: TableReader) -> None:
    """Note a word that is not among the known ones."""
    words = tuple(dict.fromkeys(known))
    if word not in words:
        message = f'found "{word}", expected one of {", ".join(words)}{suggest(word, words)}'
        root.document.add_problem(key_path, message)


def _check_pattern(key_path: str, pattern: str, root: TableReader) -> None:
    """Note what is not a regular expression, a long one, or one that does not end where a guest wants it."""
    try:
        try_pattern(pattern)
    except PatternError as error:
        root.document.add_problem(key_path, str(error))
