"""What cells need while they run: a process from which they are forked loads it once, so that none of them has to.

Reading a scenario or a trace needs none of it, and the verbs that do no more start sooner without.
"""

from importlib import import_module

import bootrig.network.servers
from bootrig.cell.specification import learn_format
from bootrig.jsonfile import learn_json
from bootrig.network.services.files import find_content_kinds
from bootrig.network.services.registry import find_services
from bootrig.registry import load_modules
from bootrig.scenario.kinds.registry import find_kinds
from bootrig.trace.trace import Trace

# Loaded where they are called: libraries of many modules.
HEAVY = ("dpkt",)


def load_all() -> None:
    """Import all that cells import, and learn the documents that they read and write."""
    find_services()
    find_content_kinds()
    find_kinds()
    load_modules(bootrig.network.servers)
    for name in HEAVY:
        import_module(name)
    learn_format()
    learn_json(Trace)
