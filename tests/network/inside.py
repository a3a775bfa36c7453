"""Calling a function in namespaces of its own and getting back what it returned."""

import json
import tempfile
from collections.abc import Callable
from typing import Any

from bootrig.network.namespace import run_in_namespaces


def call_inside(function: Callable[[], object]) -> Any:
    """Return what `function` returned in its namespaces, by way of JSON and a file without a name."""
    with tempfile.TemporaryFile("w+") as stream:

        def write() -> int:
            json.dump(function(), stream)
            stream.flush()
            return 0

        assert run_in_namespaces(write) == 0
        stream.seek(0)
        return json.load(stream)
