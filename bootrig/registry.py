"""Rooms in which a new thing is a new file: every module of such a room is imported, in the order of names."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any


def load_modules(package: ModuleType) -> tuple[ModuleType, ...]:
    """Import every module of `package`, not of packages inside it, and return them in the order of their names.

    All directories of the package's `__path__` are looked through, so whoever adds one adds its modules.
    """
    names = sorted({found.name for found in pkgutil.iter_modules(package.__path__) if not found.ispkg})
    return tuple(importlib.import_module(f"{package.__name__}.{name}") for name in names)


def collect_objects(package: ModuleType, attribute: str) -> Mapping[str, Any]:
    """Return what the modules of `package` call `attribute`, by module name; modules without it are passed over."""
    return MappingProxyType(
        {
            module.__name__.rpartition(".")[2]: getattr(module, attribute)
            for module in load_modules(package)
            if hasattr(module, attribute)
        }
    )
