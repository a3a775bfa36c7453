"""All services, by the names of their tables."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bootrig.network.services
from bootrig.network.services.service import Service
from bootrig.process import require_tool
from bootrig.registry import collect_objects


def find_services() -> dict[str, Service[Any]]:
    """Return every service by its name."""
    return dict(collect_objects(bootrig.network.services, "SERVICE"))


def find_packages(names: Iterable[str]) -> tuple[str, ...]:
    """Return the Python packages that serve for services, beside their programs."""
    services = find_services()
    return tuple(dict.fromkeys(package for name in names for package in services[name].packages))


def find_programs(names: Iterable[str]) -> tuple[Path, ...]:
    """Return the programs of services.

    Raises:
        ToolMissingError: one is not installed; the remedy names its Debian package.
    """
    services = find_services()
    programs = dict.fromkeys(program for name in names for program in services[name].programs)
    return tuple(require_tool(program) for program in programs)
