"""What tests of this package need of the machine."""

from pathlib import Path

from bootrig.errors import RigError
from bootrig.network.namespace import probe_namespaces
from bootrig.process import ToolMissingError, require_tool
from tests.requirements import miss


def require_namespaces() -> None:
    """Skip where there are no namespaces or no tap; fail where CI promises them."""
    try:
        probe_namespaces()
    except RigError as error:
        miss(f"{error}: {error.remedy}")


def require_program(name: str) -> None:
    """Skip where a program is missing; fail where CI promises it."""
    try:
        require_tool(name)
    except ToolMissingError as error:
        miss(str(error))


def require_file(path: Path) -> None:
    """Skip where a file of a package is missing; fail where CI promises it."""
    if not path.exists():
        miss(f"{path} is missing")
