"""What tests of this package need of the machine."""

import os
from pathlib import Path

import pytest

from bootrig.network.namespace import probe_namespaces
from bootrig.process import ToolMissingError, require_tool


def require_namespaces() -> None:
    """Skip where there are no namespaces or no tap; fail where CI promises them."""
    report = probe_namespaces()
    if not report.works:
        _miss(f"{report.problem}: {report.remedy}")


def require_program(name: str) -> None:
    """Skip where a program is missing; fail where CI promises it."""
    try:
        require_tool(name)
    except ToolMissingError as error:
        _miss(str(error))


def _miss(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def require_file(path: Path) -> None:
    """Skip where a file of a package is missing; fail where CI promises it."""
    if not path.exists():
        _miss(f"{path} is missing")
