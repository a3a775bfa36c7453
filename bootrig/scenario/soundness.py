"""What a scenario's file may say that reads well and cannot work: found before a cell starts, so no ROM is blamed.

A milestone that nothing ever reaches, a regular expression that is none, a file that would lie outside of its server's
root: each is a problem of the file, told with its place.
"""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from bootrig.document.toml import TableReader, suggest
from bootrig.network.services.personality import PersonalityError, dnsmasq_configuration
from bootrig.scenario.platform import BUILT_PREFIX, FAMILIES
from bootrig.trace.reading.milestones import WIRE_MILESTONES
from firmware.probe.boot.image import SECTOR_LENGTH
from firmware.probe.registry import REPORT_MILESTONES

if TYPE_CHECKING:
    from bootrig.network.services.personality import DhcpPersonality
    from bootrig.scenario.scenario import Scenario, ServedFile

# what a kind of content cannot be made without
_NEEDED = {"path": "path", "grub": "modules", "text": "text"}


def check_scenario(scenario: "Scenario", personality: "DhcpPersonality", root: TableReader) -> None:
    """Note every problem of `scenario` with `root`, the reader of its file's outermost table.

    Args:
        scenario: as it was read.
        personality: the DHCP server's, as its cells will have it.
        root: knows the file.
    """
    _check_goal(scenario, root)
    _check_names(scenario, root)
    for table, files in (("tftp", scenario.tftp), ("http", scenario.http)):
        for served in files:
            _check_file(table, served, root)
    for index, mark in enumerate(scenario.console):
        _check_pattern(f"console[{index}].pattern", mark.pattern, root)
    for index, step in enumerate(scenario.steps):
        _check_pattern(f"step[{index}].expect", step.expect, root)
    try:
        dnsmasq_configuration(personality)
    except PersonalityError as error:
        root.document.add_problem("dhcp", f"{error}: {error.remedy}" if error.remedy else str(error))


def _check_goal(scenario: "Scenario", root: TableReader) -> None:
    """Note what keeps a boot from ever passing."""
    if scenario.kind.value == "boot" and not scenario.report:
        root.add_problem("report", "missing; a boot needs the kind of the probe that has to report: nbp, disk or efi")
    if scenario.kind.value == "console" and not scenario.steps:
        root.add_problem("step", "missing; a console scenario needs at least one step")
    if scenario.report:
        _require_known("report", scenario.report, REPORT_MILESTONES, root)
    if scenario.report == "disk" and not scenario.disk:
        root.add_problem("disk", 'a guest whose disk has to report ("report") needs one: disk = true')
    own = [mark.milestone for mark in scenario.console] + [step.milestone for step in scenario.steps if step.milestone]
    for index, name in enumerate(scenario.milestones):
        _require_known(f"milestones[{index}]", name, (*WIRE_MILESTONES, *REPORT_MILESTONES.values(), *own), root)


def _check_names(scenario: "Scenario", root: TableReader) -> None:
    """Note platform firmware that does not exist."""
    for index, name in enumerate(scenario.platform_firmware):
        if not name.startswith(BUILT_PREFIX):
            _require_known(f"platform_firmware[{index}]", name, FAMILIES, root)


def _require_known(key_path: str, word: str, known: Iterable[str], root: TableReader) -> None:
    """Note a word that is not among the known ones."""
    words = tuple(dict.fromkeys(known))
    if word not in words:
        message = f'found "{word}", expected one of {", ".join(words)}{suggest(word, words)}'
        root.document.add_problem(key_path, message)


def _check_file(table: str, served: "ServedFile", root: TableReader) -> None:
    """Note a served file that cannot be made, or would lie outside of its server's root."""
    place = f'{table}."{served.name}"'
    words = PurePosixPath(served.name).parts
    if not words or words[0] == "/" or ".." in words:
        root.document.add_problem(place, "leads out of the server's root")
    needed = _NEEDED.get(served.kind.value)
    if needed and not getattr(served, needed):
        root.document.add_problem(f"{place}.{needed}", f"missing; content of the kind {served.kind.value} needs it")
    if served.length is None:
        return
    if served.kind.value not in {"probe", "sector"}:
        root.document.add_problem(f"{place}.length", f"content of the kind {served.kind.value} has a length of its own")
    elif served.length < SECTOR_LENGTH:
        root.document.add_problem(f"{place}.length", f"found {served.length}, expected at least {SECTOR_LENGTH}")


def _check_pattern(key_path: str, pattern: str, root: TableReader) -> None:
    """Note what is no regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        root.document.add_problem(key_path, f'found "{pattern}", which is no regular expression: {error}')
