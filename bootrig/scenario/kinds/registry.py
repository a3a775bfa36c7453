"""All kinds of scenarios, by name."""

import bootrig.scenario.kinds
from bootrig.registry import collect_objects
from bootrig.scenario.kinds.kind import Kind


def find_kinds() -> dict[str, Kind]:
    """Return every kind by its name."""
    return dict(collect_objects(bootrig.scenario.kinds, "KIND"))
