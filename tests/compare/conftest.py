"""What the tests of rules share."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bootrig.compare import Difference
from bootrig.compare.pairing import CellPair
from bootrig.compare.rules import RULES
from tests.compare.factory import Boot, trace

Look = Callable[..., list[Difference]]


@pytest.fixture
def look() -> Look:
    """Return what one rule finds when `candidate` changes the boot `baseline`."""

    def look_with(rule: str, candidate: dict[str, Any], **baseline: Any) -> list[Difference]:
        first = Boot(**baseline)
        return list(RULES[rule].find_differences([CellPair(trace(first), trace(replace(first, **candidate)))]))

    return look_with
