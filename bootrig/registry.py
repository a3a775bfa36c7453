"""Rooms in which a new thing is a new file: every module of such a room is imported, in the order of names."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any


def load_modules(package: ModuleType, *, packages: bool = False) -> tuple[ModuleType, ...]:
    """Import every module of `package`, not of packages inside it, and return them in the order of their names.

    The packages inside it are among them themselves where a thing may be a whole package.
    All directories of the package's `__path__` are looked through, so whoever adds one adds its modules.
    """
    names = _list_modules(tuple(package.__path__), packages)
    return tuple(importlib.import_module(f"{package.__name__}.{name}") for name in names)


@cache
def _list_modules(directories: tuple[str, ...], packages: bool) -> tuple[str, ...]:
    """Return the names of the modules in some directories, in order; each is read once."""
    return tuple(sorted({found.name for found in pkgutil.iter_modules(directories) if packages or not found.ispkg}))


def collect_objects(package: ModuleType, attribute: str, *, packages: bool = False) -> Mapping[str, Any]:
    """Return what the modules of `package` call `attribute`, by module name; modules without it are passed over."""
    return MappingProxyType(
        {
            module.__name__.rpartition(".")[2]: getattr(module, attribute)
            for module in load_modules(package, packages=packages)
            if hasattr(module, attribute)
        }
    )
