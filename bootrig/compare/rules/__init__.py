"""Named rules, each an opinion about one thing in boots of both sides; every module of this folder is imported."""

import pkgutil
from importlib import import_module

from bootrig.compare.registry import RULES, Rule

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["RULES", "Rule"]
