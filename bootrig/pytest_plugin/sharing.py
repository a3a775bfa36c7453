"""The boots of a session: made once, by the first process that needs them; the others read what came of them."""

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bootrig import api
from bootrig.cli.boot_progress import Progress
from bootrig.deadline import Deadline
from bootrig.errors import BootrigError, BugError, ExitStatus, InputError, RigError
from bootrig.jsonfile import load_json, write_json
from bootrig.lock import hold_lock
from bootrig.pytest_plugin.options import BASELINE, list_sides, read_matrix, read_policy
from bootrig.report.cases import Case, list_outcome_cases, list_verdict_cases
from bootrig.report.text import encode_verdict
from bootrig.trace.names import CellKey

SHARED = "bootrig_shared"
LOCK_FILE, BOOTED_FILE = "lock", "booted.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booted:
    """What came of the boots of a session.

    Attributes:
        cases: what became of each cell, by its name.
        verdict: as text; empty where nothing is compared.
        status: how the command would have ended that does the same.
        error: why nothing was booted; empty where something was.
        remedy: what can be done about that.
    """

    cases: Mapping[str, Case] = field(default_factory=dict)
    verdict: str = ""
    status: ExitStatus = ExitStatus.GOOD
    error: str = ""
    remedy: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether there is a regression."""
        return self.status is ExitStatus.BAD

    @property
    def is_unproven(self) -> bool:
        """Whether the rig broke or nothing was compared, and no regression was found."""
        return self.status not in (ExitStatus.GOOD, ExitStatus.BAD)

    def require_done(self) -> None:
        """Make sure that something was booted.

        Raises:
            InputError: what was asked for is wrong.
            RigError: the rig is broken.
        """
        if self.error:
            kind = InputError if self.status is ExitStatus.INPUT else RigError
            raise kind(self.error, remedy=self.remedy)


def share_directory(node: Any) -> None:
    """Give a process of pytest-xdist the directory that all of them share, which ends with the session."""
    config: pytest.Config = node.config
    directory = getattr(config, SHARED, None)
    if directory is None:
        directory = tempfile.mkdtemp(prefix="bootrig-pytest-")
        setattr(config, SHARED, directory)
        config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
    node.workerinput[SHARED] = directory


def boot_shared(config: pytest.Config, keys: frozenset[CellKey]) -> Booted:
    """Return what came of the boots of cells, which are made where no other process of the session has made them."""
    shared = getattr(config, "workerinput", {}).get(SHARED)
    if shared is None:
        return _boot(config, keys)
    path = Path(shared, BOOTED_FILE)
    with hold_lock(Path(shared, LOCK_FILE), Deadline.never("another process of the session boots")):
        if path.is_file():
            return load_json(path, Booted)
        booted = _boot(config, keys)
        write_json(path, booted, durable=False)
        return booted


def _boot(config: pytest.Config, keys: frozenset[CellKey]) -> Booted:
    """Boot cells as `bootrig run` or `bootrig compare` does."""
    scenarios = tuple(dict.fromkeys(key.scenario for key in sorted(keys)))
    matrix = replace(read_matrix(config, *scenarios), only=keys)
    with ExitStack() as stack:
        is_alone = not hasattr(config, "workerinput")
        listener = stack.enter_context(Progress()) if is_alone else api.Listener()
        try:
            return _run(config, matrix, listener)
        except BugError:
            raise
        except BootrigError as error:
            return Booted(status=error.exit_status, error=str(error), remedy=error.remedy)


def _run(config: pytest.Config, matrix: api.Matrix, listener: api.Listener) -> Booted:
    sides = list_sides(config)
    if config.getoption(BASELINE) is None:
        ran = api.run(sides, matrix, listener)
        cases = list_outcome_cases(ran.outcomes, (ran.directory,))
        return Booted(cases=_by_cell(cases), status=ran.status)
    compared = api.compare(sides[0], sides[1], matrix, read_policy(config), listener)
    cases = list_verdict_cases(compared.verdict, (compared.directory,))
    return Booted(cases=_by_cell(cases), verdict=encode_verdict(compared.verdict).decode(), status=compared.status)


def _by_cell(cases: tuple[Case, ...]) -> dict[str, Case]:
    return {str(case.key): case for case in cases if case.key is not None}
