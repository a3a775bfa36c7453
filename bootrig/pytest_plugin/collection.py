"""Scenarios as pytest's collectors, their cells as tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootrig.errors import InputError, RigError, is_wrong_input
from bootrig.pytest_plugin.options import BASELINE, ROMS, list_sides, read_matrix
from bootrig.pytest_plugin.sharing import Booted, boot_shared
from bootrig.recipe.path import RecipeKind, find_recipe_path, recipe_directories
from bootrig.report.cases import Case, CaseState
from bootrig.schedule.errors import EmptySelectionError
from bootrig.schedule.stack import resolve_stack
from bootrig.trace.names import CellKey

VERDICT = "verdict"
BOOTED = pytest.StashKey[Booted]()


class ScenarioFile(pytest.File):
    """A scenario's file, which is collected as its cells."""

    def collect(self) -> Iterator["BootItem"]:
        """Yield a test a cell that the options leave.

        Raises:
            CollectError: the file is wrong, another one comes before it, or an option names what does not exist.
        """
        name = self.path.stem
        try:
            found = find_recipe_path(RecipeKind.SCENARIOS, name)
            if not found.samefile(self.path):
                raise self.CollectError(f"{self.path} is not tried: {found} has the same name")
            planned = read_matrix(self.config, name).plan([resolve_stack(side) for side in list_sides(self.config)])
        except EmptySelectionError:
            return
        except InputError as error:
            remedy = f"\nremedy: {error.remedy}" if error.remedy else ""
            raise self.CollectError(f"{error}{remedy}") from error
        for cell in planned:
            yield BootItem.from_parent(self, name=str(cell.key), key=cell.key)


class BootItem(pytest.Item):
    """A cell: it passes where its boot does what the scenario expects, or with a baseline has no regression.

    Attributes:
        key: the cell.
        case: what became of it; None before that is known.
    """

    def __init__(self, *, key: CellKey, **words: Any) -> None:
        super().__init__(**words)
        self.key = key
        self.add_marker(
            pytest.mark.bootrig(
                scenario=key.scenario.partition("[")[0],
                nic=key.nic_model,
                machine=key.machine,
                platform_firmware=key.platform_firmware,
                emulator=key.emulator,
            )
        )
        self.case: Case | None = None

    def setup(self) -> None:
        """Find what became of the cell.

        Raises:
            RigError: its rig broke.
        """
        booted = _find_booted(self)
        self.case = booted.cases.get(self.name)
        if self.case is None:
            pytest.skip(f"{self.config.getoption(ROMS)} has no ROM for {self.key.nic_model} that this scenario boots")
        if self.case.state is CaseState.BROKEN and is_wrong_input(self.case.reason):
            pytest.fail(self.case.reason, pytrace=False)
        if self.case.state is CaseState.BROKEN:
            raise RigError(self.case.reason)
        if self.case.state is CaseState.SKIPPED:
            pytest.skip(self.case.reason)

    def runtest(self) -> None:
        """Fail where the boot did."""
        if self.case is not None and self.case.state is CaseState.FAILED:
            for section in self.case.sections:
                self.add_report_section("call", section.title, "\n".join(section.lines))
            pytest.fail(self.case.reason, pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the scenario's file, and the cell."""
        return self.path, None, self.name


class VerdictItem(pytest.Item):
    """The verdict: it passes where the candidate may replace the baseline."""

    def setup(self) -> None:
        """Find the verdict.

        Raises:
            RigError: nothing was proven.
        """
        booted = _find_booted(self)
        if booted.is_unproven:
            raise RigError(booted.verdict)

    def runtest(self) -> None:
        """Fail where it may not."""
        booted = _find_booted(self)
        first = booted.verdict.strip().partition("\n")[0]
        self.add_report_section("call", VERDICT, booted.verdict)
        if booted.is_bad:
            pytest.fail(first, pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the command ran, and the test's name."""
        return self.path, None, self.name


def _find_booted(item: pytest.Item) -> Booted:
    """Return what came of the session's boots; what was asked for and is wrong fails the test's set-up.

    Raises:
        RigError: the rig is broken.
    """
    booted = item.session.stash[BOOTED]
    try:
        booted.require_done()
    except InputError as error:
        remedy = f"\nremedy: {error.remedy}" if error.remedy else ""
        pytest.fail(f"{error}{remedy}", pytrace=False)
    return booted


def collect_scenario(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Return the collector of a file where recipes of scenarios are looked for."""
    places = [place.resolve() for place in recipe_directories(RecipeKind.SCENARIOS)]
    if not any(file_path.resolve().is_relative_to(place) for place in places):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


def add_verdict(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add the test of the verdict, where cells are compared."""
    if session.config.getoption(BASELINE) is not None and any(isinstance(item, BootItem) for item in items):
        items.append(VerdictItem.from_parent(session, name=VERDICT))


def boot_items(session: pytest.Session) -> None:
    """Boot the cells of all tests that are left, once for all processes of the session."""
    keys = frozenset(item.key for item in session.items if isinstance(item, BootItem))
    if keys:
        session.stash[BOOTED] = boot_shared(session.config, keys)
