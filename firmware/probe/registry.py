"""All probes, found by their folders, and their reports on a console."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from firmware import probe as room
from firmware.probe.probe import Probe, ProbeBuild, ProbeReport


def load_probes() -> Mapping[str, Probe]:
    """Return every probe by the name of its folder, in the order of names.

    Raises:
        ValueError: two probes have builds or kinds of one name.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(room.__path__) if module.ispkg)
    probes: dict[str, Probe] = {name: import_module(f"{room.__name__}.{name}").PROBE for name in names}
    for words in (
        [build.name for probe in probes.values() for build in probe.builds],
        [kind for probe in probes.values() for kind in probe.milestones],
    ):
        if twice := sorted({word for word in words if words.count(word) > 1}):
            raise ValueError(f"two probes have the name {', '.join(twice)}")
    return probes


PROBES = load_probes()

REPORT_MILESTONES: Mapping[str, str] = {
    kind: milestone for probe in PROBES.values() for kind, milestone in probe.milestones.items()
}
"""The milestone that a report is, by its kind."""


def require_build(name: str) -> tuple[Probe, ProbeBuild]:
    """Return the build `name` with its probe.

    Raises:
        KeyError: no probe has it.
    """
    return {build.name: (probe, build) for probe in PROBES.values() for build in probe.builds}[name]


def find_probe_report(console: str, nonce: str) -> ProbeReport | None:
    """Return the first report with `nonce`, None where none has been printed whole, with the end of its line."""
    found = [
        (match.start(), ProbeReport(match["kind"], nonce, probe.parse_records(match)))
        for probe in PROBES.values()
        for match in probe.pattern.finditer(console)
        if match["nonce"] == nonce
    ]
    return min(found, key=lambda item: item[0])[1] if found else None
