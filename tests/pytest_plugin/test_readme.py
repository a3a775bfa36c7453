"""The suite in README's chapter on CI, as its readers would copy it."""

import re
from pathlib import Path

import pytest

from tests.pytest_plugin.test_fixtures import LIMIT, run_suite

pytest_plugins = ["pytester"]
README = Path(__file__).parents[2] / "README.md"


def read_suite() -> str:
    """Return the suite."""
    (suite,) = re.findall(r"^```py\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    return suite


def test_each_option_that_is_named_is_one(pytester: pytest.Pytester) -> None:
    told = run_suite(pytester, "--help").stdout.str()
    named = set(re.findall(r"--bootrig-[a-z-]+", README.read_text()))
    assert {option for option in named if f"{option}=" not in told and f"{option} " not in told} == set()
    assert len(named) > 5


@LIMIT
@pytest.mark.rig
def test_the_suite_runs_as_written(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_ours=read_suite())
    run_suite(pytester, "test_ours.py").assert_outcomes(passed=5)
