"""All services, by the names of their tables."""

from collections.abc import Iterable
from typing import Any

import bootrig.network.services
from bootrig.network.services.service import Service
from bootrig.process import require_tool
from bootrig.registry import collect_objects


def find_services() -> dict[str, Service[Any]]:
    """Return every service by its name."""
    return dict(collect_objects(bootrig.network.services, "SERVICE"))


def require_programs(names: Iterable[str]) -> None:
    """Make sure that the programs of services are installed.

    Raises:
        ToolMissingError: one is not; the remedy names its Debian package.
    """
    services = find_services()
    for program in dict.fromkeys(program for name in names for program in services[name].programs):
        require_tool(program)
