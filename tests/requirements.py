"""What tests need of the machine: where it is missing they skip on a laptop and fail in CI, which promises it.

What CI does not promise has a name here, with the reason.
"""

import os
from collections.abc import Mapping
from typing import NoReturn

import pytest

NOT_IN_CI: Mapping[str, str] = {
    "imported-rom-sets": "QEMU's own ROM sets are members of release archives of 100 MB and more, which a user imports",
    "debian-testing": "that suite moves on, and the packages that a recipe names leave it",
}


def miss(reason: str, requirement: str = "") -> NoReturn:
    """Skip the test that runs; fail it where CI is set, unless `requirement` is one that CI does not promise."""
    if requirement in NOT_IN_CI:
        pytest.skip(f"{requirement}: {reason} ({NOT_IN_CI[requirement]})")
    if os.environ.get("CI"):
        pytest.fail(f"CI lacks what this test needs: {reason}", pytrace=False)
    pytest.skip(reason)
