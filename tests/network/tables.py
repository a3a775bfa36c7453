"""Reading the tables of services, for tests."""

from pathlib import Path
from typing import Any

import pytest

from bootrig.document.errors import DocumentError
from bootrig.document.toml import Document
from bootrig.network.services.registry import find_services
from bootrig.network.services.service import Surroundings


def read(name: str, table: dict[str, Any]) -> Any:
    """Return the configuration that a service reads, which has nothing wrong in it."""
    document = Document(Path("mine.toml"), {name: table})
    configuration = find_services()[name].read(document.root.table(name))
    document.finish()
    return configuration


def problems(name: str, table: dict[str, Any]) -> list[str]:
    document = Document(Path("mine.toml"), {name: table})
    find_services()[name].read(document.root.table(name))
    with pytest.raises(DocumentError) as caught:
        document.finish()
    return [f"{problem.key_path}: {problem.message}" for problem in caught.value.problems]


def faults(name: str, configuration: Any, *, report: str = "nbp", builds: tuple[str, ...] = ("bios",)) -> list[str]:
    surroundings = Surroundings(report, builds, lambda word: word == "there.0")
    found = find_services()[name].iter_faults(configuration, surroundings)
    return [f"{key_path}: {message}" for key_path, message in found]
