"""Named rules, each an opinion about one thing in boots of both sides; every module of this folder is imported."""

import sys

from bootrig.compare.registry import RULES, Rule
from bootrig.registry import load_modules

__all__ = ["RULES", "Rule"]

load_modules(sys.modules[__name__])
