"""The options of pytest, and what they ask for. Imports nothing heavy."""

import argparse
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bootrig.errors import InputError

if TYPE_CHECKING:
    from bootrig.api import Matrix, Policy

ROMS, BASELINE, RUNS = "bootrig_roms", "bootrig_baseline", "bootrig_runs"
SCENARIOS = "scenarios"
MARKER = "bootrig(scenario, nic, machine, platform_firmware, emulator)"
FILTERS = {
    "nic": "nic_models",
    "machine": "machines",
    "platform-firmware": "platform_firmware",
    "emulator": "emulators",
    "suite": "suites",
}


def add_options(parser: pytest.Parser) -> None:
    """Add the options of scenarios."""
    group = parser.getgroup("bootrig", "boots of network boot firmware (bootrig)")
    group.addoption("--bootrig-roms", metavar="SIDE", help="collect scenarios, and boot them with these ROMs")
    group.addoption("--bootrig-baseline", metavar="SIDE", help="compare with the boots of these ROMs")
    for word in FILTERS:
        group.addoption(
            f"--bootrig-{word}", action="append", default=[], metavar="NAME", help="as bootrig run has it; repeatable"
        )
    group.addoption("--bootrig-jobs", type=int, metavar="N", help="cells at a time (default: one a processor)")
    group.addoption("--bootrig-policy", metavar="FILE", help="what this site relies on, as bootrig compare has it")
    group.addoption("--bootrig-waivers", type=Path, metavar="FILE", help="differences that are accepted")
    group.addoption("--bootrig-runs", type=Path, metavar="DIR", help="where run directories are made (bootrig-runs)")
    group.addoption(
        "--bootrig-missing",
        choices=("error", "skip"),
        default="error",
        help="what becomes of tests whose rig is broken or incomplete (default: error)",
    )


def require_sound(config: pytest.Config) -> None:
    """Look for recipes beside the scenarios that the command line names, and make sure that the sides are there.

    Raises:
        UsageError: a side is not, or there is nothing to compare.
    """
    from bootrig.recipe.path import VARIABLE  # noqa: PLC0415 - pytest has to start fast
    from bootrig.record.recording import find_recording_path  # noqa: PLC0415
    from bootrig.romset.obtain import require_rom_sets  # noqa: PLC0415
    from bootrig.schedule.stack import resolve_stack  # noqa: PLC0415

    found = [str(path) for path in dict.fromkeys(_iter_recipes(config))]
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = os.pathsep.join([*found, *([before] if before else [])])
    config.add_cleanup(partial(_restore, VARIABLE, before))
    try:
        for side in list_sides(config):
            resolve_stack(side)
        baseline = config.getoption(BASELINE)
        is_recorded = baseline is not None and find_recording_path(baseline) is not None
        require_rom_sets(list_sides(config)[is_recorded:])
        read_policy(config)
    except InputError as error:
        raise pytest.UsageError(f"{error}{f'; remedy: {error.remedy}' if error.remedy else ''}") from error


def _restore(variable: str, value: str | None) -> None:
    """Set an environment variable to what it was."""
    if value is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = value


def list_sides(config: pytest.Config) -> list[str]:
    """Return the sides: the baseline where there is one, and the ROMs."""
    return [side for side in (config.getoption(BASELINE), config.getoption(ROMS)) if side is not None]


def _iter_recipes(config: pytest.Config) -> Iterator[Path]:
    """Yield the directories in which the directories called `scenarios` are that are named, or hold what is."""
    for word in config.args:
        path = (config.invocation_params.dir / word.partition("::")[0]).absolute()
        yield from (place.parent for place in (path, *path.parents) if place.name == SCENARIOS and place.is_dir())


def read_matrix(config: pytest.Config, *scenarios: str) -> "Matrix":
    """Return which cells of scenarios are asked for."""
    from bootrig.api import Filters, Matrix  # noqa: PLC0415 - pytest has to start fast

    words = {field: tuple(config.getoption(f"bootrig_{name.replace('-', '_')}")) for name, field in FILTERS.items()}
    return Matrix(
        filters=Filters(scenarios=scenarios, **words),
        parallelism=config.getoption("bootrig_jobs"),
        runs=config.getoption(RUNS),
    )


def read_policy(config: pytest.Config) -> "Policy":
    """Return what the site relies on and accepts.

    Raises:
        DocumentError: a file cannot be read or says something wrong.
    """
    from bootrig.cli.policy_options import read_policy as read  # noqa: PLC0415 - pytest has to start fast

    policy, waivers = config.getoption("bootrig_policy"), config.getoption("bootrig_waivers")
    return read(argparse.Namespace(policy=policy, waivers=waivers, fail_on=None))
